package session

import (
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/sojourn-go/session/cookie"
)

// A phase is how far the response is.
type phase uint8

const (
	open   phase = iota
	begun        // the first byte is out, or about to be
	frozen       // Handler has returned
)

// A work is what a Session needs beyond reading.
type work struct {
	*room // to change something

	committing sync.Mutex // held through a commit, before Session.mu

	view     *draft // what the request sees; nil: its record with the list upon it
	apart    bool   // view is not cur with the list upon it
	unloaded bool   // err was the load
	list     changes
	stuck    *commit          // an earlier commit that may have been applied
	pending  *pending         // what a transaction has been given; nil: nothing
	staged   bool             // there was such a transaction
	left     bool             // an End of this request was carried out
	again    bool             // the token is not the one that came, but the one it was replaced by
	stale    bool             // the record is known not to be the newest any more
	told     error            // what the last commit failed with, and
	failed   int              // of how many changes it was
	sights   map[string]sight // reads of values that are not in the base, or have changed since
	err      error            // the first of load, encoding and update
	unknown  string           // of this id
	events   []Event
	owed     *owed
	kept     []string // Set-Cookie lines that are not the handler's
	gen      uint64   // of what the last commit saved; 0: that of the record loaded
	locals   map[*byte]any
}

// An owed is the cookie that the response has to carry.
type owed struct {
	value string // "": remove it
	line  string // the whole line, if attrs are nil and the record is not persistent
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
	if !s.consulted || s.arrival == 0 {
		s.firstLook()
	}
}

func (s *Session) firstLook() {
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
	if s.arrival == 0 && s.phase != frozen {
		s.load()
	}
	entered = true
}

var errLoadPanicked = errors.New("session: the store panicked")

var errUnvaried = errors.New("first consulted after the response had begun: it carries no Vary: Cookie")

// leave unlocks the session and tells of what happened meanwhile.
func (s *Session) leave() {
	if s.work == nil {
		s.mu.Unlock()
		return
	}
	events := s.work.events
	s.work.events = nil
	s.mu.Unlock()
	for _, e := range events {
		if e.Kind == Late && e.Caller != "" {
			s.m.opts.Logger.LogAttrs(s.x().ctx(), slog.LevelWarn, "session: a change came after the response had begun, and is lost", slog.Any("session", e))
		}
		s.m.emit(s.x().ctx(), e)
	}
}

func (s *Session) notice(events ...Event) {
	for _, e := range events {
		if e.Kind == Late || s.m.opts.Observe != nil { // or nobody would hear of it
			w := s.extra()
			w.events = append(w.events, e)
		}
	}
}

// load finds the session of the request's tokens. The lock is held meanwhile:
// whoever uses the session needs the outcome.
func (s *Session) load() {
	now := time.Now()
	s.isNew, s.arrival = true, now.UnixMilli()
	var buf [maxTokens + 1]string
	tokens := s.x().tokens(buf[:0])
	if len(tokens) == 0 {
		return
	}
	ctx := s.x().ctx()
	if !s.m.queues.immediate {
		lim := &limit{parent: ctx, began: now, lasts: s.m.opts.Timeout, follows: true}
		defer lim.release()
		ctx = lim
	}
	var f found
	err := s.m.find(ctx, &f, tokens, s.arrival, fetches(s.outer.Method))
	for i := range f.events {
		switch e := &f.events[i]; e.Kind {
		case Unknown, Refused, Forked:
			e.Remote = s.outer.RemoteAddr
		}
	}
	s.notice(f.events...)
	if err != nil {
		s.fail(Event{ID: f.id(), Err: err})
		s.work.unloaded, s.work.unknown = true, f.id()
		return
	}
	s.standing, s.token = f.standing, f.token
	if f.again && f.standing == live {
		s.extra().again = true
	}
	if f.standing == live {
		s.isNew = false
		s.has(&f.saved)
	}
}

// do records a change and shows it to the request. It reports whether it was
// in time; the caller has entered.
func (s *Session) do(c change) bool {
	if err := s.refused(&c); err != nil {
		return false
	}
	if c.verb == doSet || c.verb == doDelete {
		c.saw = s.sightOf(c.name)
	}
	w := s.changing(&c)
	if w.view != nil || !c.plain() || len(w.list) >= manyChanges {
		s.show(&c)
	}
	if w.list == nil {
		w.list = w.room.list.take()[:0]
	}
	w.list = append(w.list, c)
	if _, ok := w.sights[c.name]; ok {
		value, ok := s.peekValue(c.name)
		w.sights[c.name] = sight{value: value, ok: ok}
	}
	if c.verb == doEnd {
		s.renounce()
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
	needsCookie := s.m.keeper.sends() || c.rekeys() || c.verb == doCookie || gone && c.verb != doEnd
	if s.phase == begun && !needsCookie {
		return nil
	}
	e := Event{Kind: Late, Key: c.name, Err: ErrLate, Caller: caller().String()}
	if s.token != "" {
		e.ID = s.token[:idLen]
	}
	s.notice(e)
	return ErrLate
}

// renounce leaves the request with a fresh anonymous session.
func (s *Session) renounce() {
	s.work.view = &draft{}
	s.work.view.begin(s.arrival, &s.m.opts)
	s.looked, s.work.sights = 0, nil
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
	s.m.report(s.x().ctx(), slog.LevelWarn, "session: a value cannot be decoded",
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

// value returns the value under name without noting that it was read.
func (s *Session) value(name string) ([]byte, bool) {
	s.enter()
	defer s.leave()
	return s.peekValue(name)
}

// stored reports whether what the request sees is a session in the store.
func (s *Session) stored() bool {
	return s.stands() && (s.work == nil || s.work.list.last(doEnd) < 0)
}

func (s *Session) ownerSeen() string {
	switch {
	case s.work != nil && s.work.view != nil:
		return s.work.view.owner
	case s.signed != nil:
		return s.signed.owner
	}
	return ""
}
