package storetest_test

import (
	"cmp"
	"context"
	"errors"
	"iter"

	"github.com/sojourn-go/session/store"
)

var faultsOfContext = []fault{
	{"Load ignores its context",
		"a Load with a done context returns the context's error",
		func(s *broken) {
			load := s.load
			s.load = func(_ context.Context, id string) (store.Record, error) { return load(context.Background(), id) }
		}},
	{"Load returns an error of its own for a context that is done",
		"a Load with a done context returns the context's error",
		func(s *broken) {
			load := s.load
			s.load = func(ctx context.Context, id string) (store.Record, error) {
				rec, err := load(ctx, id)
				if ctx.Err() != nil {
					err = errors.New("load: no time")
				}
				return rec, err
			}
		}},
	{"Save ignores its context",
		"a Save with a done context returns the context's error, and changes nothing",
		func(s *broken) {
			save := s.save
			s.save = func(_ context.Context, id string, rec store.Record) (uint64, error) {
				return save(context.Background(), id, rec)
			}
		}},
	{"Save looks at its context when it has applied",
		"a Save with a done context returns the context's error, and changes nothing",
		func(s *broken) {
			save := s.save
			s.save = func(ctx context.Context, id string, rec store.Record) (uint64, error) {
				version, err := save(context.Background(), id, rec)
				if ctx.Err() != nil {
					return 0, ctx.Err()
				}
				return version, err
			}
		}},
	{"Save returns the cause of a context that is done",
		"a Save with a done context returns the context's error, and changes nothing",
		func(s *broken) {
			save := s.save
			s.save = func(ctx context.Context, id string, rec store.Record) (uint64, error) {
				if err := context.Cause(ctx); err != nil {
					return 0, err
				}
				return save(ctx, id, rec)
			}
		}},
	{"Delete ignores its context",
		"a Delete with a done context returns the context's error, and changes nothing",
		func(s *broken) {
			del := s.delete
			s.delete = func(_ context.Context, id string) error { return del(context.Background(), id) }
		}},
	{"Delete looks at its context when it has applied",
		"a Delete with a done context returns the context's error, and changes nothing",
		func(s *broken) {
			del := s.delete
			s.delete = func(ctx context.Context, id string) error {
				return cmp.Or(ctx.Err(), del(context.Background(), id))
			}
		}},
	{"List ignores its context",
		"a List with a done context yields the context's error, and then stops",
		func(s *broken) {
			list := s.list
			s.list = func(context.Context) iter.Seq2[store.Entry, error] { return list(context.Background()) }
		}},
	{"Sweep ignores its context",
		"a Sweep with a done context returns the context's error",
		func(s *broken) {
			sweep := s.sweep
			s.sweep = func(context.Context) (int, error) { return sweep(context.Background()) }
		}},
	{"LoadCached ignores its context",
		"a LoadCached with a done context returns the context's error",
		func(s *broken) {
			cached := s.cached
			s.cached = func(_ context.Context, id string) (store.Record, error) { return cached(context.Background(), id) }
		}},
}
