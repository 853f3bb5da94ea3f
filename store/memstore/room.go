package memstore

import "sync/atomic"

// indexLen is what a record takes in the index, on average.
const indexLen = 12

// A size is what one record counts; the zero size is that of no record.
type size struct {
	sessions, bytes   int64
	owned, ownedBytes int64 // the same again, if it has an owner
}

func sizeOf(class, outside int, owned bool) size {
	z := size{sessions: 1, bytes: int64(slotLen[class]) + indexLen + int64(outside)}
	if owned {
		z.owned, z.ownedBytes = z.sessions, z.bytes
	}
	return z
}

// A shortage is what a write wants beyond the bounds.
type shortage struct{ sessions, bytes int64 }

func (l shortage) any() bool { return l.sessions > 0 || l.bytes > 0 }

// A room counts what all shards hold, and what became of the rest.
type room struct {
	maxSessions, maxBytes int64

	sessions, bytes   atomic.Int64
	owned, ownedBytes atomic.Int64

	expired, evicted, refused atomic.Uint64
}

// change counts new instead of old, unless a bound is in the way: then it
// changes nothing and says what is missing.
func (m *room) change(old, new size) (l shortage) {
	if l.sessions = raise(&m.sessions, new.sessions-old.sessions, m.maxSessions); l.sessions > 0 {
		return l
	}
	if l.bytes = raise(&m.bytes, new.bytes-old.bytes, m.maxBytes); l.bytes > 0 {
		m.sessions.Add(old.sessions - new.sessions)
		return l
	}
	if new.ownedBytes != old.ownedBytes {
		m.owned.Add(new.owned - old.owned)
		m.ownedBytes.Add(new.ownedBytes - old.ownedBytes)
	}
	return l
}

// raise adds d to n; if d is positive, only up to limit. It returns how much
// is missing.
func raise(n *atomic.Int64, d, limit int64) int64 {
	for {
		was := n.Load()
		if d > 0 && was+d > limit {
			return was + d - limit
		}
		if d == 0 || n.CompareAndSwap(was, was+d) {
			return 0
		}
	}
}

// couldFit tells whether w would fit if all records without an owner were
// given up. Without this question a record that is too large would push out
// the others, and then be refused all the same.
func (m *room) couldFit(w *write) bool {
	return m.ownedBytes.Load()-w.before.ownedBytes+w.size().bytes <= m.maxBytes
}
