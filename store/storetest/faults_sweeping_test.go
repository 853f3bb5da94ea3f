package storetest_test

import (
	"context"
	"runtime"
	"slices"
	"time"

	"github.com/sojourn-go/session/store"
)

var faultsOfSweep = []fault{
	{"Sweep reports twice as many",
		"Sweep removes what has expired, and reports how many records that were",
		func(s *broken) {
			sweep := s.sweep
			s.sweep = func(ctx context.Context) (int, error) {
				n, err := sweep(ctx)
				return 2 * n, err
			}
		}},
	{"Sweep counts and does not remove",
		"Sweep removes what has expired, and reports how many records that were",
		func(s *broken) {
			s.sweep = func(ctx context.Context) (int, error) {
				s.mu.Lock()
				defer s.mu.Unlock()
				n := 0
				for _, rec := range s.records {
					if expired(rec) {
						n++
					}
				}
				return n, ctx.Err()
			}
		}},
	{"Sweep takes no expiry for a past one",
		"Sweep leaves alone what has not expired",
		sweeping(func(rec store.Record) bool { return rec.Expires.Before(time.Now()) })},
	{"Sweep removes what expires within the hour",
		"Sweep leaves alone what has not expired",
		sweeping(func(rec store.Record) bool {
			return !rec.Expires.IsZero() && rec.Expires.Before(time.Now().Add(time.Hour))
		})},
	{"Sweep counts what another Sweep has removed",
		"several Sweeps at once remove each record once",
		func(s *broken) {
			s.sweep = func(ctx context.Context) (int, error) {
				ids := s.expired()
				runtime.Gosched()
				for _, id := range ids {
					s.mu.Lock()
					if expired(s.records[id]) {
						delete(s.records, id)
					}
					s.mu.Unlock()
				}
				return len(ids), ctx.Err()
			}
		}},
	{"Sweep removes what was expired when it looked",
		"a Sweep that races a Save does not remove what was saved",
		func(s *broken) {
			s.sweep = func(ctx context.Context) (n int, err error) {
				for _, id := range s.expired() {
					runtime.Gosched()
					s.mu.Lock()
					if _, ok := s.records[id]; ok {
						delete(s.records, id)
						n++
					}
					s.mu.Unlock()
				}
				return n, ctx.Err()
			}
		}},
	{"versions are counted from 1 again in a record that was swept",
		"the dead stay dead: what was swept is gone with its versions",
		func(s *broken) {
			sweep := s.sweep
			s.sweep = func(ctx context.Context) (int, error) {
				n, err := sweep(ctx)
				s.mu.Lock()
				defer s.mu.Unlock()
				if len(s.records) == 0 {
					s.last = 0
				}
				return n, err
			}
		}},
}

func (s *broken) expired() []string {
	return slices.DeleteFunc(s.ids(), func(id string) bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return !expired(s.records[id])
	})
}

// sweeping is a Sweep with an idea of its own what has expired.
func sweeping(gone func(store.Record) bool) func(*broken) {
	return func(s *broken) {
		s.sweep = func(ctx context.Context) (n int, err error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			for id, rec := range s.records {
				if ctx.Err() == nil && gone(rec) {
					delete(s.records, id)
					n++
				}
			}
			return n, ctx.Err()
		}
	}
}
