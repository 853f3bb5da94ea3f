package session

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"time"

	"github.com/sojourn-go/session/internal/record"
)

// A batch is the jobs that go into one Save.
type batch struct {
	qs   *queues
	lim  *limit // the leader's
	now  time.Time
	jobs []*job
	cur  *saved // the newest record known; nil: none is

	live  []*job // jobs neither done nor refused
	cause error  // the last answer that settled nothing
	tries int32
	once  bool // in a transaction, which whoever runs it may run again

	sending  bool    // a Save is under way, in which the store may panic:
	inflight attempt // this one

	leader *job
}

// unfinished returns the jobs, except the leader's own, that the batch left
// without an outcome, and which have time left to be tried again.
func (b *batch) unfinished() (again []*job) {
	for _, j := range b.jobs {
		if j.err != nil || j.saved != nil {
			continue
		}
		if j != b.leader && j.lim.left() > 0 {
			again = append(again, j)
			continue
		}
		j.err = fmt.Errorf("%w: %w", ErrUnavailable, cmp.Or(b.cause, context.DeadlineExceeded))
	}
	return again
}

// run applies, saves and replays until every job is done or the leader's time
// is over.
func (b *batch) run() {
	b.live = b.jobs
	if len(b.jobs) > 1 { // the one shrinks, the other must not be written to
		b.live = slices.Clone(b.jobs)
	}
	b.choose()
	for ; len(b.live) > 0; b.now = time.Now() {
		if !b.now.Before(b.lim.deadline()) {
			b.expire()
			return
		}
		if b.cur == nil {
			if err := b.load(); err != nil {
				b.fail(err)
				return
			}
		}
		b.resolve()
		d := b.apply()
		if len(b.live) == 0 {
			return
		}
		if done := b.save(d); done {
			return
		}
	}
}

// choose picks the record to begin with: none that is older than what any of
// the requests has seen, or than the coming of one that has seen none. Another
// process may have written since the last batch.
func (b *batch) choose() {
	for _, j := range b.jobs {
		if j.base != nil && (b.cur == nil || j.base.newer(b.cur)) {
			b.cur = j.base
		}
	}
	for _, j := range b.jobs {
		if len(j.attempts) > 0 || j.base == nil && b.cur != nil && b.cur.asOf < j.began {
			b.cur = nil
			return
		}
	}
}

// load reads the newest record. As long as an earlier Save may have been
// applied it does not give up before the deadline.
func (b *batch) load() error {
	for {
		cur, err := b.qs.load(b.qs.context(b.lim), b.leader.id)
		if err == nil {
			b.cur = cur
			return nil
		}
		var newer *record.VersionError
		if errors.As(err, &newer) || !b.ambiguous() || b.lim.left() <= 0 {
			return err
		}
		b.rest()
	}
}

func (b *batch) ambiguous() bool {
	for _, j := range b.live {
		if len(j.attempts) > 0 {
			return true
		}
	}
	return false
}

// resolve settles, against the record just loaded, the jobs of which an
// earlier Save may have been applied.
func (b *batch) resolve() {
	if !b.ambiguous() {
		return
	}
	head := b.cur.rec.Header()
	rest, settled, durable := b.live[:0], []*job(nil), false
	for _, j := range b.live {
		known, unknown := false, false
		for _, a := range j.attempts {
			if b.cur.exists && head.Stamped(a.stamp) {
				known, j.after, j.exact = true, a.after, head.Writes == a.writes+1
			}
			// Beyond the stamps that a record remembers, ours may have been.
			unknown = unknown || !b.cur.exists || beyond(&head, a.writes)
		}
		switch {
		case known:
			j.wrote, j.foreign, j.attempts = true, true, nil
			settled, durable = append(settled, j), durable || j.durable
		case unknown && b.moved(j):
			j.err = ErrUnknown
		default:
			if b.moved(j) {
				j.attempts = nil // based on a version that is gone: it will never be applied
			}
			rest = append(rest, j)
		}
	}
	b.live = rest
	weak := b.confirm(durable)
	for _, j := range settled {
		j.saved, j.weak = b.cur, weak
		j.exact = j.exact && b.cur.rec.Writes() == head.Writes
	}
}

// beyond reports whether more Saves have come upon a record of so many than it
// remembers stamps, or some were lost.
func beyond(head *record.Header, writes uint64) bool {
	return head.Writes-writes > record.MaxStamps
}

// moved reports whether the record has left the state that j's attempts were
// based on.
func (b *batch) moved(j *job) bool {
	for _, a := range j.attempts {
		if a.version == b.cur.version {
			return false
		}
	}
	return true
}

// apply lets every live job decide, in order, each upon what the one before
// made of the record. A refused job leaves no trace in it. If what it was
// refused upon is not stored yet, the refusal holds only once it is.
func (b *batch) apply() *draft {
	d := b.leader.draftOf()
	b.cur.begin(d)
	rest, accepted, many := b.live[:0], 0, len(b.live) > 1
	for _, j := range b.live {
		before := d
		if many {
			d = before.clone()
		}
		// Others before it, or a newer base: it has not seen all of this.
		j.foreign = accepted > 0 || j.base == nil || j.base.version != b.cur.version
		j.upon = nil
		if accepted == 0 {
			j.upon = b.cur
		}
		j.refusal = b.try(j, d)
		switch {
		case j.refusal == nil:
			j.after = d
			accepted++
		case accepted == 0 || j.panicked != nil:
			j.err = j.refusal
			d = before
			continue
		default:
			d = before
		}
		rest = append(rest, j)
	}
	b.live = rest
	return d
}

// try runs one decision. What it panics with belongs to its own goroutine.
func (b *batch) try(j *job, d *draft) (err error) {
	returned := false
	defer func() {
		if returned {
			return
		}
		if p := recover(); p != nil {
			j.panicked, err = p, errPanicked
			return
		}
		j.err = errPanicked // runtime.Goexit: this goroutine is ending
	}()
	err = j.decide(d, b.now)
	if err == nil && d.kind() != record.Owner && d.size() > b.qs.maxRecord {
		if n := len(d.build().Bytes()); n > b.qs.maxRecord {
			name, most := largest(d)
			err = tooLarge(n, name, most, b.qs.maxRecord)
		}
	}
	returned = true
	return err
}

func largest(d *draft) (name string, n int) {
	for k, v := range d.all() {
		if len(v) >= n {
			name, n = k, len(v)
		}
	}
	return name, n
}

// finish gives every live job its outcome.
func (b *batch) finish(s *saved) {
	for _, j := range b.live {
		if j.refusal != nil {
			j.err = j.refusal
			continue
		}
		j.foreign = j.foreign || len(b.live) > 1
		j.saved, j.attempts = s, nil
	}
	b.live = nil
}

func (b *batch) fail(err error) {
	for _, j := range b.live {
		j.err = err
	}
	b.live = nil
}

// expire ends the batch at the leader's deadline. Jobs with time left are
// tried again by the next leader; see unfinished.
func (b *batch) expire() { b.live = nil }

// rest waits with growing jitter, so that processes which write to one record
// do not keep step.
func (b *batch) rest() {
	b.tries++
	if b.tries == 1 {
		return
	}
	most := min(time.Millisecond<<min(b.tries, 6), 50*time.Millisecond)
	t := time.NewTimer(min(time.Duration(mathrand.Int64N(int64(most))), max(0, b.lim.left())))
	defer t.Stop()
	<-t.C
}

func tooLarge(n int, name string, most, limit int) error {
	return fmt.Errorf("%w: %d bytes, of which %d are in the value of %q; Options.MaxRecord is %d",
		ErrTooLarge, n, most, name, limit)
}
