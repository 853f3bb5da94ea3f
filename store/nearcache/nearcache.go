package nearcache

import (
	"errors"
	"fmt"
	"hash/maphash"
	"math"
	"sync/atomic"
	"time"

	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/memstore"
)

var (
	_ store.Cached    = (*Store)(nil)
	_ store.Unwrapper = (*Store)(nil)
)

const (
	defaultBytes = 64 << 20
	defaultBound = 2 * time.Second
	leastBound   = 100 * time.Millisecond
	mostBound    = time.Minute

	mostSessions = 1 << 29 // of a memstore
	leastEntry   = 64      // bytes: no record takes less in memory
)

// Options say how much a [Store] may keep, and for how long. Their zero value
// is good for a few hundred thousand sessions.
type Options struct {
	_ [0]func() // keyed literals only

	// MaxBytes is how much memory the kept answers may take, 0 for 64 MiB.
	// They count as in store/memstore: with data, owner, id and some 70 bytes
	// of bookkeeping each. When there is no room, others are given up.
	MaxBytes int64

	// MaxSessions is how many answers may be kept, at most 1<<29; 0 is as
	// many as MaxBytes admits.
	MaxSessions int

	// Bound is how old an answer from memory may be, whatever happens to the
	// server or to the feed: 100 ms to 1 min, 0 for 2 s.
	Bound time.Duration
}

// A Store answers loads from memory, as long as somebody tells it what
// changes; all else it hands to the store inside. Make one with [New]. Its
// methods may be called from any number of goroutines at once.
type Store struct {
	inner store.Store
	kept  *memstore.Store
	bound time.Duration

	base     time.Time     // what clock counts from
	vouched  atomic.Int64  // by clock: what was before this has been told
	everyone atomic.Uint64 // how often everything was forgotten
	seed     maphash.Seed
	stripes  [stripes]stripe
}

// New returns a Store around inner that keeps nothing yet. Its error names
// every fault of o.
func New(inner store.Store, o Options) (*Store, error) {
	if err := check(inner, o); err != nil {
		return nil, err
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = defaultBytes
	}
	if o.MaxSessions == 0 {
		o.MaxSessions = int(min(max(o.MaxBytes/leastEntry, 1), mostSessions))
	}
	if o.Bound == 0 {
		o.Bound = defaultBound
	}
	s := &Store{
		inner: inner,
		kept:  memstore.New(memstore.Options{MaxSessions: o.MaxSessions, MaxBytes: o.MaxBytes}),
		bound: o.Bound,
		base:  time.Now(),
		seed:  maphash.MakeSeed(),
	}
	s.vouched.Store(math.MinInt64 / 2) // so far ago that it counts for nothing
	return s, nil
}

func check(inner store.Store, o Options) error {
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("nearcache: "+format, args...))
	}
	if inner == nil {
		fault("there is no store to keep answers of: the first argument of New is nil")
	}
	if o.MaxBytes < 0 {
		fault("Options.MaxBytes is %d: leave it 0 for the default", o.MaxBytes)
	}
	if o.MaxSessions < 0 || o.MaxSessions > mostSessions {
		fault("Options.MaxSessions is %d: want 1 to %d, or 0 for as many as MaxBytes admits", o.MaxSessions, mostSessions)
	}
	if o.Bound != 0 && (o.Bound < leastBound || o.Bound > mostBound) {
		fault("Options.Bound is %v: want %v to %v, or 0 for %v", o.Bound, leastBound, mostBound, defaultBound)
	}
	return errors.Join(faults...)
}

// Unwrap returns the store inside.
func (s *Store) Unwrap() store.Store { return s.inner }

// Bound returns how old an answer from memory may be. Who feeds the store has
// to vouch more often than that.
func (s *Store) Bound() time.Duration { return s.bound }

// Stats are counts of a [Store]. They are read one after the other, while
// others load.
type Stats struct {
	Hits   uint64 // LoadCacheds that were answered from memory
	Misses uint64 // LoadCacheds that asked the store inside

	Sessions int   // answers kept, with those that are past and not yet cleared away
	Bytes    int64 // what counts towards Options.MaxBytes
}

// Stats returns the counts of now.
func (s *Store) Stats() Stats {
	var total Stats
	for i := range s.stripes {
		total.Hits += s.stripes[i].hits.Load()
		total.Misses += s.stripes[i].misses.Load()
	}
	kept := s.kept.Stats()
	total.Sessions, total.Bytes = kept.Sessions, kept.Bytes
	return total
}
