package nearcache

import (
	"context"
	"encoding/binary"
	"errors"
	"hash/maphash"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sojourn-go/session/store"
)

const (
	stripes = 1024
	epochs  = 8
)

// A stripe is for the ids that hash to it.
type stripe struct {
	mu sync.Mutex // held for every change of what is kept under these ids

	// The epoch of an id grows whenever an answer that was asked for before
	// must not be kept any more. There are more of them than locks: an id
	// that shares one with another loses an answer now and then.
	epoch [epochs]uint64

	hits, misses atomic.Uint64
}

// A place is where an id belongs.
type place struct {
	stripe *stripe
	epoch  *uint64 // under the stripe's lock
}

func (s *Store) place(id string) place {
	h := maphash.String(s.seed, id)
	st := &s.stripes[h%stripes]
	return place{st, &st.epoch[h/stripes%epochs]}
}

// A question is a load on its way to the store inside.
type question struct {
	place    place
	keep     bool // whether the answer may be kept, if nothing happens meanwhile
	epoch    uint64
	everyone uint64
	asked    int64     // by clock
	end      time.Time // when the answer is too old, by the wall clock
}

// ask notes what is true before the question is sent. Without a feed nothing
// is kept: nothing could be answered with it.
func (s *Store) ask(p place) question {
	now := time.Now().Round(0)
	q := question{place: p, asked: s.clock(), end: now.Add(s.bound), everyone: s.everyone.Load()}
	q.keep = q.asked-s.vouched.Load() < int64(s.bound)
	p.stripe.mu.Lock()
	defer p.stripe.mu.Unlock()
	q.epoch = *p.epoch
	return q
}

// What is kept is a record of a memstore, without an owner, since those with
// one are never given up. Its end is the end of the record or of the bound,
// whichever comes first. Its data are
//
//	 0  when it was asked for, by clock
//	 8  everyone, when it was asked for
//	16  version
//	24  end of the record in Unix milliseconds, or never
//	32  length of the owner
//	33  owner, data
//
// The bound is judged by both clocks: the end by the wall clock, which goes on
// while a machine sleeps, and asked by the monotonic one, which nobody can set
// back.
const headLen = 33

const (
	never    int64 = math.MinInt64
	maxOwner       = 255
)

var le = binary.LittleEndian

// An entry is what is kept of one answer.
type entry []byte

func (e entry) asked() int64     { return int64(le.Uint64(e)) }
func (e entry) everyone() uint64 { return le.Uint64(e[8:]) }
func (e entry) version() uint64  { return le.Uint64(e[16:]) }

// record returns what was answered. Its data are those of e.
func (e entry) record() store.Record {
	n := headLen + int(e[32])
	rec := store.Record{Version: e.version(), Owner: string(e[headLen:n]), Data: e[n:]}
	if end := int64(le.Uint64(e[24:])); end != never {
		rec.Expires = time.UnixMilli(end).UTC()
	}
	return rec
}

// recall answers from memory, if the package's promises allow it.
func (s *Store) recall(id string) (rec store.Record, ok bool) {
	// The context has been asked. What has expired, kept does not return.
	got, err := s.kept.Load(context.Background(), id)
	if err != nil {
		return rec, false
	}
	e, now, bound := entry(got.Data), s.clock(), int64(s.bound)
	if now-e.asked() >= bound || now-s.vouched.Load() >= bound || e.everyone() != s.everyone.Load() {
		return rec, false
	}
	return e.record(), true
}

// pack makes kept what is to be kept of the answer rec, if that can be kept.
func (q *question) pack(kept, rec *store.Record) bool {
	end, ok := toEnd(rec.Expires)
	if !ok || len(rec.Owner) > maxOwner {
		return false
	}
	e := make(entry, headLen+len(rec.Owner)+len(rec.Data))
	le.PutUint64(e, uint64(q.asked))
	le.PutUint64(e[8:], q.everyone)
	le.PutUint64(e[16:], rec.Version)
	le.PutUint64(e[24:], uint64(end))
	e[32] = byte(len(rec.Owner))
	n := headLen + copy(e[headLen:], rec.Owner)
	copy(e[n:], rec.Data)
	kept.Data, kept.Expires = e, q.end
	if end != never && time.UnixMilli(end).Before(q.end) {
		kept.Expires = time.UnixMilli(end)
	}
	return true
}

// put keeps an answer instead of what was there; if there is no room, none.
// It needs the stripe's lock, as do holds and drop.
func (s *Store) put(id string, kept store.Record) {
	_, err := s.kept.Save(context.Background(), id, kept)
	if errors.Is(err, store.ErrConflict) {
		s.drop(id)
		_, _ = s.kept.Save(context.Background(), id, kept)
	}
}

// holds tells whether this version is kept under id.
func (s *Store) holds(id string, version uint64) bool {
	got, err := s.kept.Load(context.Background(), id)
	return err == nil && entry(got.Data).version() == version
}

// drop gives up what is kept under id, also what kept no longer returns: if
// the wall clock is set back, it would again. An id that a memstore refuses was
// never kept.
func (s *Store) drop(id string) { _ = s.kept.Delete(context.Background(), id) }

var (
	firstEnd = time.UnixMilli(0)
	lastEnd  = time.UnixMilli(253402300799999) // 9999-12-31 23:59:59.999
)

// toEnd is false for times which the contract does not keep as they are.
func toEnd(t time.Time) (end int64, ok bool) {
	if t.IsZero() {
		return never, true
	}
	return t.UnixMilli(), !t.Before(firstEnd) && !t.After(lastEnd)
}
