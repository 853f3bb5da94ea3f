package session

import (
	"context"
	"time"

	"github.com/sojourn-go/session/internal/record"
)

// A whose says whose session an ending may end.
type whose uint8

const (
	owners    whose = iota // the owner's, and no other
	ownersNow              // the same, and it must not become the owner's again
	keptAway               // nobody's, but it must not become the owner's again
	overdue                // the owner's, if it is over already, so that no slow request revives it
	anybodys
)

// An ending makes a tombstone of a session, if it is the right owner's.
//
// A session that is on an owner's list and bears another name may be in the
// middle of a login which will fail, and be undone. ownersNow and keptAway
// therefore write to it, changing nothing: then what undoes the login finds that
// the record has moved, and ends it.
type ending struct {
	job
	owner string
	whose whose
	now   int64
	again bool // a tombstone is saved once more: it may not be durable yet

	found, ended bool // of the last decision
	alive        bool // it was not over yet
}

func (e *ending) decide(d *draft, _ time.Time) error {
	e.found, e.ended, e.forced, e.alive = false, false, false, false
	if !d.exists || d.kind() == record.Owner {
		return nil
	}
	if e.whose != anybodys && d.owner != e.owner {
		e.forced = e.whose != owners && d.kind() == record.Session
		return nil
	}
	over := past(d.logicalEnd(), e.now)
	if e.found = true; e.whose == keptAway || e.whose == overdue && d.kind() == record.Session && !over {
		e.alive = e.whose == overdue
		return nil
	}
	if d.kind() == record.Session {
		e.ended = !over
		d.end()
	} else {
		e.forced = e.again
	}
	return nil
}

// endOne ends a session, and reports whether it was alive; of one that is to be
// overdue, whether it is.
func (m *Manager) endOne(ctx context.Context, id, owner string, w whose) (bool, error) {
	if !isID(id) {
		return false, ErrNotFound
	}
	e := &ending{owner: owner, whose: w, now: time.Now().UnixMilli(), again: m.queues.weak.Load()}
	e.decider = e
	e.id, e.lim, e.closes, e.durable = id, newLimit(ctx, m.opts.Timeout), true, true
	m.queues.commit(&e.job)
	switch {
	case e.verdict() != nil:
		return false, e.verdict()
	case !e.found:
		return false, ErrNotFound
	}
	return e.ended || e.alive, nil
}
