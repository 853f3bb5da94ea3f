package storetest

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/sojourn-go/session/store"
)

// sweeping is what a Sweeper promises.
var sweeping = []rule{
	{"Sweep removes what has expired, and reports how many records that were", func(c *check) {
		c.sweep() // what others left
		var end time.Time
		for range 5 {
			c.create()
			_, end = c.mortal()
		}
		sleepUntil(end)
		for _, want := range []int{5, 0} {
			if got := c.sweep(); got != want {
				c.failf("Sweep: got %d records removed, want %d", got, want)
			}
		}
	}},

	{"Sweep leaves alone what has not expired", func(c *check) {
		now := time.Now()
		saved := map[string]store.Record{}
		for _, expires := range []time.Time{
			{}, now.Add(time.Minute), now.Add(time.Hour), now.AddDate(100, 0, 0), time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC),
		} {
			id, rec := c.id(), c.record()
			rec.Expires = expires
			saved[id] = c.save(id, rec)
			c.mortal()
		}
		_, end := c.mortal()
		sleepUntil(end)
		c.sweep()
		for id, rec := range saved {
			c.want(id, rec, "after the Sweep")
		}
	}},

	{"several Sweeps at once remove each record once", func(c *check) {
		c.sweep()
		const rounds, each = 4, 16
		var ends [rounds]time.Time
		for i := range ends {
			ends[i] = kept(time.Now().Add(span * time.Duration(i+1) / rounds))
			for range each {
				c.save(c.id(), store.Record{Expires: ends[i]})
			}
		}
		var removed atomic.Int64
		for _, end := range ends {
			sleepUntil(end)
			c.together(16, func(int) error {
				n, err := sweep(c.ctx, c.Store)
				removed.Add(int64(n))
				return err
			})
		}
		if n := removed.Load(); n != rounds*each {
			c.failf("16 Sweeps at once, %d times: got %d records removed, want %d", rounds, n, rounds*each)
		}
	}},

	{"a Sweep that races a Save does not remove what was saved", func(c *check) {
		for range 4 {
			var ids [16]string
			var saved [16]store.Record
			for i := range ids {
				ids[i] = c.id()
				c.save(ids[i], store.Record{Data: []byte("old"), Expires: time.Now().Add(-time.Second)})
				saved[i] = c.record()
			}
			c.together(2*len(ids), func(i int) (err error) {
				if i >= len(ids) {
					_, err = sweep(c.ctx, c.Store)
					return err
				}
				saved[i].Version, err = c.Save(c.ctx, ids[i], saved[i])
				return err
			})
			for i, id := range ids {
				c.want(id, saved[i], "that was saved while others swept")
			}
		}
	}},

	{"the dead stay dead: what was swept is gone with its versions", func(c *check) {
		id, versions := c.life(2)
		rec := c.record()
		rec.Version, rec.Expires = versions[1], time.Now().Add(span)
		rec = c.save(id, rec)
		versions = append(versions, rec.Version)
		sleepUntil(kept(rec.Expires))
		c.sweep()
		c.noReturn(id, versions, "of before the Sweep")
	}},

	{"a Sweep with a done context returns the context's error", func(c *check) {
		c.whenDone(func(ctx context.Context) {
			_, err := sweep(ctx, c.Store)
			c.wantDone(ctx, "Sweep", err)
		})
	}},
}

// sweep sweeps, which must succeed, and returns how much it removed.
func (c *check) sweep() int {
	n, err := sweep(c.ctx, c.Store)
	c.must("Sweep", err)
	return n
}

// sweep is c.sweep for any goroutine.
func sweep(ctx context.Context, s store.Store) (int, error) {
	sweeper, _ := store.As[store.Sweeper](s) // or there would be no rule about it
	n, err := sweeper.Sweep(ctx)
	if n < 0 {
		return n, fmt.Errorf("Sweep: got %d records removed", n)
	}
	return n, err
}
