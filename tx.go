package session

import (
	"context"
	"errors"
	"fmt"

	"github.com/sojourn-go/session/store"
)

// A commit within a transaction of the application's: it is shown to the
// request as kept, and before the response begins the store is asked whether the
// transaction was.

// A pending is what a transaction has been given.
type pending struct {
	tx     any    // which one
	id     string // under which its last Save put a record, and
	owner  string
	stamp  uint64 // with which stamp, and
	writes uint64 // as the how-manieth
	events []Event
	owed   *owed
	before prior
}

// A prior is the session as it was before a transaction was given anything.
type prior struct {
	data     []byte
	version  uint64
	signed   *signed
	token    string
	standing standing
	isNew    bool
	lately   bool
	gen      uint64
}

var (
	errInTransaction = errors.New("session: the request's own context is part of a transaction, which ends after the response: hand the transaction to Session.Commit alone")
	errUnsettled     = fmt.Errorf("%w: what became of an earlier commit of this request is not known: call Commit without a transaction first", ErrUnavailable)
	errRolledBack    = errors.New("the transaction was not committed before the response began")
)

// inTransaction is what a store's error is to whoever runs the transaction. The
// driver's own stays in the chain.
func inTransaction(err error) error {
	if errors.Is(err, store.ErrConflict) {
		return fmt.Errorf("%w: %w", ErrConflict, err)
	}
	return fmt.Errorf("%w: save: %w", ErrUnavailable, err)
}

// stage takes over what a commit of the first n changes came to in a
// transaction. After an error they are dropped: whoever runs the transaction
// again makes them again.
func (s *Session) stage(tx any, o outcome, n int) error {
	s.mu.Lock()
	defer s.leave()
	w := s.work
	w.staged = true
	if o.err != nil {
		if o.err != ErrEnded && o.err != ErrSuperseded {
			s.notice(Event{Kind: Failed, ID: o.id, Err: o.err})
		}
		w.stale = true
		s.unmake(n)
		return o.err
	}
	p := w.pending
	if o.kept == nil && p == nil { // nothing was written
		return s.adopted(o, n)
	}
	if p == nil {
		p = &pending{tx: tx, before: s.prior()}
	}
	if c := o.kept; c != nil {
		h := c.saved.rec.Header()
		p.id, p.owner, p.stamp, p.writes = c.id, c.saved.owner, h.Latest(), h.Writes
	}
	p.events = append(p.events, o.events...)
	o.events = nil
	owed := w.owed
	w.owed, w.pending = p.owed, p
	err := s.adopted(o, n)
	p.owed, w.owed = w.owed, owed
	return err
}

func (s *Session) prior() prior {
	return prior{s.data, s.version, s.signed, s.token, s.standing, s.isNew, s.lately, s.work.gen}
}

// unmake drops the first n changes, and shows the request its record with the
// others.
func (s *Session) unmake(n int) {
	w, before := s.work, s.base()
	w.list, w.view = w.list[n:], nil
	s.carry(before)
	w.apart = len(w.list) > 0 // they were made upon what is dropped
	if w.apart {
		s.seen()
	}
}

// prove finds out whether the transaction that was given something has been
// committed, unless it is tx and so goes on.
func (s *Session) prove(tx any) error {
	s.mu.Lock()
	p := s.work.pending
	s.mu.Unlock()
	if p == nil || p.tx == tx {
		return nil
	}
	kept, err := s.m.wasKept(p)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.leave()
	w := s.work
	w.pending = nil
	if kept {
		s.notice(p.events...)
		if p.owed != nil {
			w.owed = p.owed
		}
		return nil
	}
	s.notice(Event{Kind: RolledBack, ID: p.before.id(), Owner: p.owner, Err: errRolledBack})
	s.restore(p.before)
	return nil
}

// proveAfterPanic is prove for a handler that panicked, perhaps after its
// transaction: whoever answers in its place has to deliver the cookie.
func (s *Session) proveAfterPanic() {
	s.mu.Lock()
	w := s.work
	if w == nil || w.pending == nil {
		s.mu.Unlock()
		return
	}
	s.mu.Unlock()
	if s.lockCommit(w) == nil {
		defer w.committing.Unlock()
		_ = s.prove(nil) // without an answer there is no cookie
	}
}

// wasKept looks for the stamp of a Save in the record, outside of the
// transaction: whatever context the request has may be part of one.
func (m *Manager) wasKept(p *pending) (bool, error) {
	lim := newLimit(context.Background(), m.opts.Timeout)
	defer lim.release()
	cur, err := m.queues.load(lim, p.id)
	if err != nil {
		return false, err
	}
	head := cur.head()
	switch {
	case !cur.exists:
		return false, nil
	case head.Stamped(p.stamp):
		return true, nil
	case beyond(&head, p.writes-1):
		return false, ErrUnknown
	}
	return false, nil
}

func (p *prior) id() string { return p.token[:min(idLen, len(p.token))] }

// restore gives the request back the session it had.
func (s *Session) restore(p prior) {
	before := s.base()
	s.data, s.version, s.signed, s.token = p.data, p.version, p.signed, p.token
	s.standing, s.isNew, s.lately = p.standing, p.isNew, p.lately
	w := s.work
	w.gen, w.view, w.stale = p.gen, nil, true
	s.carry(before)
	w.apart = len(w.list) > 0
	if w.apart {
		s.seen()
	}
}
