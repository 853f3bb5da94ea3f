package linear_test

import (
	"testing"

	"github.com/sojourn-go/session/proof/linear"
)

func write(inv, resp int64, v int) linear.Op[int] {
	return linear.Op[int]{Name: "write", Inv: inv, Resp: resp, Step: func(int) []int { return []int{v} }}
}

func read(inv, resp int64, v int) linear.Op[int] {
	return linear.Op[int]{Name: "read", Inv: inv, Resp: resp, Pure: true, Step: func(s int) []int {
		if s != v {
			return nil
		}
		return []int{s}
	}}
}

func add(inv, resp int64) linear.Op[int] {
	return linear.Op[int]{Name: "add", Inv: inv, Resp: resp, Step: func(s int) []int { return []int{s + 1} }}
}

func maybe(op linear.Op[int]) linear.Op[int] {
	op.Optional, op.Resp = true, linear.Never
	return op
}

func after(op linear.Op[int], others ...int) linear.Op[int] {
	op.After = others
	return op
}

type ops = []linear.Op[int]

var registers = []struct {
	name string
	ops  ops
	ok   bool
}{
	{"nothing happened", ops{}, true},
	{"a read sees the write before it", ops{write(1, 2, 7), read(3, 4, 7)}, true},
	{"a read may not see what was overwritten before it began", ops{write(1, 2, 7), write(3, 4, 8), read(5, 6, 7)}, false},
	{"a read that overlaps a write sees either value", ops{write(1, 2, 7), write(3, 6, 8), read(4, 5, 7)}, true},
	{"a read that overlaps a write sees the other value", ops{write(1, 2, 7), write(3, 6, 8), read(4, 5, 8)}, true},
	{"two reads in a row do not go back", ops{write(1, 2, 7), write(3, 10, 8), read(4, 5, 8), read(6, 7, 7)}, false},
	{"overlapping writes come in any order", ops{write(1, 5, 7), write(2, 6, 8), read(7, 8, 7)}, true},
	{"a read does not see the future", ops{read(1, 2, 7), write(3, 4, 7)}, false},
	{"no addition is lost", ops{add(1, 4), add(2, 5), read(6, 7, 1)}, false},
	{"all additions count", ops{add(1, 4), add(2, 5), read(6, 7, 2)}, true},
	{"an unanswered addition may count", ops{add(1, 2), maybe(add(3, 0)), read(5, 6, 2)}, true},
	{"an unanswered addition may not count", ops{add(1, 2), maybe(add(3, 0)), read(5, 6, 1)}, true},
	{"an unanswered addition counts at most once", ops{add(1, 2), maybe(add(3, 0)), read(5, 6, 3)}, false},
	{"an unanswered addition may count late", ops{maybe(add(1, 0)), read(5, 6, 0), read(7, 8, 1)}, true},
	{"an unanswered addition, once seen, stays", ops{maybe(add(1, 0)), read(5, 6, 1), read(7, 8, 0)}, false},
	{"an unanswered addition does not count before it began", ops{read(1, 2, 1), maybe(add(3, 0))}, false},
	{"what comes after is not before, whatever the clock says", ops{write(1, 9, 7), after(write(2, 8, 8), 0), read(10, 11, 7)}, false},
	{"without that it may be", ops{write(1, 9, 7), write(2, 8, 8), read(10, 11, 7)}, true},
}

func TestTheCheckerKnowsARegister(t *testing.T) {
	for _, c := range registers {
		t.Run(c.name, func(t *testing.T) {
			r := linear.Check(0, c.ops, 1000)
			if r.OK != c.ok || r.GaveUp {
				t.Errorf("got OK %v, gave up %v; want OK %v: %+v", r.OK, r.GaveUp, c.ok, r)
			}
		})
	}
}

func TestAStepMayHaveSeveralOutcomes(t *testing.T) {
	either := linear.Op[int]{Inv: 1, Resp: 2, Step: func(int) []int { return []int{1, 2} }}
	for v, ok := range map[int]bool{0: false, 1: true, 2: true, 3: false} {
		if r := linear.Check(0, ops{either, read(3, 4, v)}, 1000); r.OK != ok {
			t.Errorf("a read of %d: got %v, want %v", v, r.OK, ok)
		}
	}
}

func TestTheLongestSequenceIsToldWhenThereIsNone(t *testing.T) {
	r := linear.Check(0, ops{write(1, 2, 7), read(3, 4, 7), read(5, 6, 9), write(7, 8, 1)}, 1000)
	if r.OK || len(r.Order) != 2 || r.State != 7 {
		t.Errorf("got %+v, want the first two operations and state 7", r)
	}
}

func TestASearchThatIsTooLongSaysSo(t *testing.T) {
	var many ops
	for i := range 20 {
		many = append(many, write(1+int64(i), 100+int64(i), i))
	}
	many = append(many, read(200, 201, 99))
	if r := linear.Check(0, many, 100); r.OK || !r.GaveUp {
		t.Errorf("got %+v, want a search given up", r)
	}
}

// Every sequence of the writes is possible, and only the memory of states
// makes that cheap: 20! sequences, but 20 states for each set of them.
func TestManyOverlappingWritesAreCheap(t *testing.T) {
	var many ops
	for i := range 12 {
		many = append(many, write(1+int64(i), 100+int64(i), i))
	}
	for i := range 12 {
		many = append(many, read(200+2*int64(i), 201+2*int64(i), 5))
	}
	if r := linear.Check(0, many, 100_000); !r.OK {
		t.Errorf("got %+v, want a sequence", r)
	}
}
