package memstore

import (
	"context"
	"time"
)

const (
	// stepsOfSave is how many records a Save looks at to clear them away. A
	// record is looked at some five times in its life, and saved at least
	// once: so what is due is cleared away about as fast as new records come.
	stepsOfSave = 8

	// stepsOfSweep is how many records Sweep looks at under one lock.
	stepsOfSweep = 32
)

// Sweep clears away all records that have expired when it comes to them, a
// few at a time. It implements [store.Sweeper].
func (s *Store) Sweep(ctx context.Context) (int, error) {
	total := 0
	for i := range s.shards {
		for more := true; more; {
			if err := ctx.Err(); err != nil {
				return total, err
			}
			var n int
			n, more = s.shards[i].sweep()
			total += n
		}
	}
	return total, ctx.Err()
}

func (sh *shard) sweep() (expired int, more bool) {
	now := time.Now().UnixMilli()
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return sh.expire(now, stepsOfSweep)
}

// expire looks at the records that come first, at no more than steps of them,
// and removes those that are due. More is true if there may be further ones.
func (sh *shard) expire(now int64, steps int) (expired int, more bool) {
	for k := range sh.wheels {
		w := &sh.wheels[k]
		for {
			b, due := w.due(now)
			if !due {
				break
			}
			if steps == 0 {
				return expired, true
			}
			steps--
			if sh.step(w.first[b], now) {
				expired++
			}
		}
	}
	return expired, false
}

// due returns the first bucket of w, if it begins at now or before, and turns
// the wheel to its begin. Else the wheel turns to now.
func (w *wheel) due(now int64) (b int, ok bool) {
	if w.next <= now {
		if b, w.next = w.soonest(); w.next <= now {
			w.at = max(w.at, w.next)
			return b, true
		}
	}
	w.at = max(w.at, now)
	return 0, false
}

// step removes a record if it is due, and else puts it where it belongs now.
func (sh *shard) step(r ref, now int64) (expired bool) {
	rec := sh.arena.at(r)
	if rec.end() > now {
		sh.unlink(rec)
		sh.link(r, rec)
		return false
	}
	sh.remove(r, rec, sh.tag(rec))
	sh.room.expired.Add(1)
	return true
}
