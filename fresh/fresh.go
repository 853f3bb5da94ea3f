package fresh

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/sojourn-go/session"
)

// Options says where visitors sign in.
type Options struct {
	_ [0]func()

	// Login is the path of the page on which visitors sign in, such as
	// "/login", with a query or without. Guards add the parameter "return" to
	// it, which it must not have itself; see Return. The page must not be
	// behind the guard, and must not send on who is signed in, but who is
	// signed in freshly enough: see Is. Zero: there is none, and every answer
	// is 401.
	Login string
}

// Is reports whether the owner of s was recognised, by Login or StepUp, less
// than d ago, and the login is not stale (session.Info.Stale). Use of the
// session makes no difference. It loads the session; one that cannot be loaded,
// as Session.Err tells, is not fresh.
func Is(s *session.Session, d time.Duration) bool { return recent(s.Info(), d) }

// At exactly d it is too late, as with the ends of sessions.
func recent(i session.Info, d time.Duration) bool {
	return i.Owner != "" && i.Stale.IsZero() && time.Since(i.Authenticated) < d
}

// SignedIn returns a guard that lets the owners of sessions through, however
// long ago they were recognised. It panics if the options are faulty.
func SignedIn(o Options) func(http.Handler) http.Handler {
	return guard{login: o.Login}.checked(nil)
}

// Require returns a guard that lets those through whose login is fresh: see
// Is. d is a millisecond or more; for a password's change, minutes. It panics
// if d or the options are faulty.
func Require(d time.Duration, o Options) func(http.Handler) http.Handler {
	var fault error
	if d < time.Millisecond {
		fault = fmt.Errorf("fresh: Require(%v): a login is fresh for a millisecond at the least", d)
	}
	return guard{login: o.Login, within: d}.checked(fault)
}

// The times after which the owner has to be recognised again, by level: NIST
// SP 800-63B-4, 2.1.3, 2.2.3 and 2.3.3 (audit row S07).
var lasting = [...]time.Duration{1: 30 * 24 * time.Hour, 2: 24 * time.Hour, 3: 12 * time.Hour}

// Level returns a guard that lets those through who were recognised with
// assurance level n (1, 2 or 3) or a higher one, and, as NIST SP 800-63B-4 has
// it, less than 30 days, 24 hours or 12 hours ago. A login that is stale does
// not count. It panics if n or the options are faulty.
//
// How long a session may lie idle, the guard does not know: that is
// session.Options.Level's.
func Level(n session.Level, o Options) func(http.Handler) http.Handler {
	if n < 1 || int(n) >= len(lasting) {
		return guard{login: o.Login}.checked(fmt.Errorf("fresh: Level(%d): NIST SP 800-63B has levels 1, 2 and 3", n))
	}
	return guard{login: o.Login, level: n, within: lasting[n]}.checked(nil)
}

// A guard is what it takes to be let through.
type guard struct {
	login  string
	level  session.Level
	within time.Duration // 0: any time ago
}

// checked returns the guard as middleware. To configure it wrongly is a mistake
// in the program, as with session.NewKey.
func (g guard) checked(fault error) func(http.Handler) http.Handler {
	if g.login != "" {
		if err := checkLogin(g.login); err != nil {
			fault = errors.Join(fault, fmt.Errorf("fresh: Options.Login: %w", err))
		}
	}
	if fault != nil {
		panic(fault)
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { g.serve(next, w, r) })
	}
}

func (g guard) serve(next http.Handler, w http.ResponseWriter, r *http.Request) {
	s := session.From(r.Context())
	if s.Err() != nil {
		return // and the commit finds the same error, and has it answered
	}
	info := s.Info()
	if g.admits(info) {
		next.ServeHTTP(w, r)
		return
	}
	g.deny(w, r, info.Owner != "")
}

func (g guard) admits(i session.Info) bool {
	return i.Owner != "" && i.Level >= g.level && (g.within == 0 || recent(i, g.within))
}
