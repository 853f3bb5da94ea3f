package storetest

import (
	"context"
	"errors"

	"github.com/sojourn-go/session/store"
)

// caching is what a Cached promises. How stale its answers may be when others
// write, each store says for itself; so here nobody else does.
var caching = []rule{
	{"LoadCached of a record that it has not seen before is right", func(c *check) {
		id, rec := c.create()
		for range 2 {
			got, err := loadCached(c.ctx, c.Store, id)
			c.must("LoadCached", err)
			c.same(got, rec, "LoadCached")
		}
	}},

	{"LoadCached of an id under which nothing was saved is ErrNotFound", func(c *check) {
		id := c.id()
		for range 2 {
			rec, err := loadCached(c.ctx, c.Store, id)
			if !errors.Is(err, store.ErrNotFound) {
				c.failf("LoadCached: got %s, want ErrNotFound", outcome(rec, err))
			}
		}
	}},

	{"LoadCached returns bytes that nobody else holds", func(c *check) {
		id, rec := c.create()
		for range 3 {
			got, err := loadCached(c.ctx, c.Store, id)
			c.must("LoadCached", err)
			c.same(got, rec, "LoadCached, after the caller changed what it had loaded")
			scribble(got.Data)
			c.want(id, rec, "after the caller changed what LoadCached had returned")
		}
	}},

	{"Load is right whatever LoadCached returned before", func(c *check) {
		id := c.id()
		for range 2 {
			loadCached(c.ctx, c.Store, id)
			rec := c.save(id, c.record())
			c.want(id, rec, "after a LoadCached of nothing and a Save")
			loadCached(c.ctx, c.Store, id)
			rec.Data = c.record().Data
			rec = c.save(id, rec)
			c.want(id, rec, "after a LoadCached and a Save")
			loadCached(c.ctx, c.Store, id)
			c.delete(id)
			c.wantNone(id, "after a LoadCached and a Delete")
		}
	}},

	{"LoadCached sees what was saved and deleted before", func(c *check) {
		id := c.id()
		for range 2 {
			loadCached(c.ctx, c.Store, id)
			rec := c.save(id, c.record())
			for range 2 {
				got, err := loadCached(c.ctx, c.Store, id)
				c.must("LoadCached after a Save", err)
				c.same(got, rec, "LoadCached after a Save")
				rec.Data = c.record().Data
				rec = c.save(id, rec)
			}
			c.delete(id)
			if got, err := loadCached(c.ctx, c.Store, id); !errors.Is(err, store.ErrNotFound) {
				c.failf("LoadCached after a Delete: got %s, want ErrNotFound", outcome(got, err))
			}
		}
	}},

	{"a LoadCached with a done context returns the context's error", func(c *check) {
		id, _ := c.create()
		c.whenDone(func(ctx context.Context) {
			_, err := loadCached(ctx, c.Store, id)
			c.wantDone(ctx, "LoadCached", err)
		})
	}},
}

func loadCached(ctx context.Context, s store.Store, id string) (store.Record, error) {
	cached, _ := store.As[store.Cached](s) // or there would be no rule about it
	return cached.LoadCached(ctx, id)
}
