package storetest_test

import (
	"context"
	"iter"
	"slices"
	"strings"

	"github.com/sojourn-go/session/store"
)

var faultsOfList = []fault{
	{"List yields no data",
		"List yields every record once, as Load returns it",
		yielding(func(_ *broken, e store.Entry) []store.Entry {
			e.Record.Data = nil
			return []store.Entry{e}
		})},
	{"List yields the first 32 records only",
		"List yields every record once, as Load returns it",
		listing(func(_ *broken, entries []store.Entry) []store.Entry { return entries[:min(32, len(entries))] })},
	{"List leaves out what is nobody's",
		"List yields every record once, as Load returns it",
		yielding(func(_ *broken, e store.Entry) []store.Entry {
			if e.Record.Owner == "" {
				return nil
			}
			return []store.Entry{e}
		})},
	{"List yields the last record of a page again",
		"List yields every record once, as Load returns it",
		listing(func(_ *broken, entries []store.Entry) []store.Entry {
			last := min(10, len(entries))
			return slices.Concat(entries[:last], entries[max(0, last-1):])
		})},
	{"List yields deleted and expired records",
		"List yields no expired record, nor a deleted one",
		listing(func(s *broken, _ []store.Entry) (entries []store.Entry) {
			s.mu.Lock()
			defer s.mu.Unlock()
			for id, rec := range s.records {
				entries = append(entries, store.Entry{ID: id, Record: rec})
			}
			return entries
		})},
	{"List folds the case of owners",
		"List tells ids and owners apart by their bytes",
		yielding(func(_ *broken, e store.Entry) []store.Entry {
			e.Record.Owner = strings.ToLower(e.Record.Owner)
			return []store.Entry{e}
		})},
	{"List yields the stored bytes",
		"the caller owns what List yields",
		yielding(func(s *broken, e store.Entry) []store.Entry {
			s.mu.Lock()
			defer s.mu.Unlock()
			e.Record.Data = s.records[e.ID].Data
			return []store.Entry{e}
		})},
	{"List does not stop when yield returns false",
		"List stops when yield returns false",
		func(s *broken) {
			list := s.list
			s.list = func(ctx context.Context) iter.Seq2[store.Entry, error] {
				return func(yield func(store.Entry, error) bool) {
					for e, err := range list(ctx) {
						yield(e, err)
					}
				}
			}
		}},
	{"List goes on after an error",
		"a List with a done context yields the context's error, and then stops",
		func(s *broken) {
			list := s.list
			s.list = func(ctx context.Context) iter.Seq2[store.Entry, error] {
				return func(yield func(store.Entry, error) bool) {
					for e := range list(context.Background()) {
						if !yield(e, ctx.Err()) {
							return
						}
					}
				}
			}
		}},
	{"List holds the lock",
		"writing goes on while List runs",
		func(s *broken) {
			list := s.list
			s.list = func(ctx context.Context) iter.Seq2[store.Entry, error] {
				return func(yield func(store.Entry, error) bool) {
					list(ctx)(func(e store.Entry, err error) bool {
						s.mu.Lock()
						defer s.mu.Unlock()
						return yield(e, err)
					})
				}
			}
		}},
	{"List counts its way through pages that writing shifts",
		"List yields once what exists throughout, and the rest at most once",
		func(s *broken) {
			s.list = func(ctx context.Context) iter.Seq2[store.Entry, error] {
				return func(yield func(store.Entry, error) bool) {
					if err := ctx.Err(); err != nil {
						yield(store.Entry{}, err)
						return
					}
					ids := s.ids()
					for n := 0; n < len(ids); n++ {
						rec, err := s.load(ctx, ids[n])
						if err == nil && !yield(store.Entry{ID: ids[n], Record: rec}, nil) {
							return
						}
						ids = s.ids()
					}
				}
			}
		}},
}

// listing is a fault of List, which yields other entries than it should.
func listing(others func(s *broken, entries []store.Entry) []store.Entry) func(*broken) {
	return func(s *broken) {
		list := s.list
		s.list = func(ctx context.Context) iter.Seq2[store.Entry, error] {
			return func(yield func(store.Entry, error) bool) {
				var entries []store.Entry
				for e, err := range list(ctx) {
					if err != nil {
						yield(e, err)
						return
					}
					entries = append(entries, e)
				}
				for _, e := range others(s, entries) {
					if !yield(e, nil) {
						return
					}
				}
			}
		}
	}
}

// yielding is a fault of List, which yields others instead of an entry.
func yielding(others func(*broken, store.Entry) []store.Entry) func(*broken) {
	return listing(func(s *broken, entries []store.Entry) (all []store.Entry) {
		for _, e := range entries {
			all = append(all, others(s, e)...)
		}
		return all
	})
}
