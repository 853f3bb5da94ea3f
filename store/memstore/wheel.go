package memstore

import (
	"math"
	"math/bits"
)

const (
	levels  = 11
	buckets = levels * 64

	// In the previous-link of the first record of a bucket stands the bucket.
	markBit ref = 1 << 31
)

// A wheel sorts records by their ends: roughly those far away, exactly those
// that are near. Level n has 64 buckets of 8**n milliseconds each; a record
// lies in the lowest level that reaches its end from at, or in the last bucket
// of all. When time comes to a bucket, its records are due or go to lower
// levels.
type wheel struct {
	at    int64          // the time it has turned to: no bucket in use ends before
	next  int64          // no bucket in use begins before: a bound that is cheap to ask
	inUse [levels]uint64 // which buckets have records
	first [buckets]ref   // the list of each bucket
}

func (w *wheel) init(now int64) {
	w.at, w.next = now, math.MaxInt64
}

// bucket returns where a record with this end belongs.
func (w *wheel) bucket(end int64) int {
	end = max(end, w.at) // late ones, and after the clock was set back
	for level := range levels {
		if shift := 3 * level; end>>shift-w.at>>shift < 64 {
			return level*64 + int(end>>shift&63)
		}
	}
	const shift = 3 * (levels - 1)
	return (levels-1)*64 + int((w.at>>shift+63)&63)
}

// start returns the time with which bucket b begins.
func (w *wheel) start(b int) int64 {
	shift := 3 * (b / 64)
	now := w.at >> shift
	return (now + (int64(b)-now)&63) << shift
}

// ahead returns the buckets in use of a level, turned so that the bit of the
// bucket that comes first is the lowest.
func (w *wheel) ahead(level int) (turned uint64, first int) {
	first = int(w.at >> (3 * level) & 63)
	return bits.RotateLeft64(w.inUse[level], -first), first
}

// soonest returns the bucket that begins first, or a start of MaxInt64. Of two
// that begin together it is the one of the higher level, since its records
// may belong into the other.
func (w *wheel) soonest() (b int, start int64) {
	start = math.MaxInt64
	for level := range levels {
		turned, first := w.ahead(level)
		if turned == 0 {
			continue
		}
		c := level*64 + (first+bits.TrailingZeros64(turned))&63
		if s := w.start(c); s <= start {
			b, start = c, s
		}
	}
	return b, start
}

// link puts a record into its bucket.
func (sh *shard) link(r ref, rec record) {
	k := rec.kind()
	w := &sh.wheels[k]
	b := w.bucket(rec.end())
	head := w.first[b]
	rec.setNext(head)
	rec.setPrev(markBit | ref(k)<<10 | ref(b))
	w.first[b] = r
	if head != 0 {
		sh.arena.at(head).setPrev(r)
		return
	}
	w.inUse[b/64] |= 1 << (b % 64)
	w.next = min(w.next, w.start(b))
}

// unlink takes a record out of its bucket.
func (sh *shard) unlink(rec record) {
	sh.join(rec.prev(), rec.next())
	if next := rec.next(); next != 0 {
		sh.arena.at(next).setPrev(rec.prev())
	}
}

// relink tells the neighbours of a record that it is at r now.
func (sh *shard) relink(r ref, rec record) {
	sh.join(rec.prev(), r)
	if next := rec.next(); next != 0 {
		sh.arena.at(next).setPrev(r)
	}
}

// join makes next the one after prev, which may be the mark of a bucket.
func (sh *shard) join(prev, next ref) {
	if prev&markBit == 0 {
		sh.arena.at(prev).setNext(next)
		return
	}
	w, b := &sh.wheels[prev>>10&3], int(prev&(1<<10-1))
	w.first[b] = next
	if next == 0 {
		w.inUse[b/64] &^= 1 << (b % 64)
	}
}
