package measure

import (
	"math/bits"
	"time"
)

// A Histogram counts times in steps of a 32nd of them, so that millions of
// them take no room. It is for one goroutine.
type Histogram struct {
	counts [64 << subBits]uint32
	total  uint64
}

const subBits = 5

// Add counts a time.
func (h *Histogram) Add(d time.Duration) {
	h.counts[bucket(uint64(max(d, 0)))]++
	h.total++
}

// Merge adds the times of another one.
func (h *Histogram) Merge(other *Histogram) {
	for i, n := range other.counts {
		h.counts[i] += n
	}
	h.total += other.total
}

// Count returns how many times were added.
func (h *Histogram) Count() uint64 { return h.total }

// Quantile returns the time that the q-th part of all did not exceed, in
// nanoseconds; 0 if there is none. That of 1 is the longest.
func (h *Histogram) Quantile(q float64) float64 {
	rank, seen := min(uint64(q*float64(h.total)), max(h.total, 1)-1), uint64(0)
	for i, n := range h.counts {
		if seen += uint64(n); seen > rank {
			return float64(least(i)+least(i+1)) / 2
		}
	}
	return 0
}

// bucket returns which times a time is counted with.
func bucket(ns uint64) int {
	if ns < 1<<subBits {
		return int(ns)
	}
	shift := bits.Len64(ns) - 1 - subBits
	return (shift+1)<<subBits + int(ns>>shift&(1<<subBits-1))
}

// least returns the least of the times that are counted in a bucket.
func least(bucket int) uint64 {
	if bucket < 1<<subBits {
		return uint64(bucket)
	}
	shift := bucket>>subBits - 1
	return (1<<subBits + uint64(bucket&(1<<subBits-1))) << shift
}
