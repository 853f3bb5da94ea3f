package boltstore

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
)

const (
	maxBatch = 256     // jobs in one transaction
	maxBytes = 4 << 20 // of their values; one larger job goes alone
)

type op uint8

const (
	opSave op = iota
	opDelete
	opSweep
	opCheck
)

// A job is one call on its way through the queue.
type job struct {
	op    op
	id    string
	base  uint64   // opSave: the version it is based on
	value []byte   // opSave
	ids   []string // opSweep: what may have expired

	removed int // opSweep
	err     error

	turn chan bool // true: it is done; false: its goroutine leads from now on
}

var errUnfinished = errors.New("the goroutine that wrote for others has ended")

// do returns when the job is done, or when ctx is: before it was taken up,
// nothing happens; after that, nobody knows.
//
// While one caller writes, others queue; the first of them leads next, and takes
// along those behind it. So no goroutine is needed, and all share a commit.
func (s *Store) do(ctx context.Context, j *job) error {
	s.mu.Lock()
	if !s.leading {
		s.leading = true
		s.mu.Unlock()
		s.lead(j)
		return j.err
	}
	j.turn = make(chan bool, 1)
	s.waiting = append(s.waiting, j)
	s.mu.Unlock()
	select {
	case done := <-j.turn:
		if !done {
			s.lead(j)
		}
		return j.err
	case <-ctx.Done():
		return s.leave(ctx, j)
	}
}

// leave is do of a job whose context is done.
func (s *Store) leave(ctx context.Context, j *job) error {
	s.mu.Lock()
	if i := slices.Index(s.waiting, j); i >= 0 {
		s.waiting = slices.Delete(s.waiting, i, i+1)
		s.mu.Unlock()
		return ctx.Err()
	}
	s.mu.Unlock()
	select {
	case done := <-j.turn:
		if done {
			return j.err
		}
		s.pass()
		return ctx.Err()
	default:
		return fmt.Errorf("%w while it was being written: it may be applied or not", ctx.Err())
	}
}

// lead runs one batch, with j in it, and passes the lead on.
func (s *Store) lead(j *job) {
	s.settle()
	s.take(j)
	defer func() { // also if a runtime.Goexit ends this goroutine
		for _, w := range s.batch {
			if w != j {
				w.turn <- true
			}
		}
		clear(s.batch)
		s.pass()
	}()
	if j.op == opCheck {
		j.err = s.check()
		return
	}
	s.run(s.batch)
}

// settle lets those come who are about to: after a batch many callers go on at
// once, and come back a moment later. Without it a batch is of about half of
// them (8.5 of 16, measured, instead of 14.7): the rest comes just too late.
func (s *Store) settle() {
	if len(s.batch) < 2 { // the last one
		return
	}
	for came, n := 0, -1; came > n && came < maxBatch; {
		runtime.Gosched()
		s.mu.Lock()
		n, came = came, len(s.waiting)
		s.mu.Unlock()
	}
}

// take fills s.batch.
func (s *Store) take(j *job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.batch = append(s.batch[:0], j)
	n, size := 0, len(j.value)
	for _, w := range s.waiting {
		size += len(w.value)
		if j.op == opCheck || w.op == opCheck || len(s.batch) == maxBatch || size > maxBytes {
			break
		}
		s.batch = append(s.batch, w)
		n++
	}
	s.waiting = slices.Delete(s.waiting, 0, n)
	for _, w := range s.batch {
		w.err = errUnfinished
	}
	// Neighbours share pages, and who came first on an id stays first.
	slices.SortStableFunc(s.batch, func(a, b *job) int { return strings.Compare(a.id, b.id) })
}

// pass gives the lead to the first that waits.
func (s *Store) pass() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.waiting) == 0 {
		s.leading = false
		return
	}
	next := s.waiting[0]
	s.waiting = slices.Delete(s.waiting, 0, 1)
	next.turn <- false
}
