package storetest_test

import (
	"context"

	"github.com/sojourn-go/session/store"
)

var faultsOfDelete = []fault{
	{"Delete does nothing",
		"Delete removes the record, and version 0 may make a new one",
		func(s *broken) { s.delete = func(ctx context.Context, _ string) error { return ctx.Err() } }},
	{"a deleted id is used up",
		"Delete removes the record, and version 0 may make a new one",
		func(s *broken) {
			save, del := s.save, s.delete
			gone := map[string]bool{}
			s.delete = func(ctx context.Context, id string) error {
				err := del(ctx, id)
				s.mu.Lock()
				defer s.mu.Unlock()
				gone[id] = err == nil
				return err
			}
			s.save = func(ctx context.Context, id string, rec store.Record) (uint64, error) {
				s.mu.Lock()
				used := gone[id]
				s.mu.Unlock()
				if used && ctx.Err() == nil {
					return 0, store.ErrConflict
				}
				return save(ctx, id, rec)
			}
		}},
	{"Delete of nothing is ErrNotFound",
		"a Delete of nothing is nil",
		func(s *broken) {
			del := s.delete
			s.delete = func(ctx context.Context, id string) error {
				if _, err := s.load(ctx, id); err != nil {
					return err
				}
				return del(ctx, id)
			}
		}},
	{"Delete removes everything",
		"a Delete leaves the other records alone",
		func(s *broken) {
			s.delete = func(ctx context.Context, _ string) error {
				s.mu.Lock()
				defer s.mu.Unlock()
				if ctx.Err() == nil {
					clear(s.records)
				}
				return ctx.Err()
			}
		}},
	{"an update after a Delete makes the record again",
		"the dead stay dead: after a Delete every version of before is ErrConflict",
		func(s *broken) {
			del := s.delete
			gone := map[string]uint64{}
			s.delete = func(ctx context.Context, id string) error {
				rec, err := s.load(ctx, id)
				s.mu.Lock()
				if err == nil {
					gone[id] = rec.Version
				}
				s.mu.Unlock()
				return del(ctx, id)
			}
			deciding(func(s *broken, id string, stored, rec store.Record) *store.Record {
				return iff(stored.Version == rec.Version || stored.Version == 0 && rec.Version == gone[id], rec)
			})(s)
		}},
	{"versions are counted from 1 in each record",
		"the dead stay dead, even if the id has been used anew",
		func(s *broken) {
			s.save = versioned(s, func(rec store.Record) uint64 { return rec.Version + 1 })
		}},
}
