package storetest_test

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/sojourn-go/session/store"
)

var faultsOfVersions = []fault{
	{"the first version is 0",
		"the version of a stored record is never 0",
		func(s *broken) { s.last-- }},
	{"the version is the data's length",
		"two states of a record that differ never share a version",
		func(s *broken) {
			s.save = versioned(s, func(rec store.Record) uint64 { return 1 + uint64(len(rec.Data)) })
		}},
	{"the version is a hash of the data alone",
		"two states of a record that differ never share a version",
		func(s *broken) {
			s.save = versioned(s, func(rec store.Record) uint64 {
				h := fnv.New64a()
				h.Write(rec.Data)
				return h.Sum64() | 1
			})
		}},
	{"the version is the time of the Save",
		"two states of a record that differ never share a version",
		func(s *broken) {
			s.save = versioned(s, func(store.Record) uint64 { return uint64(time.Now().UnixMilli()) })
		}},
	{"an update leaves the version as it is",
		"two states of a record that differ never share a version",
		func(s *broken) {
			s.save = versioned(s, func(rec store.Record) uint64 { return max(1, rec.Version) })
		}},
	{"Save does not look at the version",
		"an old version is ErrConflict, and changes nothing",
		deciding(func(_ *broken, _ string, _, rec store.Record) *store.Record { return &rec })},
	{"version 0 replaces what there is",
		"version 0 means that there must be no record: a create never replaces one",
		deciding(func(_ *broken, _ string, stored, rec store.Record) *store.Record {
			return iff(rec.Version == 0 || stored.Version == rec.Version, rec)
		})},
	{"an update may make the record",
		"where there is no record, any version but 0 is ErrConflict, and makes none",
		deciding(func(_ *broken, _ string, stored, rec store.Record) *store.Record {
			return iff(stored.Version == 0 || stored.Version == rec.Version, rec)
		})},
	{"an update of nothing is ErrNotFound",
		"where there is no record, any version but 0 is ErrConflict, and makes none",
		func(s *broken) {
			save, load := s.save, s.load
			s.save = func(ctx context.Context, id string, rec store.Record) (uint64, error) {
				if _, err := load(ctx, id); err != nil && rec.Version != 0 {
					return 0, err
				}
				return save(ctx, id, rec)
			}
		}},
	{"versions are compared as floats",
		"any version but the stored one is ErrConflict, and changes nothing",
		func(s *broken) {
			s.last = 1 << 60
			s.save = versionsEqual(s, func(a, b uint64) bool { return float64(a) == float64(b) })
		}},
	{"versions have 32 bits",
		"any version but the stored one is ErrConflict, and changes nothing",
		func(s *broken) {
			s.save = versionsEqual(s, func(a, b uint64) bool { return uint32(a) == uint32(b) && (a == 0) == (b == 0) })
		}},
	{"a version of 64 bits is an error of the driver",
		"any version but the stored one is ErrConflict, and changes nothing",
		func(s *broken) {
			save := s.save
			s.save = func(ctx context.Context, id string, rec store.Record) (uint64, error) {
				if rec.Version >= 1<<63 {
					return 0, errors.New("uint64 values with high bit set are not supported")
				}
				return save(ctx, id, rec)
			}
		}},
	{"a newer version than the stored one is accepted",
		"any version but the stored one is ErrConflict, and changes nothing",
		deciding(func(_ *broken, _ string, stored, rec store.Record) *store.Record {
			return iff(stored.Version == rec.Version || stored.Version != 0 && stored.Version < rec.Version, rec)
		})},
	{"the version before the last one is accepted",
		"an old version is ErrConflict, and changes nothing",
		deciding(func(_ *broken, _ string, stored, rec store.Record) *store.Record {
			return iff(stored.Version == rec.Version || rec.Version != 0 && rec.Version+1 == stored.Version, rec)
		})},
	{"a conflict is reported, but the Save applied",
		"an old version is ErrConflict, and changes nothing",
		func(s *broken) {
			save := s.save
			s.save = func(ctx context.Context, id string, rec store.Record) (uint64, error) {
				version, err := save(ctx, id, rec)
				if errors.Is(err, store.ErrConflict) {
					s.mu.Lock()
					defer s.mu.Unlock()
					s.put(id, rec)
				}
				return version, err
			}
		}},
	{"a conflict prolongs the record",
		"any version but the stored one is ErrConflict, and changes nothing",
		deciding(func(s *broken, id string, stored, rec store.Record) *store.Record {
			if stored.Version != 0 && stored.Version != rec.Version {
				stored.Expires = rec.Expires
				s.records[id] = stored
			}
			return iff(stored.Version == rec.Version, rec)
		})},
	{"a Save is repeated upon the newer version after a conflict",
		"an old version is ErrConflict, and changes nothing",
		func(s *broken) {
			save, load := s.save, s.load
			s.save = func(ctx context.Context, id string, rec store.Record) (uint64, error) {
				version, err := save(ctx, id, rec)
				if newer, e := load(ctx, id); errors.Is(err, store.ErrConflict) && e == nil {
					rec.Version = newer.Version
					return save(ctx, id, rec)
				}
				return version, err
			}
		}},
	{"a Save is sent twice, and the second answer returned",
		"Load returns what Save was given, with the version that Save returned",
		func(s *broken) {
			save := s.save
			s.save = func(ctx context.Context, id string, rec store.Record) (uint64, error) {
				save(ctx, id, rec)
				return save(ctx, id, rec)
			}
		}},
	{"ErrConflict is not wrapped",
		"version 0 means that there must be no record: a create never replaces one",
		func(s *broken) {
			save := s.save
			s.save = func(ctx context.Context, id string, rec store.Record) (uint64, error) {
				version, err := save(ctx, id, rec)
				if err != nil && ctx.Err() == nil {
					err = fmt.Errorf("save %s: %v", id, err)
				}
				return version, err
			}
		}},
	{"the tenth Save is forgotten",
		"after any sequence of operations the store holds what a map would",
		func(s *broken) {
			n := 0
			deciding(func(_ *broken, _ string, stored, rec store.Record) *store.Record {
				if n++; n%10 == 0 && stored.Version != 0 {
					rec.Data = stored.Data
				}
				return iff(stored.Version == rec.Version, rec)
			})(s)
		}},
}

// versioned is a Save that gives records versions of its own.
func versioned(s *broken, version func(store.Record) uint64) func(context.Context, string, store.Record) (uint64, error) {
	save := s.save
	return func(ctx context.Context, id string, rec store.Record) (uint64, error) {
		if _, err := save(ctx, id, rec); err != nil {
			return 0, err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		stored := s.records[id]
		stored.Version = version(rec)
		s.records[id] = stored
		return stored.Version, nil
	}
}

// versionsEqual is a Save that compares versions in a way of its own.
func versionsEqual(s *broken, equal func(a, b uint64) bool) func(context.Context, string, store.Record) (uint64, error) {
	deciding(func(_ *broken, _ string, stored, rec store.Record) *store.Record {
		return iff(equal(stored.Version, rec.Version), rec)
	})(s)
	return s.save
}
