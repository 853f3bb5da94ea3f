package sessiontest

import (
	"context"
	"errors"
	"sync"

	"github.com/sojourn-go/session/store"
)

// Contested returns a store around st in which somebody else has always
// written first: the first Save upon any state of a record answers
// store.ErrConflict, with the record saved anew as it was, and the next one
// goes through. So every commit to a session that exists is replayed once, and
// a function given to Update that is not pure shows it: what it counts, sends
// or appends outside of the session, it does once more.
//
// A new session has nobody to contend with, and is created at the first Save.
// That a session was used is noted at one request and not at the next, since
// that is tried only once.
func Contested(st store.Store) store.Store {
	return &contested{st: st, ours: map[string]uint64{}}
}

type contested struct {
	st store.Store

	mu   sync.Mutex
	ours map[string]uint64 // by id: the version that our own Save came to
}

var _ store.Unwrapper = (*contested)(nil)

func (c *contested) Unwrap() store.Store { return c.st }

func (c *contested) Load(ctx context.Context, id string) (store.Record, error) {
	return c.st.Load(ctx, id)
}

func (c *contested) Save(ctx context.Context, id string, rec store.Record) (uint64, error) {
	if rec.Version == 0 || c.mayPass(id, rec.Version) {
		return c.st.Save(ctx, id, rec)
	}
	now, err := c.st.Load(ctx, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && now.Version != rec.Version {
		return 0, store.ErrConflict // it needs no help
	}
	if err != nil {
		return 0, err
	}
	version, err := c.st.Save(ctx, id, now)
	if err != nil && !errors.Is(err, store.ErrNotDurable) {
		return 0, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ours[id] = version
	return 0, store.ErrConflict
}

func (c *contested) mayPass(id string, version uint64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ours[id] == version
}

func (c *contested) Delete(ctx context.Context, id string) error {
	err := c.st.Delete(ctx, id)
	if err == nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.ours, id)
	}
	return err
}
