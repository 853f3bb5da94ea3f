package storetest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/sojourn-go/session/store"
)

// crowd is how many goroutines meet at one record.
const crowd = 64

// races is compare-and-swap by many callers at once. Each of them writes
// something that nobody else does.
var races = []rule{
	{"of many Saves at once upon one version, one succeeds", func(c *check) {
		for range 8 {
			id, rec := c.create()
			c.contend(id, rec.Version)
		}
	}},

	{"of many Saves at once of a new record, one succeeds", func(c *check) {
		for range 8 {
			id := c.id()
			c.contend(id, 0)
			c.delete(id)
			c.contend(id, 0) // where there was one before
			id = c.id()
			c.save(id, store.Record{Expires: time.Now().Add(-time.Second)})
			c.contend(id, 0) // where there is one, expired
		}
	}},

	{"a counter raised by compare-and-swap loses nothing", func(c *check) {
		id := c.id()
		c.save(id, store.Record{Data: []byte("0")})
		c.together(crowd, func(int) error { return increment(c.ctx, c.Store, id) })
		rec, err := c.Load(c.ctx, id)
		c.must("Load", err)
		if want := strconv.Itoa(crowd); string(rec.Data) != want {
			c.failf("the counter: got %s, want %s", excerpt(rec.Data), want)
		}
	}},

	{"a Save that races a Delete does not outlive it", func(c *check) {
		for range 16 {
			id, rec := c.create()
			c.together(8, func(i int) error {
				if i == 4 {
					return c.Delete(c.ctx, id)
				}
				return chain(c.ctx, c.Store, id, rec.Version, strconv.Itoa(i))
			})
			c.wantNone(id, "after a Delete among Saves, all upon versions of before it")
		}
	}},

	{"what a Load returns among Saves is one of them, whole", func(c *check) {
		id := c.id()
		var rec store.Record
		rec.Owner, rec.Data, rec.Expires = whole(0)
		c.save(id, rec)
		var last atomic.Int64
		readers := make(chan map[uint64]string, crowd)
		c.together(crowd, func(i int) error {
			if i%4 == 0 {
				return rewrite(c.ctx, c.Store, id, &last)
			}
			seen, err := readWhole(c.ctx, c.Store, id)
			readers <- seen
			return err
		})
		close(readers)
		all := map[uint64]string{}
		for seen := range readers {
			for version, owner := range seen {
				if before, ok := all[version]; ok && before != owner {
					c.failf("version %d: got %q and %q, want one state", version, before, owner)
				}
				all[version] = owner
			}
		}
	}},
}

// contend lets a crowd save upon the version, and wants one to succeed.
func (c *check) contend(id string, version uint64) {
	won := make(chan store.Record, crowd)
	c.together(crowd, func(i int) error {
		rec := store.Record{Data: fmt.Appendf(nil, "of %d", i), Owner: strconv.Itoa(i), Version: version}
		v, err := c.Save(c.ctx, id, rec)
		if applied(err) {
			rec.Version = v
			won <- rec
			return nil
		}
		return unlessConflict(err)
	})
	if n := len(won); n != 1 {
		c.failf("%d Saves at once upon version %d: got %d that succeeded, want 1", crowd, version, n)
	}
	c.want(id, <-won, "after the one Save that succeeded")
}

func unlessConflict(err error) error {
	if err == nil || errors.Is(err, store.ErrConflict) {
		return nil
	}
	return fmt.Errorf("Save: got error %w, want none or ErrConflict", err)
}

// increment adds one to the number under id, as each of a crowd does. A
// conflict means that another has done it, so there are fewer than a crowd.
func increment(ctx context.Context, s store.Store, id string) error {
	for range crowd {
		rec, err := s.Load(ctx, id)
		if err != nil {
			return fmt.Errorf("Load: got error %w, want the counter", err)
		}
		n, err := strconv.Atoi(string(rec.Data))
		if err != nil {
			return fmt.Errorf("Load: got %s, want a number", excerpt(rec.Data))
		}
		rec.Data = strconv.AppendInt(nil, int64(n+1), 10)
		if _, err = s.Save(ctx, id, rec); applied(err) {
			return nil
		}
		if err := unlessConflict(err); err != nil {
			return err
		}
	}
	return fmt.Errorf("Save: got ErrConflict %d times, want it once at most for each of %d others", crowd, crowd-1)
}

// chain saves upon the version, and then upon what came of it, until the
// first conflict.
func chain(ctx context.Context, s store.Store, id string, version uint64, owner string) error {
	for n := range 8 {
		v, err := s.Save(ctx, id, store.Record{Data: strconv.AppendInt(nil, int64(n), 10), Owner: owner, Version: version})
		if !applied(err) {
			return unlessConflict(err)
		}
		version = v
	}
	return nil
}

// whole is the nth of a series of contents whose fields belong together.
func whole(n int64) (owner string, data []byte, expires time.Time) {
	owner = strconv.FormatInt(n, 10)
	return owner, []byte(owner), time.UnixMilli(n).UTC().AddDate(200, 0, 0)
}

// rewrite saves new contents a few times, whoever else does.
func rewrite(ctx context.Context, s store.Store, id string, last *atomic.Int64) error {
	for range 8 {
		rec, err := s.Load(ctx, id)
		if err != nil {
			return fmt.Errorf("Load: got error %w, want the record", err)
		}
		rec.Owner, rec.Data, rec.Expires = whole(last.Add(1))
		if _, err := s.Save(ctx, id, rec); !applied(err) && unlessConflict(err) != nil {
			return unlessConflict(err)
		}
	}
	return nil
}

// readWhole loads a few times, and returns which owner came with which
// version, or an error if the fields do not belong together.
func readWhole(ctx context.Context, s store.Store, id string) (map[uint64]string, error) {
	seen := map[uint64]string{}
	for range 16 {
		rec, err := s.Load(ctx, id)
		if err != nil {
			return nil, fmt.Errorf("Load: got error %w, want the record", err)
		}
		n, _ := strconv.ParseInt(rec.Owner, 10, 64)
		want := store.Record{Version: rec.Version}
		want.Owner, want.Data, want.Expires = whole(n)
		if diff := difference(rec, want); diff != "" {
			return nil, fmt.Errorf("Load: got a mixture, in which the fields do not match Owner: %s", diff)
		}
		seen[rec.Version] = rec.Owner
	}
	return seen, nil
}
