package session

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// An exchange is one request's passage through Handler: the session, the
// request that the handler gets, its context and its ResponseWriter, in one
// allocation. It is never used twice: a handler may keep any of it.
type exchange struct {
	session Session
	req     http.Request
	ctx     context.Context
	outer   *http.Request
	w       http.ResponseWriter

	begun    bool // begin has run
	failed   bool // and ErrorHandler has answered
	hijacked bool
	kept     *[]string // Set-Cookie lines that are not the handler's
}

func (s *Session) begin(m *Manager, x *exchange) {
	s.m, s.x, s.arrival = m, x, time.Now().UnixMilli()
}

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
	x := &exchange{ctx: r.Context(), outer: r, w: w}
	x.session.begin(m, x)
	x.req = *r.WithContext((*requestContext)(x))
	if lines := w.Header()["Set-Cookie"]; len(lines) > 0 {
		x.keep(lines...)
	}
	defer x.leave()
	if err := m.checkHost(r); err != nil {
		x.begun, x.failed = true, true
		m.opts.Logger.ErrorContext(x.ctx, err.Error())
		http.Error(w, err.Error(), http.StatusInternalServerError) // it is the developer who reads this
		return
	}
	if err := x.admit(); err != nil {
		x.deliver(err)
		return
	}
	next.ServeHTTP(x.writer(), &x.req)
	x.finish()
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
	s := &x.session
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
// a router's pattern belongs into metrics), and freezes the session.
func (x *exchange) leave() {
	if x.req.MultipartForm != nil {
		x.outer.MultipartForm = x.req.MultipartForm
	}
	if x.req.Pattern != "" {
		x.outer.Pattern = x.req.Pattern
	}
	s := &x.session
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
// for changes that came late.
func (x *exchange) finish() {
	x.begin(http.StatusOK)
	if x.failed {
		return
	}
	s := &x.session
	for range maxLateCommits {
		if err := s.commit(x.ctx); err != nil {
			x.abort(err)
			return
		}
		// A goroutine of the handler may have changed something meanwhile.
		if s.freezeIfDone() {
			return
		}
	}
}

// A handler whose goroutines go on changing the session after its return is
// not waited for for ever.
const maxLateCommits = 8

func (s *Session) freezeIfDone() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.work != nil && len(s.work.list) > 0 {
		return false
	}
	s.phase = frozen
	return true
}

// abort cuts the response off: the client must not take it for complete.
func (x *exchange) abort(err error) {
	s := &x.session
	x.failed = true
	s.m.report(x.ctx, slog.LevelError, "session: late changes could not be kept: the response is cut off",
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
	s := &x.session
	if code >= 400 {
		s.forgo()
	}
	if err := x.commit(); err != nil {
		x.fail(err)
		return false
	}
	s.touch(x.ctx)
	s.decorate(x.w.Header())
	return true
}

// commit is the final commit. A function that panics at its replay is answered
// for by a recoverer, perhaps: with the cookie of a commit that stands.
func (x *exchange) commit() error {
	done := false
	defer func() {
		if !done {
			x.session.pay(x.w.Header())
		}
	}()
	err := x.session.finalCommit(x.ctx, safe(x.outer.Method))
	done = true
	return err
}

// deliver answers with a failure before the handler ran.
func (x *exchange) deliver(err error) {
	if x.begun {
		return
	}
	x.begun = true
	s := &x.session
	s.mu.Lock()
	s.phase = begun
	s.mu.Unlock()
	x.fail(err)
}

// fail answers in place of the handler, with nothing of the handler's.
func (x *exchange) fail(err error) {
	x.failed = true
	s := &x.session
	if StatusCode(err) >= 500 {
		s.m.opts.Logger.LogAttrs(x.ctx, slog.LevelError, "session: a request failed",
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
	if s.token == "" {
		return ""
	}
	return s.token[:idLen]
}

// strip removes what the handler said of a response that will not come. A
// handler may have written header names in any spelling.
func (x *exchange) strip(h http.Header) {
	for key := range h {
		switch name := http.CanonicalHeaderKey(key); name {
		case "Etag", "Last-Modified", "Cache-Control", "Expires", "Location", "Link", "Trailer", "Set-Cookie",
			"Upgrade", "Connection":
			delete(h, key)
		case "Content-Security-Policy", "Content-Security-Policy-Report-Only":
			// of the site, not of the page
		default:
			if strings.HasPrefix(name, "Content-") || strings.HasPrefix(name, http.TrailerPrefix) || strings.HasPrefix(name, "Sec-Websocket-") {
				delete(h, key)
			}
		}
	}
	if x.kept != nil {
		h["Set-Cookie"] = slices.Clone(*x.kept)
	}
}

// keep notes Set-Cookie lines that go out with a failure, too: those of
// middleware outside, and those of managers inside whose sessions are kept.
func (x *exchange) keep(lines ...string) {
	if x.kept == nil {
		x.kept = new([]string)
	}
	*x.kept = append(*x.kept, lines...)
}

// paid tells the managers outside of a cookie that has to go out whatever
// becomes of their own sessions.
func (x *exchange) paid(line string) {
	for s, ok := Lookup(x.ctx); ok; s, ok = Lookup(s.x.ctx) {
		s.x.keep(line)
	}
}

// deny sets the headers of a failure. A cookie that is owed from an earlier
// commit of the request still goes out.
func (s *Session) deny(h http.Header) {
	h.Set("Cache-Control", "no-store")
	s.pay(h)
}

// pay adds the cookie that is owed, as the only one of its name.
func (s *Session) pay(h http.Header) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.work == nil || s.work.owed == nil {
		return false
	}
	text := s.setCookie(s.work.owed)
	s.work.owed = nil
	s.x.paid(text)
	prefix := s.m.opts.Name + "="
	h["Set-Cookie"] = append(slices.DeleteFunc(h["Set-Cookie"], func(line string) bool {
		return strings.HasPrefix(line, prefix)
	}), text)
	h["Cache-Control"] = []string{"no-store"} // RFC 9111, 7.3: Set-Cookie alone does not prevent storing
	return true
}

// decorate adds to the handler's headers what the session's part in the
// response demands of caches.
func (s *Session) decorate(h http.Header) {
	s.pay(h)
	s.mu.Lock()
	defer s.leave()
	if !s.consulted {
		return
	}
	vary(h)
	owner := s.ownerSeen()
	if owner == "" {
		return
	}
	control, ok := h["Cache-Control"]
	if !ok {
		h["Cache-Control"] = []string{"no-store"}
		return
	}
	for _, line := range control {
		for directive := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(directive), "public") {
				s.notice(Event{Kind: Exposed, ID: s.token[:min(idLen, len(s.token))], Owner: owner, Err: errPublic})
			}
		}
	}
}

var errPublic = errors.New("Cache-Control: public on a response for a signed-in visitor")

// vary adds Cookie to Vary: the response depends on the session even if it was
// only looked at (attacks.md 15).
func vary(h http.Header) {
	for _, line := range h["Vary"] {
		for field := range strings.SplitSeq(line, ",") {
			if f := strings.TrimSpace(field); f == "*" || strings.EqualFold(f, "Cookie") {
				return
			}
		}
	}
	h["Vary"] = append(h["Vary"], "Cookie")
}

// requestContext is the exchange as the context of its request.
type requestContext exchange

func (c *requestContext) Deadline() (time.Time, bool) { return c.ctx.Deadline() }
func (c *requestContext) Done() <-chan struct{}       { return c.ctx.Done() }
func (c *requestContext) Err() error                  { return c.ctx.Err() }

func (c *requestContext) Value(key any) any {
	if k, ok := key.(contextKey); ok && (k.m == nil || k.m == c.session.m) {
		return &c.session
	}
	return c.ctx.Value(key)
}

// writer returns the exchange as a ResponseWriter that claims to flush and to
// hijack if one below can, though it be behind an Unwrap: what it did not
// claim, http.ResponseController would find below, past the one door.
func (x *exchange) writer() http.ResponseWriter {
	w := (*response)(x)
	flusher, hijacker := reaches(x.w, canFlush), reaches(x.w, canHijack)
	switch {
	case flusher && hijacker:
		return responseFH{responseF{w}}
	case flusher:
		return responseF{w}
	case hijacker:
		return responseH{w}
	}
	return w
}

// response is the exchange as a ResponseWriter.
type response exchange

type (
	responseF  struct{ *response }
	responseH  struct{ *response }
	responseFH struct{ responseF }
)

func (w responseF) Flush() { _ = w.FlushError() }

func (w responseH) Hijack() (net.Conn, *bufio.ReadWriter, error) { return w.hijack() }

func (w responseFH) Hijack() (net.Conn, *bufio.ReadWriter, error) { return w.hijack() }

var errFailed = errors.New("session: the commit failed, and the response is the ErrorHandler's")

func (w *response) begin(code int) bool { return (*exchange)(w).begin(code) }

// Header after a failure is nobody's: what the handler goes on to set must not
// get into ErrorHandler's answer by a trailer or a buffer below.
func (w *response) Header() http.Header {
	if w.failed {
		return http.Header{}
	}
	return w.w.Header()
}

// Unwrap is for http.ResponseController.
func (w *response) Unwrap() http.ResponseWriter { return w.w }

// WriteHeader lets informational responses pass: they begin nothing.
func (w *response) WriteHeader(code int) {
	if code >= 100 && code < 200 && code != http.StatusSwitchingProtocols {
		if !w.failed {
			w.w.WriteHeader(code)
		}
		return
	}
	if w.begin(code) {
		w.w.WriteHeader(code)
	}
}

func (w *response) Write(p []byte) (int, error) {
	if !w.begin(http.StatusOK) {
		return 0, errFailed
	}
	return w.w.Write(p)
}

func (w *response) WriteString(s string) (int, error) {
	if !w.begin(http.StatusOK) {
		return 0, errFailed
	}
	return io.WriteString(w.w, s)
}

// ReadFrom keeps the way to sendfile open.
func (w *response) ReadFrom(r io.Reader) (int64, error) {
	if !w.begin(http.StatusOK) {
		return 0, errFailed
	}
	if rf, ok := w.w.(io.ReaderFrom); ok {
		return rf.ReadFrom(r)
	}
	return io.Copy(struct{ io.Writer }{w.w}, r)
}

// FlushError begins the response only if there is something to flush with.
func (w *response) FlushError() error {
	if !reaches(w.w, canFlush) {
		return http.ErrNotSupported
	}
	if !w.begin(http.StatusOK) {
		return errFailed
	}
	return http.NewResponseController(w.w).Flush()
}

var errHijackCookie = errors.New("session: Hijack would lose the session's cookie: log in or renew on an ordinary response before, or call WriteHeader(101) first")

// hijack commits and hands over the connection. Whoever takes it writes its
// own headers, so nothing may need a cookie.
func (w *response) hijack() (net.Conn, *bufio.ReadWriter, error) {
	if !w.begun && w.session.needsCookie() {
		return nil, nil, errHijackCookie
	}
	if !w.begin(http.StatusOK) {
		return nil, nil, errFailed
	}
	conn, rw, err := http.NewResponseController(w.w).Hijack()
	w.hijacked = err == nil
	return conn, rw, err
}

func canFlush(w http.ResponseWriter) bool {
	switch w.(type) {
	case http.Flusher, interface{ FlushError() error }:
		return true
	}
	return false
}

func canHijack(w http.ResponseWriter) bool {
	_, ok := w.(http.Hijacker)
	return ok
}

// reaches reports whether a writer, or one that it unwraps to, is able to.
func reaches(w http.ResponseWriter, able func(http.ResponseWriter) bool) bool {
	for {
		if able(w) {
			return true
		}
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return false
		}
		w = u.Unwrap()
	}
}

// needsCookie reports whether the commit of what is pending would have to send
// one.
func (s *Session) needsCookie() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.work == nil {
		return false
	}
	w, l := s.work, s.work.list
	switch {
	case w.owed != nil || l.last(doLogin) >= 0:
		return true
	case s.standing == live:
		return l.closes() || l.last(doCookie) >= 0
	}
	return s.standing == anonymous && w.view != nil && !w.view.empty()
}
