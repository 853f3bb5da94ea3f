// Package linear decides whether a history of overlapping operations is
// linearizable: whether each can be given one instant between its invocation
// and its response, at which all of it happened, so that the sequence makes
// sense to a sequential model.
//
// It is the search of Wing and Gong with the memory of Lowe ("Testing for
// linearizability", 2017), as in porcupine and knossos, with two additions
// that histories of a real system need: an operation may be optional (nobody
// learned whether it happened), and a step may have several outcomes.
package linear

import (
	"math"
)

// Never is the response of an operation that was never answered.
const Never int64 = math.MaxInt64

// Most is how many operations one history may have.
const Most = 192

// An Op is one operation upon a state S.
type Op[S comparable] struct {
	Name string

	// Inv and Resp are its invocation and its response, on one clock that
	// never shows the same twice. It happened between the two.
	Inv, Resp int64

	// Optional: it may as well not have happened at all.
	Optional bool

	// Pure: it changes nothing. Wherever it can happen, it may as well happen
	// at once, which spares the search much.
	Pure bool

	// After are the operations, by index, that happened before it whatever the
	// clock says.
	After []int

	// Step returns the states that the operation may leave, none if it cannot
	// happen in s.
	Step func(s S) []S
}

// A Result is what came of a search.
type Result[S comparable] struct {
	OK      bool
	GaveUp  bool  // the budget was used up before an answer was found
	Visited int   // states, for the record
	Order   []int // the sequence found, or the longest that makes sense
	State   S     // after it
}

type set [Most / 64]uint64

func (b *set) has(i int) bool { return b[i/64]&(1<<(i%64)) != 0 }
func (b *set) add(i int)      { b[i/64] |= 1 << (i % 64) }
func (b *set) del(i int)      { b[i/64] &^= 1 << (i % 64) }

type node[S comparable] struct {
	done  set
	state S
}

type search[S comparable] struct {
	ops    []Op[S]
	budget int
	seen   map[node[S]]struct{}
	order  []int
	best   []int
	at     S
}

// Check searches for a sequence, and visits at most budget states. It panics if
// there are more than Most operations.
func Check[S comparable](start S, ops []Op[S], budget int) Result[S] {
	if len(ops) > Most {
		panic("linear: too many operations: raise Most")
	}
	s := search[S]{ops: ops, budget: budget, seen: map[node[S]]struct{}{}, at: start}
	ok := s.from(set{}, start)
	r := Result[S]{OK: ok, GaveUp: !ok && len(s.seen) >= budget, Visited: len(s.seen), Order: s.best, State: s.at}
	if ok {
		r.Order = s.order
	}
	return r
}

// from reports whether the operations that are not done can follow.
func (s *search[S]) from(done set, state S) bool {
	depth := len(s.order)
	done = s.observe(done, state)
	first := s.deadline(&done)
	if len(s.order) > len(s.best) {
		s.best, s.at = append(s.best[:0], s.order...), state
	}
	if first == Never {
		return true
	}
	n := node[S]{done, state}
	if _, ok := s.seen[n]; ok || len(s.seen) >= s.budget {
		s.order = s.order[:depth]
		return false
	}
	s.seen[n] = struct{}{}
	for i := range s.ops {
		if !s.ready(i, &done, first) {
			continue
		}
		for _, next := range s.ops[i].Step(state) {
			done.add(i)
			s.order = append(s.order, i)
			if s.from(done, next) {
				return true
			}
			s.order = s.order[:len(s.order)-1]
			done.del(i)
		}
	}
	s.order = s.order[:depth]
	return false
}

// observe does every pure operation that can happen now.
func (s *search[S]) observe(done set, state S) set {
	for again := true; again; {
		again = false
		first := s.deadline(&done)
		for i := range s.ops {
			if s.ops[i].Pure && s.ready(i, &done, first) && len(s.ops[i].Step(state)) > 0 {
				done.add(i)
				s.order = append(s.order, i)
				again = true
			}
		}
	}
	return done
}

// deadline returns the earliest response that is still owed: what was invoked
// after it cannot be next. Never means that all that must happen has.
func (s *search[S]) deadline(done *set) int64 {
	first := Never
	for i := range s.ops {
		if op := &s.ops[i]; !op.Optional && op.Resp < first && !done.has(i) {
			first = op.Resp
		}
	}
	return first
}

func (s *search[S]) ready(i int, done *set, first int64) bool {
	if done.has(i) || s.ops[i].Inv > first {
		return false
	}
	for _, j := range s.ops[i].After {
		if !done.has(j) {
			return false
		}
	}
	return true
}
