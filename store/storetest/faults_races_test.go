package storetest_test

import (
	"context"
	"runtime"

	"github.com/sojourn-go/session/store"
)

// racy is a Save that compares under the lock, lets go of it, and sets under
// the lock. What it lets through at once is for ok to say.
func racy(ok func(stored, rec store.Record) bool) func(*broken) {
	return func(s *broken) {
		save := s.save
		s.save = func(ctx context.Context, id string, rec store.Record) (uint64, error) {
			s.mu.Lock()
			stored := s.get(id)
			s.mu.Unlock()
			if ctx.Err() != nil || stored.Version != rec.Version || !ok(stored, rec) {
				return save(ctx, id, rec)
			}
			runtime.Gosched() // a server would be asked meanwhile
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.put(id, rec), nil
		}
	}
}

var faultsOfRaces = []fault{
	{"compare and set are two steps, for updates",
		"of many Saves at once upon one version, one succeeds",
		racy(func(stored, rec store.Record) bool { return stored.Version != 0 })},
	{"compare and set are two steps, so that increments get lost",
		"a counter raised by compare-and-swap loses nothing",
		racy(func(stored, rec store.Record) bool { return stored.Version != 0 })},
	{"compare and set are two steps, for new records",
		"of many Saves at once of a new record, one succeeds",
		racy(func(stored, rec store.Record) bool { return stored.Version == 0 })},
	{"compare and set are two steps, between which a Delete is undone",
		"a Save that races a Delete does not outlive it",
		racy(func(stored, rec store.Record) bool { return stored.Version != 0 })},
	{"the owner is set a step after the data",
		"what a Load returns among Saves is one of them, whole",
		func(s *broken) {
			save := s.save
			s.save = func(ctx context.Context, id string, rec store.Record) (uint64, error) {
				owner := rec.Owner
				s.mu.Lock()
				rec.Owner = s.records[id].Owner
				s.mu.Unlock()
				version, err := save(ctx, id, rec)
				runtime.Gosched()
				s.mu.Lock()
				defer s.mu.Unlock()
				if stored := s.records[id]; err == nil && stored.Version == version {
					stored.Owner = owner
					s.records[id] = stored
				}
				return version, err
			}
		}},
}
