package session

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/sojourn-go/session/internal/record"
	"github.com/sojourn-go/session/store"
)

// settleLogin is what a login needs besides its session's Save: its place in
// the owner record. Until that is kept no cookie has been sent, so a failure
// undoes the login, and nobody is the wiser.
func (m *Manager) settleLogin(ctx context.Context, c *commit, o *outcome) error {
	i := c.list.last(doLogin)
	var err error
	switch {
	case c.verdict() != nil:
		err = c.verdict()
	case i >= 0:
		err = m.enroll(ctx, c, c.list[i].terms.AtEpoch, o)
	case c.list.last(doStepUp) >= 0:
		err = m.enroll(ctx, c, 0, o) // its end has moved
	}
	if err != nil && store.TransactionOf(ctx) == nil { // which undoes it by being rolled back
		m.undo(ctx, c)
	}
	return err
}

// How many of an owner's oldest sessions a login over the limit looks at, to
// tell those that ended from those that it must end.
const maxLooks = 32

var errCrowded = errors.New("session: the owner's oldest sessions are to be looked at")

// enroll adds the session to its owner's record, and ends the oldest over the
// limit.
func (m *Manager) enroll(ctx context.Context, c *commit, epoch uint64, o *outcome) error {
	head := c.saved.rec.Header()
	e := entry{id: c.id, since: head.Authenticated, end: head.End}
	en := &enrolment{entry: e, epoch: epoch, limit: m.opts.Limit}
	for {
		lim := c.lim.again()
		j := m.newOwnerJob(lim, c.owner(), en.change)
		j.added = []entry{en.entry}
		m.queues.commit(&j.job)
		if !errors.Is(j.err, errCrowded) {
			if err := j.verdict(); err != nil {
				return err
			}
			if j.lost {
				_ = m.lostList(ctx, c.owner()) // reported; the login itself stands
			}
			return m.evict(ctx, c, en.evict, o)
		}
		lim = c.lim.again()
		en.gone = map[string]bool{}
		for _, x := range en.crowd[:min(maxLooks, len(en.crowd))] {
			en.gone[x.id] = m.gone(lim, x.id, c.owner())
		}
		lim.release()
	}
}

// An enrolment puts a session on its owner's list.
type enrolment struct {
	entry
	epoch uint64 // that it is held to; 0: none
	limit int
	gone  map[string]bool // the oldest, and whether they are over; empty: nobody has looked

	crowd, evict []entry // of the last decision: who is there already, and who must go
}

func (en *enrolment) change(d *draft, list []entry) error {
	en.crowd, en.evict = make([]entry, 0, len(list)), nil
	if en.epoch != 0 && d.generation() != en.epoch {
		return ErrEpoch
	}
	e := en.entry
	for _, x := range list {
		switch {
		case x.id == e.id:
			// Should this login be undone, the session has its former end.
			if x.end == 0 || e.end != 0 && x.end > e.end {
				e.end = x.end
			}
		case en.gone[x.id]:
			d.remove(x.id)
		default:
			en.crowd = append(en.crowd, x)
		}
	}
	d.set(e.id, e.encode())
	excess := len(en.crowd) + 1 - en.limit
	if excess > 0 && len(en.gone) == 0 {
		return errCrowded
	}
	for _, x := range en.crowd[:max(0, min(excess, len(en.crowd)))] {
		x.ending = true
		d.set(x.id, x.encode())
		en.evict = append(en.evict, x)
	}
	return nil
}

// gone reports whether a session on an owner's list is over for the owner. If
// that cannot be found out, it is not. One that bears another name does not
// come back to the owner by the undoing of a login (see ending).
func (m *Manager) gone(ctx context.Context, id, owner string) bool {
	cur, err := m.queues.load(ctx, id)
	head := cur.head()
	switch {
	case err != nil:
		return false
	case !cur.exists || head.Kind != record.Session || over(&head, time.Now().UnixMilli()):
		return true
	case cur.owner != owner:
		_, err := m.endOne(ctx, id, owner, keptAway)
		return errors.Is(err, ErrNotFound)
	}
	return false
}

// evict ends the sessions that had to make room.
func (m *Manager) evict(ctx context.Context, c *commit, list []entry, o *outcome) error {
	for _, x := range list {
		ended, err := m.endOne(ctx, x.id, c.owner(), ownersNow)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		if ended {
			o.events = append(o.events, Event{Kind: Evicted, ID: x.id, Owner: c.owner()})
		}
	}
	return nil
}

// undo takes a login or renewal back that was saved and must not stand. A
// session that it created is ended. One that it changed gets its previous
// record back, if it has not changed since.
func (m *Manager) undo(ctx context.Context, c *commit) {
	err := m.restore(ctx, c)
	if err != nil {
		_, err = m.endOne(ctx, c.id, "", anybodys)
	}
	if err != nil && !errors.Is(err, ErrNotFound) {
		m.report(ctx, slog.LevelError, "session: a login that failed could not be undone; nobody holds its token",
			Event{Kind: Failed, ID: c.id, Owner: c.owner(), Err: err})
	}
}

var errMoved = errors.New("session: the record has changed since")

// restore puts back what the list was applied to. Whoever ends sessions of the
// owner before, and finds this one under the name of another, changes the
// record (see ending), so that it does not come back behind their back.
func (m *Manager) restore(ctx context.Context, c *commit) error {
	before := c.before
	if before == nil && c.upon != nil {
		before = c.upon.draft()
	}
	if before == nil || !c.exact {
		return errMoved
	}
	r := &restoring{to: before, from: c.saved}
	r.decider = r
	r.id, r.base, r.lim, r.closes, r.durable = c.id, c.saved, newLimit(ctx, m.opts.Timeout), true, true
	m.queues.commit(&r.job)
	return r.err
}

type restoring struct {
	job
	to   *draft
	from *saved
}

func (r *restoring) decide(d *draft, _ time.Time) error {
	if !bytes.Equal(d.base.Bytes(), r.from.rec.Bytes()) {
		return errMoved
	}
	was, h := r.to.header(), d.header()
	h.Kind, h.Persistent, h.Level = was.Kind, was.Persistent, was.Level
	h.Created, h.Authenticated, h.Seen = was.Created, was.Authenticated, was.Seen
	h.End, h.Idle, h.Lifetime = was.End, was.Idle, was.Lifetime
	h.Generation, h.Secret = was.Generation, was.Secret
	d.owner = r.to.owner
	d.clear()
	for name, value := range r.to.all() {
		d.set(name, value)
	}
	return nil
}
