package storetest_test

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/sojourn-go/session/store"
)

var faultsOfRecords = []fault{
	{"Load of nothing returns an empty record",
		"an id under which nothing was saved is ErrNotFound",
		func(s *broken) {
			load := s.load
			s.load = func(ctx context.Context, id string) (store.Record, error) {
				rec, err := load(ctx, id)
				if errors.Is(err, store.ErrNotFound) {
					err = nil
				}
				return rec, err
			}
		}},
	{"ErrNotFound is a text of the store's own",
		"an id under which nothing was saved is ErrNotFound",
		func(s *broken) {
			load := s.load
			s.load = func(ctx context.Context, id string) (store.Record, error) {
				rec, err := load(ctx, id)
				if errors.Is(err, store.ErrNotFound) {
					err = errors.New(err.Error())
				}
				return rec, err
			}
		}},
	{"Save returns another version than Load",
		"Load returns what Save was given, with the version that Save returned",
		showing(func(rec *store.Record) { rec.Version += 1000 })},
	{"a Save without an owner keeps the former owner",
		"a Save replaces the record as a whole: data, owner and expiry",
		deciding(func(_ *broken, _ string, stored, rec store.Record) *store.Record {
			if rec.Owner == "" {
				rec.Owner = stored.Owner
			}
			return iff(stored.Version == rec.Version, rec)
		})},
	{"an update does not change the expiry",
		"a Save replaces the record as a whole: data, owner and expiry",
		deciding(func(_ *broken, _ string, stored, rec store.Record) *store.Record {
			if stored.Version != 0 && rec.Expires.After(time.Now()) {
				rec.Expires = stored.Expires
			}
			return iff(stored.Version == rec.Version, rec)
		})},
	{"an update only lengthens the life of a record",
		"a later Save may shorten the life of a record",
		deciding(func(_ *broken, _ string, stored, rec store.Record) *store.Record {
			if stored.Version != 0 && rec.Expires.Before(stored.Expires) {
				rec.Expires = stored.Expires
			}
			return iff(stored.Version == rec.Version, rec)
		})},
	{"an update does not lengthen the life of a record",
		"a later Save may lengthen the life of a record",
		deciding(func(_ *broken, _ string, stored, rec store.Record) *store.Record {
			if !stored.Expires.IsZero() && rec.Expires.After(stored.Expires) {
				rec.Expires = stored.Expires
			}
			return iff(stored.Version == rec.Version, rec)
		})},
	{"data is appended to what was there",
		"a Save replaces the record as a whole: data, owner and expiry",
		deciding(func(_ *broken, _ string, stored, rec store.Record) *store.Record {
			ok := stored.Version == rec.Version
			rec.Data = append(bytes.Clone(stored.Data), rec.Data...)
			return iff(ok, rec)
		})},
	{"a record without data is taken for none",
		"a record may be without data",
		func(s *broken) {
			load := s.load
			s.load = func(ctx context.Context, id string) (store.Record, error) {
				rec, err := load(ctx, id)
				if err == nil && len(rec.Data) == 0 {
					return store.Record{}, store.ErrNotFound
				}
				return rec, err
			}
		}},
	{"data is kept as text, without what is no UTF-8",
		"data may be any bytes",
		keeping(func(rec *store.Record) { rec.Data = bytes.ToValidUTF8(rec.Data, []byte("?")) })},
	{"data ends at its first NUL",
		"data may be any bytes",
		keeping(func(rec *store.Record) { rec.Data, _, _ = bytes.Cut(rec.Data, []byte{0}) })},
	{"data is cut at 64 KiB",
		"data of 1 MiB is kept to the last byte",
		keeping(func(rec *store.Record) { rec.Data = rec.Data[:min(len(rec.Data), 1<<16)] })},
	{"Load returns Durable",
		"Durable is a hint, and not kept",
		showing(func(rec *store.Record) { rec.Durable = true })},
	{"a durable Save is not applied, but reports ErrNotDurable",
		"a Save that returns nil or ErrNotDurable was applied",
		func(s *broken) {
			save := s.save
			s.save = func(ctx context.Context, id string, rec store.Record) (uint64, error) {
				if rec.Durable {
					return 1, store.ErrNotDurable
				}
				return save(ctx, id, rec)
			}
		}},
	{"a record goes with the context that it was saved with",
		"a record outlives the context that it was saved with",
		func(s *broken) {
			save, load := s.save, s.load
			contexts := map[string]context.Context{}
			s.save = func(ctx context.Context, id string, rec store.Record) (uint64, error) {
				version, err := save(ctx, id, rec)
				s.mu.Lock()
				defer s.mu.Unlock()
				contexts[id] = ctx
				return version, err
			}
			s.load = func(ctx context.Context, id string) (store.Record, error) {
				s.mu.Lock()
				saved := contexts[id]
				s.mu.Unlock()
				if saved != nil && saved.Err() != nil {
					return store.Record{}, saved.Err()
				}
				return load(ctx, id)
			}
		}},
	{"Load does not see the latest Save",
		"Load sees every Save and Delete that returned before it",
		func(s *broken) {
			load, save := s.load, s.save
			former := map[string]store.Record{}
			s.save = func(ctx context.Context, id string, rec store.Record) (uint64, error) {
				before, err := load(context.Background(), id)
				s.mu.Lock()
				delete(former, id)
				if err == nil {
					former[id] = before
				}
				s.mu.Unlock()
				return save(ctx, id, rec)
			}
			s.load = func(ctx context.Context, id string) (store.Record, error) {
				s.mu.Lock()
				defer s.mu.Unlock()
				if rec, ok := former[id]; ok {
					delete(former, id) // from the next Load on it is right
					return rec, nil
				}
				s.mu.Unlock()
				defer s.mu.Lock()
				return load(ctx, id)
			}
		}},
}
