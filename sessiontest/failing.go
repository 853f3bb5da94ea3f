package sessiontest

import (
	"context"
	"errors"
	"sync"

	"github.com/sojourn-go/session/store"
)

// ErrBroken is what a [FailingStore] answers when it is told to fail.
var ErrBroken = errors.New("sessiontest: the store is told to fail")

// Calls are calls of a store, to be combined with |.
type Calls uint8

// The calls of a store.
const (
	Loads Calls = 1 << iota
	Saves
	Deletes
)

// A FailingStore is a store that fails when it is told to, and else is the one
// it was made of. Make one with [Failing].
//
// A Save that fails without an answer is repeated by the manager until it is
// known what became of it, or Options.Timeout is over: one failure is nothing
// that a visitor sees. Tests of an outage set a short Timeout, or run under
// testing/synctest.
type FailingStore struct {
	st store.Store

	mu     sync.Mutex
	broken Calls
	next   map[Calls]int // so many more fail
	lose   int           // so many more Saves are applied, and their answers lost
}

var (
	_ store.Store     = (*FailingStore)(nil)
	_ store.Unwrapper = (*FailingStore)(nil)
)

// Failing returns a store around st that fails when it is told to.
func Failing(st store.Store) *FailingStore {
	return &FailingStore{st: st, next: map[Calls]int{}}
}

// FailNext has the next n calls of each of these fail with ErrBroken, and do
// nothing.
func (f *FailingStore) FailNext(n int, which Calls) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, call := range []Calls{Loads, Saves, Deletes} {
		if which&call != 0 {
			f.next[call] = n
		}
	}
}

// LoseNext has the next n Saves that are applied answer ErrBroken, as if the
// connection had broken before the answer came.
func (f *FailingStore) LoseNext(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lose = n
}

// Break has all of these calls fail, until Repair.
func (f *FailingStore) Break(which Calls) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.broken |= which
}

// Repair takes back everything that the store was told.
func (f *FailingStore) Repair() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.broken, f.lose = 0, 0
	clear(f.next)
}

// Unwrap returns the store that f was made of. Calls of its own do not fail.
func (f *FailingStore) Unwrap() store.Store { return f.st }

// fails decides upon one call. A context that is done goes first, as the
// contract of stores demands.
func (f *FailingStore) fails(ctx context.Context, call Calls) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.broken&call != 0 {
		return ErrBroken
	}
	if f.next[call] > 0 {
		f.next[call]--
		return ErrBroken
	}
	return nil
}

// Load fails if it is told to.
func (f *FailingStore) Load(ctx context.Context, id string) (store.Record, error) {
	if err := f.fails(ctx, Loads); err != nil {
		return store.Record{}, err
	}
	return f.st.Load(ctx, id)
}

// Save fails if it is told to, without doing anything or with its answer lost.
func (f *FailingStore) Save(ctx context.Context, id string, rec store.Record) (uint64, error) {
	if err := f.fails(ctx, Saves); err != nil {
		return 0, err
	}
	version, err := f.st.Save(ctx, id, rec)
	if err != nil {
		return version, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.lose > 0 {
		f.lose--
		return 0, ErrBroken
	}
	return version, nil
}

// Delete fails if it is told to.
func (f *FailingStore) Delete(ctx context.Context, id string) error {
	if err := f.fails(ctx, Deletes); err != nil {
		return err
	}
	return f.st.Delete(ctx, id)
}
