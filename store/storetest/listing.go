package storetest

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/sojourn-go/session/store"
)

// listing is what a Lister promises. The store may hold records of others.
var listing = []rule{
	{"List yields every record once, as Load returns it", func(c *check) {
		saved := map[string]store.Record{}
		for n := range 40 {
			id, rec := c.create()
			if n%2 == 0 {
				rec.Owner, rec.Expires = "", time.Now().Add(time.Hour)
				rec = c.save(id, rec)
			}
			saved[id] = rec
		}
		id := c.id()
		saved[id] = c.save(id, store.Record{})
		entries := c.list()
		for _, e := range entries {
			if want, ok := saved[e.ID]; ok {
				c.same(e.Record, want, "an entry of List")
			}
		}
		c.listed(entries, slices.Collect(maps.Keys(saved))...)
	}},

	{"List yields no expired record, nor a deleted one", func(c *check) {
		live, _ := c.create()
		deleted, rec := c.create()
		c.listed(c.list(), live, deleted)
		c.delete(deleted)
		mortal, end := c.mortal()
		expired := c.id()
		rec.Version, rec.Expires = 0, time.Now().Add(-time.Millisecond)
		c.save(expired, rec)
		sleepUntil(end)
		entries := c.list()
		c.listed(entries, live)
		for name, id := range map[string]string{"deleted": deleted, "expired": mortal, "saved expired": expired} {
			if n := count(entries, id); n != 0 {
				c.failf("List: got a %s record %d times, want none", name, n)
			}
		}
	}},

	{"List tells ids and owners apart by their bytes", func(c *check) {
		id := "Case" + c.id()
		saved := map[string]string{}
		for id, owner := range map[string]string{
			id: "alice", id + "a": "Alice", id + "A": "álice", id + ".": "a\u0301lice", id + "-": "alice ", id + "_": "",
		} {
			saved[c.take(id)] = owner
			c.save(id, store.Record{Owner: owner})
		}
		entries := c.list()
		c.listed(entries, slices.Collect(maps.Keys(saved))...)
		for _, e := range entries {
			if owner, ok := saved[e.ID]; ok && owner != e.Record.Owner {
				c.failf("Owner of %s: got %+q, want %+q", e.ID, e.Record.Owner, owner)
			}
		}
	}},

	{"the caller owns what List yields", func(c *check) {
		saved := map[string]store.Record{}
		for range 4 {
			id, rec := c.create()
			saved[id] = rec
		}
		entries := c.list()
		for i, e := range entries {
			want, ok := saved[e.ID]
			if !ok {
				continue
			}
			c.same(e.Record, want, "an entry, after the caller changed those before it")
			scribble(entries[i].Record.Data)
			c.want(e.ID, want, "after the caller changed an entry")
		}
	}},

	{"List stops when yield returns false", func(c *check) {
		for range 4 {
			c.create()
		}
		calls := 0
		store.All(c.ctx, c.Store)(func(store.Entry, error) bool {
			calls++
			return calls < 2
		})
		if calls != 2 {
			c.failf("yield: got %d calls, want 2, of which the second returned false", calls)
		}
	}},

	{"writing goes on while List runs", func(c *check) {
		c.create()
		c.create()
		id, rec := c.create()
		var saved chan error // until there is an iteration to save in
		goesOn := false
		store.All(c.ctx, c.Store)(func(store.Entry, error) bool {
			if saved == nil {
				saved = make(chan error, 1)
				go func() {
					_, err := c.Save(c.ctx, id, rec)
					saved <- err
				}()
				goesOn = soon(saved)
			}
			return false
		})
		if saved == nil {
			c.failf("List: got nothing, want at least 3 records")
		}
		err := <-saved
		if !goesOn {
			c.failf("a Save during the iteration: got no answer, want one")
		}
		c.must("a Save during the iteration", err)
	}},

	{"List yields once what exists throughout, and the rest at most once", func(c *check) {
		var stable, passing []string
		for range 48 {
			id, _ := c.create()
			stable, passing = append(stable, id), append(passing, c.id())
		}
		var entries []store.Entry
		for range 4 {
			stop := make(chan struct{})
			c.together(5, func(i int) error {
				if i > 0 {
					return churn(c.ctx, c.Store, stable[:24], passing[i*8:i*8+8], stop)
				}
				defer close(stop)
				var err error
				entries, err = list(c.ctx, c.Store)
				return err
			})
			c.listed(entries, stable...)
			for _, id := range passing {
				if n := count(entries, id); n > 1 {
					c.failf("List: got a record %d times that came or went, want it once at most", n)
				}
			}
		}
	}},

	{"a List with a done context yields the context's error, and then stops", func(c *check) {
		c.create()
		c.create()
		c.whenDone(func(ctx context.Context) {
			var errs []error
			store.All(ctx, c.Store)(func(_ store.Entry, err error) bool {
				errs = append(errs, err)
				return true
			})
			if len(errs) != 1 {
				c.failf("List: got %d entries and errors, want one error", len(errs))
			}
			c.wantDone(ctx, "List", errs[0])
		})
	}},
}
