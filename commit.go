package session

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sojourn-go/session/internal/record"
	"github.com/sojourn-go/session/store"
)

// commit keeps what is pending. Only one runs at a time.
func (s *Session) commit(ctx context.Context) error {
	s.mu.Lock()
	w, idle := s.work, s.idle()
	s.mu.Unlock()
	if idle {
		return nil
	}
	return s.commitWork(ctx, w)
}

func (s *Session) commitWork(ctx context.Context, w *work) error {
	if err := s.lockCommit(w); err != nil {
		return err
	}
	defer w.committing.Unlock()

	tx := store.TransactionOf(ctx)
	staged := tx == nil
	defer func() {
		if !staged { // also if a function given to Update panicked
			s.discard()
		}
	}()
	if tx != nil && !s.m.queues.joins {
		return errJoinsNone
	}
	if err := s.prove(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	if w.stuck != nil {
		s.mu.Unlock()
		if tx != nil {
			return errUnsettled
		}
		if err := s.resolve(ctx); err != nil {
			return err
		}
		s.mu.Lock()
	}
	if w.err != nil {
		w.told, w.failed = w.err, len(w.list)
	}
	err, list := w.err, w.list[:len(w.list):len(w.list)]
	at := situation{s.standing, s.saved(), s.token, s.generation(), w.apart, w.stale, s.arrival, w.pending != nil, nil, nil}
	if w.room != nil {
		at.room = &w.room.commit
	}
	if w.owed != nil {
		at.attrs = w.owed.attrs
	}
	s.mu.Unlock()
	if err != nil || len(list) == 0 {
		staged = true
		return err
	}
	o := s.m.keeper.keep(ctx, at, list)
	if tx != nil {
		staged = true
		return s.stage(tx, o, len(list))
	}
	return s.adopt(o, len(list))
}

// idle reports whether there is nothing to commit. A stuck commit's changes are
// on the list.
func (s *Session) idle() bool {
	return s.work == nil || s.work.err == nil && len(s.work.list) == 0 && s.work.pending == nil
}

var errNested = fmt.Errorf("%w: another commit of this request did not end in time: is Commit called inside a function given to Update?", ErrUnavailable)

// lockCommit waits for the other commits of this request, but not for ever: one
// of them may be waiting for us.
func (s *Session) lockCommit(w *work) error {
	if w.committing.TryLock() {
		return nil
	}
	deadline := time.Now().Add(s.m.opts.Timeout)
	for wait := time.Microsecond; !w.committing.TryLock(); wait = min(2*wait, 10*time.Millisecond) {
		if time.Now().After(deadline) {
			return errNested
		}
		time.Sleep(wait)
	}
	return nil
}

// resolve finds out what became of an earlier commit that failed without an
// answer, by doing it again: the queue knows its own Saves.
func (s *Session) resolve(ctx context.Context) error {
	s.mu.Lock()
	c := s.work.stuck
	s.work.stuck = nil
	s.mu.Unlock()
	if c == nil {
		return nil
	}
	n := len(c.list)
	c.lim = newLimit(ctx, s.m.opts.Timeout)
	c.err = nil
	return s.adopt(s.m.commitLive(ctx, c), n)
}

// adopt takes over what a commit of the first n changes came to.
func (s *Session) adopt(o outcome, n int) error {
	s.mu.Lock()
	defer s.leave()
	return s.adopted(o, n)
}

func (s *Session) adopted(o outcome, n int) error {
	w := s.work
	s.notice(o.events...)
	if o.session == nil || o.session.foreign || n < len(w.list) {
		s.seen() // what it has seen is not what will be in its record
	}
	if w.list[:n].last(doEnd) >= 0 && (o.err == nil || o.over && !o.apart) {
		// A page that begins anew where a session was over is no logout.
		w.left = w.left || s.stands() || o.session == nil
	}
	if o.over {
		s.lose(o.ended)
	}
	w.told = o.err
	if o.err != nil {
		if o.err != ErrEnded && o.err != ErrSuperseded { // they have events of their own
			s.notice(Event{Kind: Failed, ID: o.id, Err: o.err})
		}
		w.stuck, w.failed = o.stuck, n
		if o.over { // only the session after it could not be made
			w.list, w.failed, w.apart = w.list[o.cut:], n-o.cut, o.apart
		}
		return o.err
	}
	w.list, w.stale = w.list[n:], false
	if c := o.session; c != nil {
		s.win(c)
		if o.renewed || o.attrs != nil {
			attrs := o.attrs
			if w.owed != nil && w.owed.attrs != nil {
				attrs = w.owed.attrs // of an earlier commit of this response
				if o.attrs != nil {
					attrs = merged(attrs, *o.attrs)
				}
			}
			w.owed = w.debt()
			*w.owed = owed{value: cmp.Or(c.text, c.token), line: c.line, attrs: attrs}
		}
	}
	return nil
}

// lose leaves the session without a record.
func (s *Session) lose(ours bool) {
	s.data, s.signed, s.token, s.standing, s.isNew = nil, nil, "", anonymous, true
	s.work.gen = 0
	if ours {
		s.work.owed = &owed{}
	}
}

// win makes the record that c saved the session's.
func (s *Session) win(c *commit) {
	before := s.base()
	s.has(c.saved)
	w := s.work
	if s.standing == live && s.token != c.token && !c.list.has((*change).rekeys) {
		w.again = true // it was rotated meanwhile, by whose answer nobody knows
	}
	s.token, w.gen, s.standing = c.token, c.after.generation(), live
	if !c.foreign && len(w.list) == 0 {
		s.carry(before)
		w.view, w.apart = nil, false // it sees the record as it is
		return
	}
	d := c.after // later changes of others are in the record, and not shown
	if !c.foreign {
		d = c.saved.draft()
	}
	s.rebase(d)
	w.apart = c.foreign || len(w.list) > 0
}

// forgo drops the changes whose commit has failed: the handler asked with
// Commit, was told, and answers with an error of its own.
func (s *Session) forgo() {
	s.mu.Lock()
	w := s.work
	s.mu.Unlock()
	if w == nil {
		return
	}
	if s.lockCommit(w) != nil {
		return
	}
	defer w.committing.Unlock()
	if err := s.prove(store.WithTransaction(s.x().ctx(), nil)); err != nil {
		s.despair(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if w.told == nil {
		return
	}
	s.seen() // what follows was made upon what is dropped
	if w.unloaded {
		w.failed = len(w.list) // nobody knows whose session they would be in
	}
	w.list, w.stuck, w.told, w.err, w.apart = w.list[min(w.failed, len(w.list)):], nil, nil, nil, true
}

// drop gives up what is pending.
func (s *Session) drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.work != nil {
		s.seen()
		s.work.list, s.work.stuck = nil, nil
	}
}

// finalCommit is the commit of the response. A request that came with the
// token of a session which is over may have made changes for itself alone: to a
// safe method that is no failure.
func (s *Session) finalCommit(ctx context.Context, safe bool) error {
	s.mu.Lock()
	s.phase = begun
	over, w, idle := s.standing.over(), s.work, s.idle()
	if s.stands() {
		over = nil // it was not when the request came: Reload has found it out
	}
	s.mu.Unlock()
	if idle {
		return nil
	}
	if store.TransactionOf(ctx) != nil {
		return errInTransaction
	}
	err := s.commitWork(ctx, w)
	if safe && over != nil && errors.Is(err, over) {
		s.drop()
		return nil
	}
	return err
}

// touchDue reports whether it is time to note that the session was used.
func (s *Session) touchDue() bool {
	if s.work != nil && s.work.staged {
		return false // the transaction may still hold its locks
	}
	if s.standing != live {
		return false
	}
	r := s.rec()
	return touchDue(r, s.arrival) || (s.m.opts.Rotate != 0 || r.Extended()) && s.rotates(r)
}

// rotates reports whether the secret is to be rotated, or to be noted as seen.
// Who was given it again has not shown that the browser has it.
func (s *Session) rotates(r record.Record) bool {
	if s.work != nil && (s.work.again || s.work.owed != nil && s.work.owed.value != s.token) {
		return false
	}
	if !s.m.opts.rotates(r, s.arrival, !s.hijacked) {
		return false
	}
	// Somebody may have renewed or ended it since.
	hash := secretHash(s.token)
	return r.Kind() == record.Session && r.SecretIs(&hash)
}

// touch notes that a session was used.
func (s *Session) touch(ctx context.Context) {
	if store.TransactionOf(ctx) != nil {
		return // it is not for us to write into that
	}
	s.mu.Lock()
	u := use{r: s.outer, token: s.token, cur: s.saved(), arrival: s.arrival}
	u.rotates = s.rotates(u.cur.rec)
	s.mu.Unlock()
	next, value := s.m.keeper.touch(ctx, &u)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.standing != live || &s.data[0] != &u.cur.rec.Bytes()[0] {
		return // something came in between
	}
	s.has(next)
	if value == "" {
		return
	}
	switch o := s.extra().owed; {
	case o == nil:
		s.work.owed = &owed{value: value}
	case o.value == u.token: // by SetCookie
		s.work.owed = &owed{value: value, attrs: o.attrs}
	}
}
