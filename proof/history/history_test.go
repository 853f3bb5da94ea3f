package history

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/sojourn-go/session/proof/linear"
)

// budget is how many states one search may visit.
const budget = 500_000

// dense is how many operations of a history must overlap with others for it to
// count.
const dense = 10

// histories is how many to play.
func histories(t *testing.T) int64 {
	n := int64(10_000)
	if os.Getenv("SOJOURN_LONG") != "" {
		n *= 10
	}
	if text := os.Getenv("SOJOURN_HISTORIES"); text != "" {
		var err error
		if n, err = strconv.ParseInt(text, 0, 64); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

// TestHistoriesAreLinearizable plays the histories of the seeds 0, 1, 2 and so
// on until enough of them were dense. A failure says its seed, and all that
// happened: the seed does not decide the jitter with which the sessions repeat
// their Saves, nor the order of what happens in the same nanosecond, so that
// some histories have to be played a few times (-count) until they come again.
func TestHistoriesAreLinearizable(t *testing.T) {
	if text := os.Getenv("SOJOURN_SEED"); text != "" {
		seed, err := strconv.ParseUint(text, 0, 64)
		if err != nil {
			t.Fatal(err)
		}
		var sum totals
		t.Log(sum.run(t, seed))
		return
	}
	var sum totals
	var seeds atomic.Uint64
	n := histories(t)
	t.Cleanup(func() { t.Log(sum.String()) })
	for i := range 2 {
		t.Run(fmt.Sprintf("worker %d", i), func(t *testing.T) {
			t.Parallel()
			for sum.dense.Load() < n && !t.Failed() {
				sum.run(t, seeds.Add(1)-1)
			}
		})
	}
}

// totals are what all histories together came to.
type totals struct{ histories, dense, operations, sessions, states atomic.Int64 }

func (sum *totals) String() string {
	return fmt.Sprintf("%d histories, %d of them with %d overlapping operations at least; %d operations on %d sessions, %d states visited",
		sum.histories.Load(), sum.dense.Load(), dense, sum.operations.Load(), sum.sessions.Load(), sum.states.Load())
}

// run plays the history of one seed and checks it.
func (sum *totals) run(t *testing.T, seed uint64) *world {
	t.Helper()
	var w *world
	s := draw(seed)
	synctest.Test(t, func(*testing.T) { w = s.play() })
	p := w.parts()
	for id, ops := range p.ops {
		r := linear.Check(state{}, ops, budget)
		sum.states.Add(int64(r.Visited))
		if !r.OK {
			p.faults = append(p.faults, explain(id, ops, &r))
		}
	}
	sum.histories.Add(1)
	sum.operations.Add(int64(len(w.requests) + len(w.acts)))
	sum.sessions.Add(int64(len(p.ops)))
	if w.overlapping() >= dense {
		sum.dense.Add(1)
	}
	if len(p.faults) > 0 {
		t.Errorf("seed %d (run it again with SOJOURN_SEED=%d):\n%s\n%s", seed, seed, w, strings.Join(p.faults, "\n"))
	}
	return w
}

// overlapping counts the operations that overlap with another one.
func (w *world) overlapping() (n int) {
	type span struct{ from, to int64 }
	var spans []span
	for _, r := range w.requests {
		spans = append(spans, span{r.inv, r.resp})
	}
	for _, a := range w.acts {
		spans = append(spans, span{a.inv, a.resp})
	}
	for _, a := range spans {
		if slices.ContainsFunc(spans, func(b span) bool { return b != a && b.from < a.to && a.from < b.to }) {
			n++
		}
	}
	return n
}

// explain says how far the search came.
func explain(id string, ops []op, r *linear.Result[state]) string {
	var b strings.Builder
	if r.GaveUp {
		fmt.Fprintf(&b, "the search for an order was given up after %d states\n", r.Visited)
	}
	fmt.Fprintf(&b, "session %s: no order makes sense. The longest that does:\n", id[:4])
	for _, i := range r.Order {
		fmt.Fprintf(&b, "  %s\n", ops[i].Name)
	}
	fmt.Fprintf(&b, "leaves %+v\nand none of these can follow:\n", r.State)
	for i, o := range ops {
		if !slices.Contains(r.Order, i) && !o.Optional {
			fmt.Fprintf(&b, "  [%d-%d] %s\n", o.Inv, o.Resp, o.Name)
		}
	}
	return b.String()
}
