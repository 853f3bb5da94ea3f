package storetest_test

import (
	"context"
	"iter"

	"github.com/sojourn-go/session/store"
)

// A broken is a reference of which a fault has replaced some methods.
type broken struct {
	*reference
	load   func(context.Context, string) (store.Record, error)
	cached func(context.Context, string) (store.Record, error)
	save   func(context.Context, string, store.Record) (uint64, error)
	delete func(context.Context, string) error
	list   func(context.Context) iter.Seq2[store.Entry, error]
	sweep  func(context.Context) (int, error)
}

// breakIt returns a store with the fault.
func breakIt(fault func(*broken)) *broken {
	r := newReference()
	s := &broken{r, r.Load, r.LoadCached, r.Save, r.Delete, r.List, r.Sweep}
	fault(s)
	return s
}

func (s *broken) Load(ctx context.Context, id string) (store.Record, error) {
	return s.load(ctx, id)
}

func (s *broken) LoadCached(ctx context.Context, id string) (store.Record, error) {
	return s.cached(ctx, id)
}

func (s *broken) Save(ctx context.Context, id string, rec store.Record) (uint64, error) {
	return s.save(ctx, id, rec)
}

func (s *broken) Delete(ctx context.Context, id string) error { return s.delete(ctx, id) }

func (s *broken) List(ctx context.Context) iter.Seq2[store.Entry, error] { return s.list(ctx) }

func (s *broken) Sweep(ctx context.Context) (int, error) { return s.sweep(ctx) }

// keeping is a fault of Save, which changes what it is to keep.
func keeping(change func(*store.Record)) func(*broken) {
	return func(s *broken) {
		save := s.save
		s.save = func(ctx context.Context, id string, rec store.Record) (uint64, error) {
			change(&rec)
			return save(ctx, id, rec)
		}
	}
}

// deciding is a fault of Save, which decides by itself whether rec may replace
// what is stored, and what is then put there.
func deciding(decide func(s *broken, id string, stored, rec store.Record) (put *store.Record)) func(*broken) {
	return func(s *broken) {
		s.save = func(ctx context.Context, id string, rec store.Record) (uint64, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			if err := ctx.Err(); err != nil {
				return 0, err
			}
			put := decide(s, id, s.get(id), rec)
			if put == nil {
				return 0, store.ErrConflict
			}
			return s.put(id, *put), nil
		}
	}
}

// iff returns rec if ok, as deciding wants it.
func iff(ok bool, rec store.Record) *store.Record {
	if ok {
		return &rec
	}
	return nil
}

// showing is a fault of Load and List, which change what they return.
func showing(change func(*store.Record)) func(*broken) {
	return func(s *broken) {
		load, list := s.load, s.list
		s.load = func(ctx context.Context, id string) (store.Record, error) {
			rec, err := load(ctx, id)
			change(&rec)
			return rec, err
		}
		s.list = func(ctx context.Context) iter.Seq2[store.Entry, error] {
			return func(yield func(store.Entry, error) bool) {
				for e, err := range list(ctx) {
					change(&e.Record)
					if !yield(e, err) {
						return
					}
				}
			}
		}
	}
}

// named is a fault that takes one id for another.
func named(change func(id string) string) func(*broken) {
	return func(s *broken) {
		load, save, del := s.load, s.save, s.delete
		s.load = func(ctx context.Context, id string) (store.Record, error) { return load(ctx, change(id)) }
		s.delete = func(ctx context.Context, id string) error { return del(ctx, change(id)) }
		s.save = func(ctx context.Context, id string, rec store.Record) (uint64, error) {
			return save(ctx, change(id), rec)
		}
	}
}
