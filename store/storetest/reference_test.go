package storetest_test

import (
	"bytes"
	"context"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/sojourn-go/session/store"
)

// A reference is the contract in as few lines as possible.
type reference struct {
	mu      sync.Mutex
	records map[string]store.Record
	last    uint64 // version given out
}

var (
	_ store.Lister  = (*reference)(nil)
	_ store.Sweeper = (*reference)(nil)
	_ store.Cached  = (*reference)(nil)
)

func newReference() *reference { return &reference{records: map[string]store.Record{}} }

func expired(rec store.Record) bool {
	return !rec.Expires.IsZero() && !time.Now().Before(rec.Expires)
}

// get is what is under id now. A record that does not exist is the zero one,
// whose version is 0. It needs the lock.
func (s *reference) get(id string) store.Record {
	if rec := s.records[id]; !expired(rec) {
		return rec
	}
	return store.Record{}
}

// put replaces what is under id, whatever it is. It needs the lock.
func (s *reference) put(id string, rec store.Record) uint64 {
	s.last++
	rec.Version, rec.Durable = s.last, false
	rec.Data = bytes.Clone(rec.Data)
	if !rec.Expires.IsZero() {
		rec.Expires = rec.Expires.Truncate(time.Millisecond)
		if rec.Expires.IsZero() { // that would be never
			rec.Expires = time.UnixMilli(0)
		}
	}
	s.records[id] = rec
	return rec.Version
}

func (s *reference) Load(ctx context.Context, id string) (store.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return store.Record{}, err
	}
	rec := s.get(id)
	if rec.Version == 0 {
		return store.Record{}, store.ErrNotFound
	}
	rec.Data = bytes.Clone(rec.Data)
	return rec, nil
}

func (s *reference) LoadCached(ctx context.Context, id string) (store.Record, error) {
	return s.Load(ctx, id)
}

func (s *reference) Save(ctx context.Context, id string, rec store.Record) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if s.get(id).Version != rec.Version {
		return 0, store.ErrConflict
	}
	return s.put(id, rec), nil
}

func (s *reference) Delete(ctx context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	delete(s.records, id)
	return nil
}

func (s *reference) ids() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []string
	for id := range s.records {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

func (s *reference) List(ctx context.Context) iter.Seq2[store.Entry, error] {
	return func(yield func(store.Entry, error) bool) {
		if err := ctx.Err(); err != nil {
			yield(store.Entry{}, err)
			return
		}
		for _, id := range s.ids() {
			rec, err := s.Load(ctx, id)
			if err == nil && !yield(store.Entry{ID: id, Record: rec}, nil) {
				return
			}
		}
	}
}

func (s *reference) Sweep(ctx context.Context) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	before := len(s.records)
	for id, rec := range s.records {
		if expired(rec) {
			delete(s.records, id)
		}
	}
	return before - len(s.records), nil
}
