package storetest_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"

	"github.com/sojourn-go/session/store"
)

var faultsOfCache = []fault{
	{"LoadCached knows only what Load has seen",
		"LoadCached of a record that it has not seen before is right",
		func(s *broken) {
			s.cached = func(ctx context.Context, id string) (store.Record, error) {
				return store.Record{}, cmp.Or(ctx.Err(), store.ErrNotFound)
			}
		}},
	{"LoadCached of nothing is an empty record",
		"LoadCached of an id under which nothing was saved is ErrNotFound",
		func(s *broken) {
			s.cached = func(ctx context.Context, id string) (store.Record, error) {
				rec, err := s.load(ctx, id)
				if errors.Is(err, store.ErrNotFound) {
					err = nil
				}
				return rec, err
			}
		}},
	{"LoadCached returns the cache's bytes",
		"LoadCached returns bytes that nobody else holds",
		func(s *broken) {
			cache := map[string]store.Record{}
			s.cached = func(ctx context.Context, id string) (store.Record, error) {
				s.mu.Lock()
				rec, ok := cache[id]
				s.mu.Unlock()
				if ok && ctx.Err() == nil {
					return rec, nil
				}
				rec, err := s.load(ctx, id)
				s.mu.Lock()
				defer s.mu.Unlock()
				if err == nil {
					cache[id] = rec
				}
				return rec, err
			}
		}},
	{"LoadCached remembers a record that was replaced",
		"LoadCached sees what was saved and deleted before",
		func(s *broken) {
			load := s.load
			cache := map[string]store.Record{}
			s.cached = func(ctx context.Context, id string) (store.Record, error) {
				s.mu.Lock()
				rec, ok := cache[id]
				s.mu.Unlock()
				if ok && ctx.Err() == nil {
					rec.Data = bytes.Clone(rec.Data)
					return rec, nil
				}
				rec, err := load(ctx, id)
				s.mu.Lock()
				defer s.mu.Unlock()
				if err == nil {
					kept := rec
					kept.Data = bytes.Clone(rec.Data)
					cache[id] = kept
				}
				return rec, err
			}
		}},
	{"LoadCached remembers that there was nothing",
		"LoadCached sees what was saved and deleted before",
		func(s *broken) {
			none := map[string]bool{}
			s.cached = func(ctx context.Context, id string) (store.Record, error) {
				s.mu.Lock()
				known := none[id]
				s.mu.Unlock()
				if known {
					return store.Record{}, cmp.Or(ctx.Err(), store.ErrNotFound)
				}
				rec, err := s.load(ctx, id)
				s.mu.Lock()
				defer s.mu.Unlock()
				none[id] = errors.Is(err, store.ErrNotFound)
				return rec, err
			}
		}},
	{"Load answers from the cache of LoadCached",
		"Load is right whatever LoadCached returned before",
		func(s *broken) {
			load := s.load
			cache := map[string]store.Record{}
			s.cached = func(ctx context.Context, id string) (store.Record, error) {
				rec, err := load(ctx, id)
				s.mu.Lock()
				defer s.mu.Unlock()
				if err == nil {
					cache[id] = rec
				}
				return rec, err
			}
			s.load = func(ctx context.Context, id string) (store.Record, error) {
				s.mu.Lock()
				rec, ok := cache[id]
				s.mu.Unlock()
				if ok && ctx.Err() == nil {
					rec.Data = bytes.Clone(rec.Data)
					return rec, nil
				}
				return load(ctx, id)
			}
		}},
}
