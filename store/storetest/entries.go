package storetest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/sojourn-go/session/store"
)

// list collects what List yields, until there is an error. It does not range:
// a List that goes on after a false would panic, not be found out.
func list(ctx context.Context, s store.Store) (entries []store.Entry, first error) {
	store.All(ctx, s)(func(e store.Entry, err error) bool {
		if err != nil && first == nil {
			first = fmt.Errorf("List: got error %w, want none", err)
		}
		if first == nil {
			entries = append(entries, e)
		}
		runtime.Gosched() // let those in who write meanwhile
		return first == nil
	})
	return entries, first
}

// list collects what List yields, which must succeed.
func (c *check) list() []store.Entry {
	entries, err := list(c.ctx, c.Store)
	c.must("List", err)
	return entries
}

// listed wants each of the ids to be among the entries once.
func (c *check) listed(entries []store.Entry, ids ...string) {
	times := map[string]int{}
	for _, e := range entries {
		times[e.ID]++
	}
	for _, id := range ids {
		if times[id] != 1 {
			c.failf("List: got %s %d times, want it once", id, times[id])
		}
	}
}

func count(entries []store.Entry, id string) int {
	n := 0
	for _, e := range entries {
		if e.ID == id {
			n++
		}
	}
	return n
}

// churn changes the stable ids, and saves and deletes the passing ones, until
// stop is closed.
func churn(ctx context.Context, s store.Store, stable, passing []string, stop <-chan struct{}) error {
	for n := 0; ; n++ {
		select {
		case <-stop:
			return nil
		default:
		}
		id := stable[n%len(stable)]
		rec, err := s.Load(ctx, id)
		if err != nil {
			return fmt.Errorf("Load during a List: got error %w, want the record", err)
		}
		rec.Data = fmt.Append(nil, n)
		if _, err = s.Save(ctx, id, rec); !applied(err) && unlessConflict(err) != nil {
			return unlessConflict(err)
		}
		id = passing[n%len(passing)]
		_, err = s.Save(ctx, id, store.Record{Data: rec.Data})
		if errors.Is(err, store.ErrConflict) {
			err = s.Delete(ctx, id)
		}
		if !applied(err) {
			return fmt.Errorf("Save or Delete during a List: got error %w, want none", err)
		}
		runtime.Gosched() // let those in who list meanwhile
	}
}

// soon tells whether there is something in c before patience is lost. It does
// not sleep: within a bubble of testing/synctest, where a goroutine that waits
// for a lock keeps the clock from moving, that would be for ever.
func soon(c <-chan error) bool {
	start := time.Now()
	for n := 0; len(c) == 0; n++ {
		if passed := time.Since(start); passed > patience/6 || passed == 0 && n > 1e6 {
			return false
		}
		runtime.Gosched()
	}
	return true
}
