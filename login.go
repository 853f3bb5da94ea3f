package session

import (
	"bytes"
	"cmp"
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

// How many of an owner's sessions a login over the limit looks at, to tell those
// that ended from those that count, before it asks again whether there is room.
// With EndOldest the oldest that is alive then goes, though a younger one may be
// over: to look at all would make each login of a crowded owner as dear as the
// limit is high. And after so many rounds it goes unseen: of many logins at once
// each finds others that came meanwhile.
const (
	maxLooks  = 32
	maxRounds = 2
)

var errCrowded = errors.New("session: the owner's sessions are to be looked at")

// enroll adds the session to its owner's record, and makes room for it there by
// Options.OverLimit.
func (m *Manager) enroll(ctx context.Context, c *commit, epoch uint64, o *outcome) error {
	head := c.saved.rec.Header()
	en := &enrolment{
		entry: entry{id: c.id, since: head.Authenticated, end: head.End},
		epoch: epoch, limit: m.opts.Limit, deny: m.opts.OverLimit == DenyNew,
		over: map[place]bool{},
	}
	for {
		j := m.newOwnerJob(c.lim.again(), c.owner(), en.change)
		j.added = []entry{en.entry}
		m.queues.commit(&j.job)
		if errors.Is(j.err, errCrowded) {
			en.rounds++
			m.look(c.lim.again(), en, c.owner())
			continue
		}
		if err := j.verdict(); err != nil {
			return err
		}
		if j.lost {
			_ = m.lostList(ctx, c.owner()) // reported; the login itself stands
		}
		return m.evict(ctx, c, en.evict, o)
	}
}

// An enrolment puts a session on its owner's list.
type enrolment struct {
	entry
	epoch uint64 // that it is held to; 0: none
	limit int
	deny  bool           // it fails where it would have to end another
	over  map[place]bool // those looked at, and whether they are over
	fault error          // the first look that failed

	rounds int // of looking

	unseen, evict []entry // of the last decision: who is to be looked at, and who must go
}

// A place is where on a list somebody looked. A session that leaves an owner and
// comes back has another.
type place struct {
	id    string
	since int64
}

func (e *entry) place() place { return place{e.id, e.since} }

func (en *enrolment) change(d *draft, list []entry) error {
	en.unseen, en.evict = nil, nil
	if en.epoch != 0 && d.generation() != en.epoch {
		return ErrEpoch
	}
	e, again := en.entry, false
	if n := len(list); n > 0 {
		// The order of the list is that of its changes: clocks have no say, of
		// which two logins may show the same.
		e.since = max(e.since, list[n-1].since+1)
	}
	var leaving, staying []entry
	for _, x := range list {
		switch {
		case x.id == e.id:
			again = !x.ending
			// Should this login be undone, the session has its former end.
			if x.end == 0 || e.end != 0 && x.end > e.end {
				e.end = x.end
			}
		case en.over[x.place()]:
			d.remove(x.id)
		case x.ending:
			leaving = append(leaving, x)
		default:
			staying = append(staying, x)
		}
	}
	d.set(e.id, e.encode())
	if again && en.deny {
		return nil // it has its place already
	}
	return en.makeRoom(d, leaving, staying)
}

// makeRoom decides who must go: those that are being ended anyway, and then the
// oldest logins. None is ended that nobody has looked at, as long as there are
// rounds, and none is denied for the sake of one: it may have ended long ago, and
// the list tells only of lifetimes.
func (en *enrolment) makeRoom(d *draft, leaving, staying []entry) error {
	crowd := append(leaving, staying...)
	excess := max(0, len(crowd)+1-en.limit)
	matter := excess
	if en.deny && excess > 0 {
		matter = len(crowd)
	}
	known := true
	for i, x := range crowd {
		if _, seen := en.over[x.place()]; !seen {
			known = known && i >= matter
			en.unseen = append(en.unseen, x)
		}
	}
	switch {
	case !known && (en.deny || en.rounds < maxRounds):
		return errCrowded
	case en.deny && excess > len(leaving):
		return cmp.Or(en.fault, ErrLimit)
	}
	for _, x := range crowd[:excess] {
		x.ending = true
		d.set(x.id, x.encode())
		en.evict = append(en.evict, x)
	}
	return nil
}

// look finds out which of those that nobody has looked at are over.
func (m *Manager) look(lim *limit, en *enrolment, owner string) {
	defer lim.release()
	for _, x := range en.unseen[:min(maxLooks, len(en.unseen))] {
		gone, err := m.gone(lim, x.id, owner)
		en.over[x.place()] = gone
		if en.fault == nil {
			en.fault = err
		}
	}
}

// gone reports whether a session on an owner's list is over for the owner. If
// that cannot be found out, it is not. One that bears another name does not
// come back to the owner by the undoing of a login (see ending).
func (m *Manager) gone(ctx context.Context, id, owner string) (bool, error) {
	cur, err := m.queues.load(ctx, id)
	if _, newer := errors.AsType[*record.VersionError](err); newer {
		return false, nil // it is somebody's
	}
	head := cur.head()
	switch {
	case err != nil:
		return false, err
	case !cur.exists || head.Kind != record.Session:
		return true, nil
	case cur.owner == owner && over(&head, time.Now().UnixMilli()):
		alive, err := m.endOne(ctx, id, owner, overdue)
		if errors.Is(err, ErrNotFound) {
			return true, nil
		}
		return err == nil && !alive, err
	case cur.owner != owner:
		_, err := m.endOne(ctx, id, owner, keptAway)
		if errors.Is(err, ErrNotFound) {
			return true, nil
		}
		return false, err
	}
	return false, nil
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
	h.CopyExtensions(was)
	d.owner = r.to.owner
	d.clear()
	for name, value := range r.to.all() {
		d.set(name, value)
	}
	return nil
}
