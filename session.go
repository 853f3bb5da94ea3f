package session

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/sojourn-go/session/cookie"
	"github.com/sojourn-go/session/internal/record"
)

// A Session is what the application remembers of one visitor, as one request
// sees and changes it: a record, and a list of changes upon it. The record is
// loaded when it is first needed, and the changes are kept by one commit,
// before the first byte of the response.
//
// A Session may be used by several goroutines of its request at once. After
// Manager.Handler has returned it is a frozen snapshot: reading goes on,
// changes are refused and reported as Late.
type Session struct {
	m       *Manager
	x       *exchange
	arrival int64 // Unix ms

	mu        sync.Mutex
	phase     phase
	standing  standing
	loaded    bool
	consulted bool
	isNew     bool // it began with this request
	cur       *saved
	token     string
	gen       uint64
	looked    uint64 // which of the first 64 values of cur's record were read
	work      *work
}

// A phase is how far the response is.
type phase uint8

const (
	open   phase = iota
	begun        // the first byte is out, or about to be
	frozen       // Handler has returned
)

// A work is what a Session needs beyond reading.
type work struct {
	committing sync.Mutex // held through a commit, before Session.mu

	view     *draft // what the request sees; nil: cur, as it is
	apart    bool   // view is not cur with the list upon it
	list     changes
	stuck    *commit // an earlier commit that may have been applied
	told     error   // what the last commit failed with, and
	failed   int     // of how many changes it was
	at       record.Record
	sights   map[string]sight // reads of values that are not in at, or have changed since
	err      error            // the first of load, encoding and update
	unloaded bool             // and it was the load
	events   []Event
	owed     *owed
}

// An owed is the cookie that the response has to carry.
type owed struct {
	token string // "": remove it
	attrs *cookie.Attrs
}

func (s *Session) extra() *work {
	if s.work == nil {
		s.work = &work{}
	}
	return s.work
}

// enter locks the session and loads it if it has not been yet. If the store
// panics, the session is left failed, and unlocked.
func (s *Session) enter() {
	s.mu.Lock()
	entered := false
	defer func() {
		if !entered {
			s.fail(Event{Err: errLoadPanicked})
			s.mu.Unlock()
		}
	}()
	if !s.consulted {
		s.consulted = true
		if s.phase == begun {
			s.notice(Event{Kind: Late, Err: errUnvaried})
		}
	}
	if !s.loaded && s.phase != frozen {
		s.load()
	}
	entered = true
}

var errLoadPanicked = errors.New("session: the store panicked")

var errUnvaried = errors.New("first consulted after the response had begun: it carries no Vary: Cookie")

// leave unlocks the session and tells of what happened meanwhile.
func (s *Session) leave() {
	var events []Event
	if s.work != nil {
		events, s.work.events = s.work.events, nil
	}
	s.mu.Unlock()
	for _, e := range events {
		if e.Kind == Late && e.Caller != "" {
			s.m.opts.Logger.LogAttrs(s.x.ctx, slog.LevelWarn, "session: a change came after the response had begun, and is lost", slog.Any("session", e))
		}
		s.m.emit(s.x.ctx, e)
	}
}

func (s *Session) notice(events ...Event) {
	if len(events) > 0 {
		w := s.extra()
		w.events = append(w.events, events...)
	}
}

// load finds the session of the request's tokens. The lock is held meanwhile:
// whoever uses the session needs the outcome.
func (s *Session) load() {
	s.loaded, s.isNew = true, true
	var buf [maxTokens + 1]string
	tokens := s.x.tokens(buf[:0])
	if len(tokens) == 0 {
		return
	}
	lim := &limit{parent: s.x.ctx, deadline: time.Now().Add(s.m.opts.Timeout), follows: true}
	defer lim.release()
	f, err := s.m.find(lim, tokens, s.arrival)
	s.notice(f.events...)
	if err != nil {
		s.fail(Event{ID: tokens[0][:idLen], Err: err})
		s.work.unloaded = true
		return
	}
	s.standing = f.standing
	if f.standing == live {
		s.isNew = false
		s.cur, s.token, s.gen = f.saved, f.token, f.saved.rec.Generation()
	}
}

// seen returns the draft that the request sees, to be changed by it.
func (s *Session) seen() *draft {
	w := s.extra()
	if w.view == nil {
		if s.cur != nil {
			w.view, w.at = s.cur.draft(), s.cur.rec
		} else {
			w.view = fresh(s.arrival, &s.m.opts)
		}
	}
	return w.view
}

// peek returns the same for reading; nil if there is nothing to see.
func (s *Session) peek() *draft {
	if s.work != nil && s.work.view != nil {
		return s.work.view
	}
	if s.cur != nil {
		return s.seen()
	}
	return nil
}

// read returns the value under name as encoded, and remembers that the
// request has seen it.
func (s *Session) read(name string) (value []byte, ok bool) {
	s.enter()
	defer s.leave()
	if s.work == nil || s.work.view == nil {
		if s.cur == nil {
			s.remember(name, nil, false)
			return nil, false
		}
		i, value, ok := s.cur.rec.Find(name)
		if ok && i < 64 {
			s.looked |= 1 << i
		} else {
			s.remember(name, value, ok)
		}
		return value, ok
	}
	value, ok = s.work.view.get(name)
	s.remember(name, value, ok)
	return value, ok
}

func (s *Session) remember(name string, value []byte, ok bool) {
	if s.cur == nil {
		return // nobody else can change what is not stored yet
	}
	w := s.extra()
	if w.sights == nil {
		w.sights = map[string]sight{}
	}
	w.sights[name] = sight{value: value, ok: ok}
}

// sightOf returns what the request knows of the value under name; nil if it
// has never looked.
func (s *Session) sightOf(name string) *sight {
	if s.cur == nil || s.work == nil {
		return nil
	}
	if known, ok := s.work.sights[name]; ok {
		return &sight{value: known.value, ok: known.ok, from: caller()}
	}
	i, _, ok := s.work.at.Find(name)
	if !ok || i >= 64 || s.looked&(1<<i) == 0 {
		return nil
	}
	value, ok := s.work.view.get(name)
	return &sight{value: value, ok: ok, from: caller()}
}

// do records a change and shows it to the request. It reports whether it was
// in time; the caller has entered.
func (s *Session) do(c change) bool {
	if err := s.refused(&c); err != nil {
		return false
	}
	d := s.seen()
	if c.verb == doSet || c.verb == doDelete {
		c.saw = s.sightOf(c.name)
	}
	w := s.work
	w.list = append(w.list, c)
	c.show(d)
	if c.name != "" && w.sights != nil {
		if _, ok := w.sights[c.name]; ok {
			value, ok := d.get(c.name)
			w.sights[c.name] = sight{value: value, ok: ok}
		}
	}
	switch {
	case c.verb == doEnd:
		s.renounce()
	case d.cleared && len(d.over) == 0:
		s.looked, w.sights = 0, nil // nothing is left that it could have seen
	}
	return true
}

// refused says why a change comes too late, and reports it: a change that is
// lost in silence is the worst of all.
func (s *Session) refused(c *change) error {
	if s.phase == open {
		return nil
	}
	gone := s.standing != live || s.work != nil && s.work.list.last(doEnd) >= 0
	needsCookie := c.rekeys() || c.verb == doCookie || gone && c.verb != doEnd
	if s.phase == begun && !needsCookie {
		return nil
	}
	e := Event{Kind: Late, Key: c.name, Err: ErrLate, Caller: position(caller())}
	if s.token != "" {
		e.ID = s.token[:idLen]
	}
	s.notice(e)
	return ErrLate
}

// renounce leaves the request with a fresh anonymous session.
func (s *Session) renounce() {
	s.work.view = fresh(s.arrival, &s.m.opts)
	s.work.at, s.looked, s.work.sights = record.Record{}, 0, nil
}

// fail keeps the first error. The commit will fail with it.
func (s *Session) fail(e Event) {
	e.Kind = Failed
	s.notice(e)
	if w := s.extra(); w.err == nil {
		w.err = e.Err
	}
}

// write is the non-generic half of Key.Set and Key.Delete.
func (s *Session) write(c change) {
	s.enter()
	defer s.leave()
	s.do(c)
}

// spoil records an error of encoding or update under its key.
func (s *Session) spoil(name string, err error) {
	s.enter()
	defer s.leave()
	e := Event{Key: name, Err: err}
	if s.stored() {
		e.ID = s.token[:idLen]
	}
	s.fail(e)
}

// undecodable tells of a value that is spoiled. The others are not.
func (s *Session) undecodable(name string, err error) {
	s.m.report(s.x.ctx, slog.LevelWarn, "session: a value cannot be decoded",
		Event{Kind: Unreadable, ID: s.ID(), Key: name, Err: err})
}

// changeIf records c if the value under its name is still cur, and reports both
// whether it is and whether c was in time.
func (s *Session) changeIf(c change, cur []byte, ok bool) (still, recorded bool) {
	s.enter()
	defer s.leave()
	now, nowOK := s.peekValue(c.name)
	if !same(now, nowOK, cur, ok) {
		return false, false
	}
	return true, s.do(c)
}

func (s *Session) peekValue(name string) ([]byte, bool) {
	if d := s.peek(); d != nil {
		return d.get(name)
	}
	return nil, false
}

// value returns the value under name without noting that it was read.
func (s *Session) value(name string) ([]byte, bool) {
	s.enter()
	defer s.leave()
	return s.peekValue(name)
}

// ClearValues deletes every value. Owner, token and times stay.
func (s *Session) ClearValues() {
	s.enter()
	defer s.leave()
	saw := &sight{all: s.seen().clone(), from: caller()}
	s.do(change{verb: doClear, saw: saw})
}

// Login makes the session owner's, on the manager's terms. See LoginWith.
func (s *Session) Login(owner string) error { return s.LoginWith(owner, Terms{}) }

// LoginWith makes the session owner's: from the commit on it has a new token,
// what was known under the old one opens nothing any more, and both clocks
// begin anew. Values are kept if the session was nobody's or owner's before,
// and dropped if it was somebody else's.
//
// owner is valid UTF-8 of 1 to 255 bytes without NUL; owners are the same only
// if their bytes are. An error is about owner or terms, or ErrLate, and
// nothing has changed; whether the login is kept is known after the commit.
func (s *Session) LoginWith(owner string, t Terms) error {
	t, err := t.settled(&s.m.opts)
	if err = errors.Join(checkOwner(owner), err); err != nil {
		return err
	}
	s.enter()
	defer s.leave()
	if !s.do(change{verb: doLogin, owner: owner, terms: t, when: time.Now().UnixMilli()}) {
		return ErrLate
	}
	return nil
}

func checkOwner(owner string) error {
	switch {
	case owner == "":
		return errors.New("session: the owner is empty: an anonymous session needs no login")
	case len(owner) > 255:
		return fmt.Errorf("session: the owner has %d bytes: at most 255", len(owner))
	case !utf8.ValidString(owner) || strings.IndexByte(owner, 0) >= 0:
		return errors.New("session: the owner is not UTF-8 without NUL")
	}
	return nil
}

// Renew gives the session a new token at the commit, and what still comes with
// the old one is refused (Ring's :recreate). A session that is not stored yet
// has no token to renew.
func (s *Session) Renew() {
	s.enter()
	defer s.leave()
	if s.peek() != nil && (s.cur != nil || s.work.view.exists) {
		s.do(change{verb: doRenew})
	}
}

// StepUp says that the owner has just been recognised once more, to level. The
// session gets a new token, and both clocks begin anew. It is an error if the
// session is nobody's.
func (s *Session) StepUp(level Level) error {
	s.enter()
	defer s.leave()
	if d := s.peek(); d == nil || d.owner == "" {
		return errors.New("session: StepUp before Login: the session is nobody's")
	}
	if !s.do(change{verb: doStepUp, terms: Terms{Level: level}, when: time.Now().UnixMilli()}) {
		return ErrLate
	}
	return nil
}

// End ends the session at the commit (Ring's :session nil): its token opens
// nothing from then on, for requests under way too. The request goes on with a
// fresh anonymous session. To end it is no error if it had ended already.
func (s *Session) End() {
	s.enter()
	defer s.leave()
	s.do(change{verb: doEnd})
}

// SetCookie sets attributes of the session's cookie in this response only
// (Ring's :session-cookie-attrs), on top of Options.Cookie, and has the cookie
// sent again. Without a stored session it does nothing. An error is about the
// attributes, or ErrLate.
func (s *Session) SetCookie(a cookie.Attrs) error {
	if err := cookie.Check(s.m.opts.Name, s.m.opts.Cookie.With(a)); err != nil {
		return fmt.Errorf("session: %w", err)
	}
	s.enter()
	defer s.leave()
	if !s.do(change{verb: doCookie, attrs: a}) {
		return ErrLate
	}
	return nil
}

// ID returns the public handle of the session: safe to log, list and show, and
// opening nothing. It is "" as long as the session is not stored.
func (s *Session) ID() string {
	s.enter()
	defer s.leave()
	if s.stored() {
		return s.token[:idLen]
	}
	return ""
}

// stored reports whether what the request sees is a session in the store.
func (s *Session) stored() bool {
	return s.cur != nil && (s.work == nil || s.work.list.last(doEnd) < 0)
}

// Owner returns whose session it is, "" for nobody's.
func (s *Session) Owner() string {
	s.enter()
	defer s.leave()
	return s.ownerSeen()
}

func (s *Session) ownerSeen() string {
	switch {
	case s.work != nil && s.work.view != nil:
		return s.work.view.owner
	case s.cur != nil:
		return s.cur.owner
	}
	return ""
}

// IsNew reports whether the session began with this request: the browser does
// not have its cookie yet.
func (s *Session) IsNew() bool {
	s.enter()
	defer s.leave()
	return s.isNew || !s.stored()
}

// Created returns when the session was created, and the zero time for one that
// is not stored yet.
func (s *Session) Created() time.Time { return s.Info().Created }

// Authenticated returns when the owner was last recognised, by Login or
// StepUp; the zero time if never.
func (s *Session) Authenticated() time.Time { return s.Info().Authenticated }

// Expires returns when the session ends if it is not used again; the zero time
// is never, or that it is not stored yet.
func (s *Session) Expires() time.Time { return s.Info().Expires }

// Info returns what a list of sessions would say of this one.
func (s *Session) Info() Info {
	s.enter()
	defer s.leave()
	d := s.peek()
	if d == nil || !s.stored() && !d.exists {
		return Info{}
	}
	id := ""
	if s.stored() {
		id = s.token[:idLen]
	}
	info := infoOf(id, &d.head, d.owner)
	if s.stored() {
		info.Bytes = len(s.cur.rec.Bytes())
	}
	return info
}

// All yields the name of every value, and the value as encoded. The bytes are
// the caller's.
func (s *Session) All() iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for _, c := range s.everything() {
			if !yield(c.Name, c.Value) {
				return
			}
		}
	}
}

func (s *Session) everything() (values []record.Change) {
	s.enter()
	defer s.leave()
	if d := s.peek(); d != nil {
		for name, value := range d.all() {
			s.remember(name, value, true)
			values = append(values, record.Change{Name: name, Value: append([]byte(nil), value...)})
		}
	}
	return values
}

// Err loads the session if it has not been, and returns the first error of
// loading, encoding or updating, as bufio.Scanner's Err does. With such an
// error the commit fails, so a handler needs to ask only where it wants to
// answer by itself.
func (s *Session) Err() error {
	s.enter()
	defer s.leave()
	if s.work == nil || s.work.err == nil {
		return nil
	}
	s.work.told, s.work.failed = s.work.err, len(s.work.list)
	return s.work.err
}

// Commit keeps the changes made so far, now, and returns nil when they are
// kept. It may be called again, after a failure too, and later changes are
// committed with the response. ctx gives values; its cancellation counts only
// before the first Save.
//
// After an error nothing of the list was kept, except where the error is, or
// wraps, ErrUnknown or ErrUnavailable: then it may have been. Another Commit
// finds that out first, and makes no Update twice.
//
// A handler that answers with a status of 400 or more after a Commit that
// failed has dealt with the failure: the changes are dropped, and the answer is
// the handler's. With any other answer the commit of the response tries them
// again, and if it fails, Options.ErrorHandler answers.
func (s *Session) Commit(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.enter()
	late := s.phase == frozen && s.work != nil && len(s.work.list) > 0
	s.leave()
	if late {
		return ErrLate
	}
	return s.commit(ctx)
}

// Reload reads the session again, for requests that live long: pending changes
// are applied to what it has become. It returns ErrEnded or ErrSuperseded when
// it is over for this request.
func (s *Session) Reload(ctx context.Context) error {
	s.mu.Lock()
	w := s.extra()
	s.mu.Unlock()
	if err := s.lockCommit(w); err != nil {
		return err
	}
	defer w.committing.Unlock()
	s.enter()
	defer s.leave()
	if w.unloaded && s.phase != frozen { // try again
		w.unloaded, w.err, w.told = false, nil, nil
		s.load()
		return w.err
	}
	if s.phase == frozen || !s.stored() {
		return s.standing.over()
	}
	lim := &limit{parent: ctx, deadline: time.Now().Add(s.m.opts.Timeout), follows: true}
	defer lim.release()
	cur, err := s.m.queues.load(lim, s.token[:idLen])
	if err != nil {
		return err
	}
	head := cur.rec.Header()
	if !cur.exists || head.Kind != record.Session || over(&head, time.Now().UnixMilli()) {
		return ErrEnded
	}
	if head.Generation != s.gen {
		return ErrSuperseded
	}
	s.rebase(cur.draft())
	s.cur, w.apart = cur, true
	return nil
}

// rebase makes d what the request sees, with the pending changes on top of it,
// and keeps in mind what it had seen before and is not so any more.
func (s *Session) rebase(d *draft) {
	w := s.extra()
	old := w.view
	if old == nil {
		old = s.seen()
	}
	sights := map[string]sight{}
	for name := range w.sights {
		value, ok := old.get(name)
		sights[name] = sight{value: value, ok: ok}
	}
	for i := range min(w.at.Len(), 64) {
		if s.looked&(1<<i) != 0 {
			name, _ := w.at.At(i)
			value, ok := old.get(string(name))
			sights[string(name)] = sight{value: value, ok: ok}
		}
	}
	for i := range w.list {
		w.list[i].show(d)
	}
	w.view, w.at, s.looked, w.sights = d, d.base, 0, sights
}
