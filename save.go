package session

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sojourn-go/session/internal/record"
	"github.com/sojourn-go/session/store"
)

// save does one Save, and repeats the same bytes as long as the answer leaves
// open whether it was applied. It reports whether the batch is over.
func (b *batch) save(d *draft) (done bool) {
	at := attempt{stamp: b.leader.newStamp(), writes: b.cur.rec.Writes(), version: b.cur.version}
	next, view, needed := b.next(d, at.stamp)
	if !needed && b.cur.lately {
		b.cur = nil // nothing to change in what a cache says: look at the record itself
		return false
	}
	if !needed {
		b.finish(b.cur)
		return true
	}
	for first := true; ; first = false {
		asOf := b.qs.clock.Add(1)
		b.sending, b.inflight = true, at
		version, err := b.qs.store.Save(b.qs.context(b.lim), b.leader.id, next)
		b.sending = false
		switch {
		case err == nil || errors.Is(err, store.ErrNotDurable):
			b.qs.weak.CompareAndSwap(false, err != nil)
			b.cur = b.leader.kept.take()
			*b.cur = saved{rec: view, owner: d.owner, version: version, exists: true, asOf: asOf}
			b.kept(err)
			return true
		case b.once:
			b.fail(inTransaction(err))
			return true
		case errors.Is(err, store.ErrConflict):
			return b.conflict(at)
		case errors.Is(err, store.ErrFull) && len(b.live) > 1:
			b.live = b.live[:1] // perhaps the others' fault; they are tried again without it
			b.rest()
			return false
		case errors.Is(err, store.ErrFull) || errors.Is(err, store.ErrRefused):
			b.fail(fmt.Errorf("%w: save: %w", ErrUnavailable, err))
			return true
		}
		if first {
			b.remember(at)
		}
		b.note(err)
		if b.lim.left() <= 0 {
			b.cur = nil
			b.expire()
			return true
		}
		b.rest()
	}
}

// remember notes a Save that may have been applied in each job that was in it.
func (b *batch) remember(at attempt) {
	for _, j := range b.live {
		if at.after = j.after; j.refusal == nil {
			j.attempts = append(j.attempts, at)
		}
	}
}

// note keeps the store's last word. That time ran out says less than what it
// ran out on.
func (b *batch) note(err error) {
	if b.cause == nil || !errors.Is(err, context.DeadlineExceeded) {
		b.cause = err
	}
}

// next returns what is to be saved, its view, and whether that would change
// anything.
func (b *batch) next(d *draft, stamp uint64) (rec store.Record, view record.Record, needed bool) {
	if !d.exists {
		return rec, view, false
	}
	view, changed := d.next(stamp)
	rec = store.Record{Data: view.Bytes(), Owner: d.owner, Version: b.cur.version}
	forced := false
	for _, j := range b.live {
		if j.refusal == nil {
			forced = forced || j.forced
			rec.Durable = rec.Durable || j.durable
		}
	}
	if !forced && !changed && b.cur.exists && d.owner == b.cur.owner {
		return rec, view, false
	}
	rec.Expires = d.expires(b.now, b.qs.timeout)
	return rec, view, true
}

// kept takes note of a Save that was applied.
func (b *batch) kept(err error) {
	for _, j := range b.live {
		j.wrote, j.exact, j.weak = true, true, err != nil
	}
	b.finish(b.cur)
}

// conflict loads the newer record. If our own stamp is in it, the Save was
// applied after all, and the answer lost on the way.
func (b *batch) conflict(at attempt) (done bool) {
	b.cur = nil
	b.rest() // before the load: what is loaded first would be out of date again
	if err := b.load(); err != nil {
		b.remember(at) // whoever answered may have asked the server twice
		b.fail(err)
		return true
	}
	head := b.cur.rec.Header()
	if b.cur.exists && head.Stamped(at.stamp) {
		weak := b.confirm(slices.ContainsFunc(b.live, func(j *job) bool { return j.refusal == nil && j.durable }))
		for _, j := range b.live {
			j.wrote, j.foreign, j.exact, j.weak = true, true, b.cur.rec.Writes() == at.writes+1, weak
		}
		b.finish(b.cur)
		return true
	}
	for _, j := range b.live {
		j.conflict = true
	}
	return false
}

// confirm saves the newest record once more, as it is, if something in it was to
// be durable of which the answer was lost, and with it whether it is safe. A
// store that is safe up to this Save is so up to that one. It reports whether it
// is not.
func (b *batch) confirm(durable bool) (weak bool) {
	if !durable || !b.qs.weak.Load() {
		return false
	}
	for {
		rec := store.Record{
			Data: b.cur.rec.Bytes(), Owner: b.cur.owner, Version: b.cur.version, Durable: true,
			Expires: b.cur.draft().expires(time.Now(), b.qs.timeout),
		}
		version, err := b.qs.store.Save(b.qs.context(b.lim), b.leader.id, rec)
		if err == nil || errors.Is(err, store.ErrNotDurable) {
			next := *b.cur
			next.version, b.cur = version, &next
			return err != nil
		}
		if b.lim.left() <= 0 || errors.Is(err, store.ErrFull) || errors.Is(err, store.ErrRefused) {
			break
		}
		b.rest()
		cur, err := b.qs.load(b.qs.context(b.lim), b.leader.id)
		if err == nil && !cur.exists {
			break
		}
		if err == nil {
			b.cur = cur // whoever wrote it, wrote it upon ours
		}
	}
	return true
}

// newStamp returns a random mark for one Save.
func (j *job) newStamp() uint64 {
	if stamp := j.stamp; stamp != 0 {
		j.stamp = 0
		return stamp
	}
	return newStamp()
}

func newStamp() uint64 {
	var b [8]byte
	rand.Read(b[:])
	return stampOf(b)
}

// stampOf makes a stamp of random bytes; never 0.
func stampOf(b [8]byte) uint64 { return binary.LittleEndian.Uint64(b[:]) | 1 }
