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
	left     bool
	gen      uint64
}

var (
	errInTransaction = errors.New("session: the request's own context is part of a transaction, which ends after the response: hand the transaction to Session.Commit alone")
	errJoinsNone     = errors.New("session: the store's calls cannot be part of a transaction: it is of another kind than the transaction, or wrapped in one that hides it (store.Unwrapper)")
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
		s.notice(o.events...)
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
	owed, changes := w.owed, o.renewed || o.attrs != nil || o.over
	if w.pending = p; p.owed != nil {
		w.owed = p.owed
	}
	err := s.adopted(o, n)
	if changes {
		p.owed = w.owed
	}
	w.owed = owed
	return err
}

func (s *Session) prior() prior {
	return prior{s.data, s.version, s.signed, s.token, s.standing, s.isNew, s.lately, s.work.left, s.work.gen}
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
// committed, unless it goes on, in ctx.
func (s *Session) prove(ctx context.Context) error {
	s.mu.Lock()
	p := s.work.pending
	s.mu.Unlock()
	tx := store.TransactionOf(ctx)
	if p == nil || p.tx == tx {
		return nil
	}
	kept, err := s.m.wasKept(store.WithTransaction(ctx, nil), p)
	if err == nil && !kept && tx != nil {
		// One transaction may have two names: a wrapper around it, made anew.
		var same bool
		if same, err = s.m.wasKept(ctx, p); same && err == nil {
			p.tx = tx
			return nil
		}
	}
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

// despair gives up finding out what became of a transaction: the handler answers
// with an error anyway.
func (s *Session) despair(err error) {
	s.mu.Lock()
	defer s.leave()
	p := s.work.pending
	s.work.pending = nil
	s.notice(Event{Kind: Failed, ID: p.before.id(), Owner: p.owner, Err: err})
	s.restore(p.before)
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
		_ = s.prove(store.WithTransaction(s.x().ctx(), nil)) // without an answer there is no cookie
	}
}

// wasKept looks for the stamp of a Save in the record.
func (m *Manager) wasKept(ctx context.Context, p *pending) (bool, error) {
	lim := newLimit(ctx, m.opts.Timeout)
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
	case head.Writes < p.writes: // it is of before
		return false, nil
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
	w.gen, w.left, w.view, w.stale = p.gen, p.left, nil, true
	s.carry(before)
	w.apart = len(w.list) > 0
	if w.apart {
		s.seen()
	}
}

// discard drops what was to be kept in a transaction and did not get there, but
// not what an earlier commit may have kept.
func (s *Session) discard() {
	s.mu.Lock()
	defer s.leave()
	w := s.work
	if w == nil || w.err != nil {
		return
	}
	if w.stuck == nil {
		w.stale = true
		s.unmake(len(w.list))
		return
	}
	w.list, w.view = w.list[:min(len(w.list), len(w.stuck.list))], nil
	s.seen()
}
