package storetest_test

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/sojourn-go/session/store"
)

var faultsOfExpiry = []fault{
	{"Load returns expired records",
		"from its Expires on a record does not exist for Load",
		func(s *broken) {
			load := s.load
			s.load = func(ctx context.Context, id string) (store.Record, error) {
				rec, err := load(ctx, id)
				s.mu.Lock()
				defer s.mu.Unlock()
				if stored, ok := s.records[id]; ok && errors.Is(err, store.ErrNotFound) {
					stored.Data = bytes.Clone(stored.Data)
					return stored, nil
				}
				return rec, err
			}
		}},
	{"a record expires a millisecond late",
		"from its Expires on a record does not exist for Load",
		shifted(time.Millisecond)},
	{"a record expires a nanosecond late",
		"from its Expires on a record does not exist for Load",
		shifted(1)},
	{"a record expires a millisecond early",
		"a record is there one millisecond before its Expires",
		shifted(-time.Millisecond)},
	{"Expires is kept in seconds",
		"Expires counts in whole milliseconds: what is finer is dropped",
		keeping(func(rec *store.Record) { rec.Expires = rec.Expires.Truncate(time.Second) })},
	{"Expires is rounded to milliseconds",
		"Expires counts in whole milliseconds: what is finer is dropped",
		keeping(func(rec *store.Record) { rec.Expires = rec.Expires.Round(time.Millisecond) })},
	{"a record goes early: Expires is kept in seconds for a lookup's sake",
		"a record is there one millisecond before its Expires",
		func(s *broken) {
			load := s.load
			s.load = func(ctx context.Context, id string) (store.Record, error) {
				rec, err := load(ctx, id)
				if err == nil && !rec.Expires.IsZero() && rec.Expires.Unix() <= time.Now().Unix() {
					return store.Record{}, store.ErrNotFound
				}
				return rec, err
			}
		}},
	{"an expired record blocks a new one",
		"from its Expires on a record does not exist for Save: version 0 may replace it",
		deciding(func(s *broken, id string, _, rec store.Record) *store.Record {
			return iff(s.records[id].Version == rec.Version, rec)
		})},
	{"the version of an expired record is accepted",
		"from its Expires on a record does not exist for Save: its version is ErrConflict",
		deciding(func(s *broken, id string, stored, rec store.Record) *store.Record {
			return iff(stored.Version == rec.Version || s.records[id].Version == rec.Version, rec)
		})},
	{"a record saved already expired is refused",
		"a record that is saved already expired is accepted, and is not there",
		func(s *broken) {
			save := s.save
			s.save = func(ctx context.Context, id string, rec store.Record) (uint64, error) {
				if expired(rec) {
					return 0, errors.New("invalid expire time")
				}
				return save(ctx, id, rec)
			}
		}},
	{"a record saved already expired leaves what was there",
		"a record that is saved already expired is accepted, and is not there",
		func(s *broken) {
			save := s.save
			s.save = func(ctx context.Context, id string, rec store.Record) (uint64, error) {
				if expired(rec) && rec.Version != 0 {
					return rec.Version, nil
				}
				return save(ctx, id, rec)
			}
		}},
	{"no expiry is an expiry: the zero time is long past",
		"the zero Expires is never",
		keeping(func(rec *store.Record) {
			if rec.Expires.IsZero() {
				rec.Expires = time.UnixMilli(0)
			}
		})},
	{"Expires loses its zone, not its clock reading",
		"Expires is an instant, up to the year 9999 and in any zone",
		keeping(func(rec *store.Record) {
			if _, offset := rec.Expires.Zone(); !rec.Expires.IsZero() {
				rec.Expires = rec.Expires.Add(time.Duration(offset) * time.Second)
			}
		})},
	{"Expires is kept in 32 bits",
		"Expires is an instant, up to the year 9999 and in any zone",
		keeping(func(rec *store.Record) {
			if rec.Expires.Unix() > 1<<31-1 {
				rec.Expires = time.Unix(1<<31-1, 0)
			}
		})},
	{"the first instant of 1970 is taken for never",
		"a time before 1970 stays in the past",
		keeping(func(rec *store.Record) {
			if rec.Expires.UnixMilli() == 0 {
				rec.Expires = time.Time{}
			}
		})},
	{"a far future overflows",
		"a time after the year 9999 stays in the future",
		keeping(func(rec *store.Record) {
			if !rec.Expires.IsZero() {
				rec.Expires = time.UnixMilli(rec.Expires.UnixMilli())
			}
		})},
}

// shifted is a fault of Load, for which records expire as much later.
func shifted(late time.Duration) func(*broken) {
	return func(s *broken) {
		load := s.load
		s.load = func(ctx context.Context, id string) (store.Record, error) {
			s.mu.Lock()
			rec := s.records[id]
			s.mu.Unlock()
			switch {
			case rec.Expires.IsZero() || ctx.Err() != nil:
				return load(ctx, id)
			case !time.Now().Before(rec.Expires.Add(late)):
				return store.Record{}, store.ErrNotFound
			}
			rec.Data = bytes.Clone(rec.Data)
			return rec, nil
		}
	}
}
