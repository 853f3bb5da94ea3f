package memstore

import "math"

const (
	// stepsOfFull is how many records of each shard are looked at for an
	// expired one before anything else is given up.
	stepsOfFull = 32

	// looks is how many records of a bucket are compared for the one soonest
	// to expire.
	looks = 16

	// maxEvicted is how many records are given up under one lock, when many
	// small ones have to make room for a large one.
	maxEvicted = 16
)

// makeRoom gives up records for w, at least one and no more than l asks for.
// It reports false if there is nothing to give up. It looks into one shard
// after the other, the own one first, and never holds two locks: so it may
// turn out that the room is taken again when it returns.
func (s *Store) makeRoom(own int, w *write, l shortage, now int64) bool {
	var best [kept]*shard
	starts := [kept]int64{math.MaxInt64, math.MaxInt64}
	more := false
	for i := range s.shards {
		sh := &s.shards[(own+i)%len(s.shards)]
		expired, unfinished, found := sh.offer(now, w.keepIf(i == 0))
		if expired > 0 {
			return true
		}
		more = more || unfinished
		for k, start := range found {
			if start < starts[k] {
				best[k], starts[k] = sh, start
			}
		}
	}
	if s.room.couldFit(w) {
		for k, sh := range best {
			if sh != nil {
				sh.evict(kind(k), w.keepIf(sh == &s.shards[own]), l)
				return true
			}
		}
	}
	return more
}

// keepIf returns the version of the record that w replaces, if own: that one
// must not go to make room for itself. Versions are those of a shard, so it
// means nothing elsewhere.
func (w *write) keepIf(own bool) uint64 {
	if own {
		return w.base
	}
	return 0
}

// offer clears away some records that are due. If it finds none, it returns
// when the first bucket of each kind begins that has a record to give up.
func (sh *shard) offer(now int64, keep uint64) (expired int, more bool, starts [kept]int64) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	expired, more = sh.expire(now, stepsOfFull)
	for k := range starts {
		_, starts[k] = sh.candidate(kind(k), keep)
	}
	return expired, more, starts
}

// candidate returns the first bucket of kind k that holds another record than
// the one with version keep, or a start of MaxInt64.
func (sh *shard) candidate(k kind, keep uint64) (b int, start int64) {
	w := &sh.wheels[k]
	b, start = w.soonest()
	if start == math.MaxInt64 || !sh.holdsOnly(w.first[b], keep) {
		return b, start
	}
	// The record to keep is alone in its bucket: take it out of the bits, and
	// look again.
	bit := uint64(1) << (b % 64)
	w.inUse[b/64] &^= bit
	other, start := w.soonest()
	w.inUse[b/64] |= bit
	return other, start
}

func (sh *shard) holdsOnly(first ref, version uint64) bool {
	if version == 0 {
		return false
	}
	rec := sh.arena.at(first)
	return rec.version() == version && rec.next() == 0
}

// evict gives up the records of kind k soonest to expire, until there is no
// shortage, but never the one with version keep.
func (sh *shard) evict(k kind, keep uint64, l shortage) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	for range maxEvicted {
		b, start := sh.candidate(k, keep)
		if start == math.MaxInt64 || !l.any() {
			return
		}
		r, rec := sh.soonestIn(sh.wheels[k].first[b], keep)
		gain := sh.size(r, rec)
		sh.remove(r, rec, sh.tag(rec))
		sh.room.evicted.Add(1)
		l.sessions -= gain.sessions
		l.bytes -= gain.bytes
	}
}

// soonestIn returns the record soonest to expire among the first of a list,
// other than the one with version keep.
func (sh *shard) soonestIn(first ref, keep uint64) (best ref, soonest record) {
	r := first
	for i := 0; r != 0 && (i < looks || best == 0); i++ {
		rec := sh.arena.at(r)
		if rec.version() != keep && (best == 0 || rec.end() < soonest.end()) {
			best, soonest = r, rec
		}
		r = rec.next()
	}
	return best, soonest
}
