package session

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/sojourn-go/session/cookie"
	"github.com/sojourn-go/session/store"
)

// An exchange is a Session as its request's passage through Handler: session,
// the request that the handler gets, its context and its ResponseWriter are one
// allocation. It is never used twice: a handler may keep any of it.
type exchange Session

func (x *exchange) session() *Session { return (*Session)(x) }

// ctx is the context that the request came with.
func (x *exchange) ctx() context.Context { return x.outer.Context() }

func (s *Session) x() *exchange { return (*exchange)(s) }

// Handler gives next's requests their session, and keeps it with the response.
// It is a method value that fits every router's Use. A request that already
// has a session of this manager passes through.
func (m *Manager) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { m.serve(next, w, r) })
}

func (m *Manager) serve(next http.Handler, w http.ResponseWriter, r *http.Request) {
	if m.present(r) {
		next.ServeHTTP(w, r)
		return
	}
	x := &exchange{m: m, outer: r, w: w}
	x.req = *r.WithContext((*requestContext)(x))
	if lines := w.Header()["Set-Cookie"]; len(lines) > 0 {
		x.keep(lines...)
	}
	settled := false
	defer func() { x.leave(settled) }()
	if err := m.checkHost(r); err != nil {
		x.begun, x.failed = true, true
		if !m.warned.Swap(true) {
			m.opts.Logger.ErrorContext(x.ctx(), err.Error())
		}
		http.Error(w, err.Error(), http.StatusInternalServerError) // it is the developer who reads this
		return
	}
	if err := x.admit(); err != nil {
		x.deliver(err)
		return
	}
	next.ServeHTTP(x.writer(), &x.req)
	settled = x.finish()
}

// present reports whether the request has a session of this manager, and
// whether another manager uses the name.
func (m *Manager) present(r *http.Request) bool {
	inner, ok := Lookup(r.Context())
	if !ok {
		return false
	}
	if _, ok := r.Context().Value(contextKey{m}).(*Session); ok {
		return true
	}
	if inner.m.opts.Name == m.opts.Name && !m.misplaced.Swap(true) {
		m.report(r.Context(), slog.LevelError, "session: two managers with one cookie name serve one request: give one of them another Options.Name", Event{Kind: Misplaced})
	}
	return false
}

// admit decides whether the handler may run. What is to change something does
// not begin without the session it will be kept in.
func (x *exchange) admit() error {
	s := x.session()
	if safe(x.outer.Method) {
		return nil
	}
	var buf [maxTokens + 1]string
	if len(x.tokens(buf[:0])) == 0 {
		return nil
	}
	consulted := s.consulted
	s.enter()
	s.consulted = consulted // not by the handler
	defer s.leave()
	if s.work != nil {
		return s.work.err
	}
	return nil
}

// leave hands back what the handler's copy of the request got and the
// original's owner looks for (net/http removes the files of a multipart form;
// a router's pattern belongs into metrics), and freezes the session, if finish
// has not.
func (x *exchange) leave(settled bool) {
	if x.req.MultipartForm != nil {
		x.outer.MultipartForm = x.req.MultipartForm
	}
	if x.req.Pattern != "" {
		x.outer.Pattern = x.req.Pattern
	}
	if settled {
		return
	}
	s := x.session()
	if !x.begun {
		s.proveAfterPanic()
	}
	s.mu.Lock()
	if s.phase == begun && s.work != nil && len(s.work.list) > 0 && !x.failed {
		s.notice(Event{Kind: Late, Err: errNotKept})
	}
	s.phase = frozen
	s.leave()
	if !x.begun && x.w != nil {
		// A panic: whoever answers in our place has to deliver the cookie of a
		// commit that stands.
		s.pay(x.w.Header())
	}
}

var errNotKept = errors.New("changes made while the handler returned were not kept")

// finish is the return of the handler: the last chance to begin, and the one
// for changes that came late. It reports whether the session is frozen.
func (x *exchange) finish() bool {
	x.begin(http.StatusOK)
	if x.failed {
		return false
	}
	s := x.session()
	for range maxLateCommits {
		// Again, since a goroutine of the handler may have changed something
		// during the commit.
		if s.freezeIfDone() {
			return true
		}
		if store.TransactionOf(x.ctx()) != nil {
			x.abort(errInTransaction)
			return false
		}
		if err := s.commit(x.ctx()); err != nil {
			x.abort(err)
			return false
		}
	}
	return false
}

// A handler whose goroutines go on changing the session after its return is
// not waited for for ever.
const maxLateCommits = 8

func (s *Session) freezeIfDone() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.idle() {
		return false
	}
	s.phase = frozen
	return true
}

// abort cuts the response off: the client must not take it for complete.
func (x *exchange) abort(err error) {
	s := x.session()
	x.failed = true
	s.m.report(x.ctx(), slog.LevelError, "session: late changes could not be kept: the response is cut off",
		Event{Kind: Late, ID: s.publicID(), Err: err})
	if !x.hijacked {
		panic(http.ErrAbortHandler)
	}
}

// begin is the one door to the response: whatever starts it comes through
// here. It commits once, and reports whether the response is the handler's.
func (x *exchange) begin(code int) bool {
	if x.begun {
		return !x.failed
	}
	x.begun = true
	s, h := x.session(), x.w.Header()
	if s.beginIdle(h) {
		return true
	}
	if code >= 400 {
		s.forgo()
	}
	if err := x.commit(); err != nil {
		x.fail(err)
		return false
	}
	s.decorate(x.ctx(), h)
	return true
}

// beginIdle begins the response of nearly every request: one that has nothing to
// commit and owes nothing. It takes the lock once.
func (s *Session) beginIdle(h http.Header) bool {
	s.mu.Lock()
	defer s.leave()
	if !s.idle() || s.touchDue() || s.work != nil && (s.work.owed != nil || s.work.again || s.work.told != nil) {
		return false
	}
	s.phase = begun
	s.describe(h)
	return true
}

// commit is the final commit. A function that panics at its replay is answered
// for by a recoverer, perhaps: with the cookie of a commit that stands.
func (x *exchange) commit() error {
	done := false
	defer func() {
		if !done {
			x.session().drop() // or it would panic again when the handler returns
			x.session().pay(x.w.Header())
		}
	}()
	err := x.session().finalCommit(x.ctx(), safe(x.outer.Method))
	done = true
	return err
}

// deliver answers with a failure before the handler ran.
func (x *exchange) deliver(err error) {
	if x.begun {
		return
	}
	x.begun = true
	s := x.session()
	s.mu.Lock()
	s.phase = begun
	s.mu.Unlock()
	x.fail(err)
}

// fail answers in place of the handler, with nothing of the handler's.
func (x *exchange) fail(err error) {
	x.failed = true
	s := x.session()
	if StatusCode(err) >= 500 {
		s.m.opts.Logger.LogAttrs(x.ctx(), slog.LevelError, "session: a request failed",
			slog.Any("session", Event{Kind: Failed, ID: s.publicID(), Err: err}))
	}
	h := x.w.Header()
	x.strip(h)
	s.deny(h)
	s.m.opts.ErrorHandler(x.w, &x.req, err)
}

// publicID is ID without a look at the store.
func (s *Session) publicID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.token != "":
		return s.token[:idLen]
	case s.work != nil:
		return s.work.unknown
	}
	return ""
}

// requestContext is the exchange as the context of its request.
type requestContext Session

func (c *requestContext) Deadline() (time.Time, bool) { return c.outer.Context().Deadline() }

func (c *requestContext) Done() <-chan struct{} { return c.outer.Context().Done() }

func (c *requestContext) Err() error { return c.outer.Context().Err() }

func (c *requestContext) Value(key any) any {
	if k, ok := key.(contextKey); ok && (k.m == nil || k.m == c.m) {
		return (*Session)(c)
	}
	return c.outer.Context().Value(key)
}

// tokens appends the values of our cookie that are worth opening, up to one more
// than are tried.
func (x *exchange) tokens(buf []string) []string {
	for v := range cookie.Values(x.outer.Header, x.m.opts.Name) {
		if len(buf) <= maxTokens && x.m.keeper.plausible(v) {
			buf = append(buf, v)
		}
	}
	return buf
}
