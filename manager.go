package session

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"net/http"
	"net/netip"
	"reflect"
	"strings"
	"sync/atomic"

	"github.com/sojourn-go/session/store"
)

// A Manager gives every request its Session. It may serve any number of
// requests at once, and it starts no goroutine.
type Manager struct {
	opts    Options
	keeper  keeper       // the Manager itself, or sealed
	queues  queues       // of stored sessions
	cached  store.Cached // the store, if it remembers records; nil: it does not
	wrong   throttle
	forks   throttle
	unknown throttle
	line    [2]string // of Set-Cookie, around a token
	tidies  string    // Clear-Site-Data of a logout; "": none

	warned    atomic.Bool // that browsers drop the cookie
	misplaced atomic.Bool // that another manager uses the name

	here atomic.Pointer[string] // the last host that was found to mean this machine
}

// New returns a Manager that keeps sessions in st. All faults of the options
// come back at once.
func New(st store.Store, o Options) (*Manager, error) {
	var faults []error
	if st == nil {
		faults = append(faults, errors.New("session: New without a store: memstore.New(memstore.Options{}) is one for a single process"))
	}
	if o.Epoch != nil {
		faults = append(faults, errors.New("session: Options.Epoch is for sealed sessions: stored ones have an epoch in the store, which EndAll raises"))
	}
	if o.NotBefore != nil {
		faults = append(faults, errors.New("session: Options.NotBefore is for sealed sessions: stored ones are ended by EndBefore"))
	}
	m, err := newManager(o)
	if err = errors.Join(append(faults, err)...); err != nil {
		return nil, err
	}
	m.keeper = m
	m.queues.immediate = immediate(st)
	m.queues.store, m.queues.maxRecord, m.queues.timeout = st, m.opts.MaxRecord, m.opts.Timeout
	m.cached, _ = store.As[store.Cached](st)
	if t, ok := store.As[store.Transactional](st); ok {
		m.queues.joins = t.Transactional()
	}
	if d, ok := store.As[store.Durable](st); ok {
		m.queues.weak.Store(d.Durable())
	}
	return m, nil
}

// immediate reports whether the store, and not only one that it embeds, waits
// for nothing.
func immediate(st store.Store) bool {
	im, ok := st.(store.Immediate)
	return ok && reflect.ValueOf(st).Comparable() && im.Immediate() == st
}

func newManager(o Options) (*Manager, error) {
	o, err := o.settled()
	m := &Manager{opts: o, line: lineAround(o.Name, o.Cookie), tidies: o.siteDataLine()}
	m.wrong.seed, m.forks.seed, m.unknown.seed = maphash.MakeSeed(), maphash.MakeSeed(), maphash.MakeSeed()
	return m, err
}

type contextKey struct{ m *Manager } // nil: any manager's

// From returns the session of the request that ctx belongs to. It costs
// nothing: the session is loaded when it is first read or changed. From panics
// if the request did not pass through Manager.Handler; see Lookup.
//
// Where two managers serve one request, From returns the session of the inner
// one; ask the other with Manager.From.
func From(ctx context.Context) *Session {
	if s, ok := Lookup(ctx); ok {
		return s
	}
	panic("session: no session in this context: is the handler wrapped in Manager.Handler?")
}

// Lookup is From for code that may run without a session.
func Lookup(ctx context.Context) (*Session, bool) {
	s, ok := ctx.Value(contextKey{}).(*Session)
	return s, ok
}

// NewContext returns a context that carries s, for code which is handed a
// context of its own making.
func NewContext(ctx context.Context, s *Session) context.Context {
	return sessionContext{ctx, s}
}

type sessionContext struct {
	context.Context
	s *Session
}

func (c sessionContext) Value(key any) any {
	if k, ok := key.(contextKey); ok && (k.m == nil || k.m == c.s.m) {
		return c.s
	}
	return c.Context.Value(key)
}

// From returns this manager's session of the request that ctx belongs to, and
// panics if there is none.
func (m *Manager) From(ctx context.Context) *Session {
	if s, ok := ctx.Value(contextKey{m}).(*Session); ok {
		return s
	}
	panic("session: no session of this manager in this context: is the handler wrapped in its Handler?")
}

// Require has next run only when the session could be loaded, whatever the
// method; otherwise Options.ErrorHandler answers. It belongs inside Handler.
func (m *Manager) Require(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := m.From(r.Context())
		switch err := s.Err(); {
		case err == nil:
			next.ServeHTTP(w, r)
		case s.w == nil: // not Handler's, but Load's
			m.opts.ErrorHandler(w, r, err)
		default:
			s.x().deliver(err)
		}
	})
}

// Load returns the session of r, for frameworks that Handler does not fit
// (Ring's session-request). Commit keeps it. Unsafe methods are not loaded
// beforehand: ask Session.Err.
func (m *Manager) Load(r *http.Request) *Session {
	s := &Session{m: m}
	// A copy: frameworks may put a context into r that leads to s.
	s.req = *r
	s.outer = &s.req
	if err := m.checkHost(r); err != nil {
		s.fail(Event{Err: err})
	}
	return s
}

// Commit keeps the changes of a session that Load returned, and adds to h what
// the response needs: Set-Cookie, Vary, Cache-Control (Ring's
// session-response). Call it once, before the response begins. After an error
// the response must not be the handler's; what h then needs, it has. The
// session is frozen afterwards.
func (m *Manager) Commit(ctx context.Context, h http.Header, s *Session) error {
	err := s.finalCommit(ctx, safe(s.outer.Method))
	if err != nil {
		s.deny(h)
		s.freeze()
		return err
	}
	s.decorate(ctx, h)
	s.freeze()
	return nil
}

func (s *Session) freeze() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.phase = frozen
}

// safe reports whether the method asks for no change (RFC 9110, 9.2.1).
func safe(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, "":
		return true
	}
	return false
}

// fetches reports whether the method asks for a page and nothing else.
func fetches(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == ""
}

// checkHost keeps Insecure to this machine, and says once what a Secure cookie
// is to a browser that came over plain HTTP.
func (m *Manager) checkHost(r *http.Request) error {
	if m.opts.Insecure {
		if !m.local(r.Host) {
			return fmt.Errorf("session: Options.Insecure is for development on this machine, and the request is for host %q: leave Insecure out", r.Host)
		}
		return nil
	}
	if r.TLS == nil && !m.warned.Load() && len(r.Header["X-Forwarded-Proto"]) == 0 && !m.local(r.Host) && !m.warned.Swap(true) {
		m.opts.Logger.WarnContext(r.Context(), "session: a request came over plain HTTP: browsers drop the session's cookie, which is Secure; serve TLS, or have the proxy set X-Forwarded-Proto", "host", r.Host)
	}
	return nil
}

// local remembers the last host for which the answer was yes: to find it out
// costs as much as the rest of an untouched request.
func (m *Manager) local(host string) bool {
	if here := m.here.Load(); here != nil && *here == host {
		return true
	}
	if !local(host) {
		return false
	}
	host = strings.Clone(host)
	m.here.Store(&host)
	return true
}

// local reports whether host, with or without a port, means this machine.
func local(host string) bool {
	if i := strings.LastIndexByte(host, ':'); i >= 0 && strings.IndexByte(host[i:], ']') < 0 &&
		(host[0] == '[' || strings.IndexByte(host, ':') == i) {
		host = host[:i]
	}
	host = strings.TrimSuffix(strings.ToLower(strings.Trim(host, "[]")), ".")
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	if host == "" || !strings.Contains(host, ":") && (host[0] < '0' || host[0] > '9') {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}
