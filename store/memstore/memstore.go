package memstore

import (
	"hash/maphash"
	"math/bits"
	"time"

	"github.com/sojourn-go/session/store"
)

var (
	_ store.Lister    = (*Store)(nil)
	_ store.Sweeper   = (*Store)(nil)
	_ store.Immediate = (*Store)(nil)
)

const (
	defaultSessions = 1 << 20
	defaultBytes    = 1 << 30

	// A shard numbers up to 1<<24 records of one size; this leaves room for
	// shards that get more than their share.
	mostSessions = 1 << 29
	mostShards   = 64
)

// Options say how much a [Store] may hold. Their zero value is good for a
// million sessions.
type Options struct {
	_ [0]func() // keyed literals only

	// MaxSessions is how many records there may be, 0 for 1<<20. Expired ones
	// count until they are cleared away, owner records count too.
	MaxSessions int

	// MaxBytes is how much memory the records may take, 0 for 1<<30 (1 GiB).
	// What is counted, the package documentation says.
	MaxBytes int64
}

// A Store is a [store.Store] in the memory of this process. Make one with
// [New].
type Store struct {
	seed   maphash.Seed
	room   room
	shards []shard
	shift  int // takes a hash down to the number of its shard
}

// New returns an empty store. It panics if o makes no sense.
func New(o Options) *Store {
	switch {
	case o.MaxSessions < 0:
		panic("memstore: Options.MaxSessions is negative: leave it 0 for the default")
	case o.MaxSessions > mostSessions:
		panic("memstore: Options.MaxSessions is more than 1<<29: spread them over several stores")
	case o.MaxBytes < 0:
		panic("memstore: Options.MaxBytes is negative: leave it 0 for the default")
	}
	if o.MaxSessions == 0 {
		o.MaxSessions = defaultSessions
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = defaultBytes
	}
	// A small store has no use for many shards: each has its own blocks.
	order := bits.Len(uint(min(o.MaxSessions/1024, mostShards-1)))
	s := &Store{seed: maphash.MakeSeed(), shards: make([]shard, 1<<order), shift: 64 - order}
	s.room.maxSessions, s.room.maxBytes = int64(o.MaxSessions), o.MaxBytes
	now := time.Now().UnixMilli()
	for i := range s.shards {
		s.shards[i].init(s.seed, &s.room, now)
	}
	return s
}

// Immediate implements [store.Immediate].
func (s *Store) Immediate() store.Store { return s }

// locate returns the shard of an id, and the tag it has there.
func (s *Store) locate(id string) (shard int, tag uint32) {
	h := maphash.String(s.seed, id)
	return int(h >> s.shift), uint32(h)
}

// Stats are counts of a [Store]: of what it holds, and of what happened since
// it was made. They are read one after the other, while others write.
type Stats struct {
	Sessions int   // records held, with those expired but not yet cleared away
	Owned    int   // those of them that have an owner
	Bytes    int64 // what counts towards Options.MaxBytes

	Expired uint64 // records cleared away because they had expired
	Evicted uint64 // records given up to make room
	Refused uint64 // Saves that returned store.ErrFull
}

// Stats returns the counts of now.
func (s *Store) Stats() Stats {
	return Stats{
		Sessions: int(s.room.sessions.Load()),
		Owned:    int(s.room.owned.Load()),
		Bytes:    s.room.bytes.Load(),
		Expired:  s.room.expired.Load(),
		Evicted:  s.room.evicted.Load(),
		Refused:  s.room.refused.Load(),
	}
}
