package session_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sojourn-go/session"
)

// What Audit says is what happens.

// upper is a Codec of the application's.
type upper struct{ session.Codec }

// The lifetime of one login can be longer than Options.Lifetime, and so can its
// cookie be: up to what S24 says.
func TestAudit_says_how_long_the_cookie_of_a_remembered_login_can_be_kept(t *testing.T) {
	const day = 24 * time.Hour
	stated := map[string]string{"S07": "a family's tablet"}
	for _, c := range []struct {
		o    session.Options
		says string
		asks time.Duration // Terms.Lifetime
		gets time.Duration // Max-Age, or nothing: it is refused
	}{
		{session.Options{}, "400 days at most", 0, day},
		{session.Options{}, "400 days at most", 60 * day, 60 * day},
		{session.Options{}, "400 days at most", 500 * day, 400 * day},
		{session.Options{Lifetime: time.Hour}, "400 days at most", 500 * day, 400 * day},
		{session.Options{Lifetime: session.Never}, "400 days at most", 0, 400 * day},
		{session.Options{Level: 1}, "30 days at most", 30 * day, 30 * day},
		{session.Options{Level: 1}, "30 days at most", 31 * day, 0},
		{session.Options{Level: 1, Deviations: stated}, "400 days at most", 500 * day, 400 * day},
		{session.Options{Level: 2}, "none: Terms.Remember is refused", 0, 0},
		{session.Options{Level: 3}, "none: Terms.Remember is refused", time.Hour, 0},
		{session.Options{Level: 3, Deviations: stated}, "400 days at most", 500 * day, 400 * day},
	} {
		l := newLab(t, c.o)
		v := l.visitor()
		var err error
		v.does("POST", func(s *session.Session) {
			err = s.LoginWith("ann", session.Terms{Remember: true, Lifetime: c.asks})
		})
		if value := auditOf(t, "New", c.o)["S24"].Value; !strings.HasSuffix(value, c.says) {
			t.Errorf("S24 of level %d, Lifetime %v: %q, want %q", c.o.Level, c.o.Lifetime, value, c.says)
		}
		if c.gets == 0 {
			want(t, "refused", err != nil, true)
			continue
		}
		want(t, "error", err, nil)
		want(t, "Max-Age", v.cookie.MaxAge, int(c.gets/time.Second))
	}
}

// A cache lets the old token read for a moment, as S04 and S32 say of it, and
// change nothing.
func TestAudit_says_that_a_replaced_token_may_read_from_a_cache_and_changes_nothing(t *testing.T) {
	for what, replace := range map[string]func(s *session.Session){
		"Login":  func(s *session.Session) { s.Login("ann") },
		"StepUp": func(s *session.Session) { s.StepUp(2) },
		"Renew":  func(s *session.Session) { s.Renew() },
	} {
		l, _, remember := newStaleLab(t)
		v := l.login("ann")
		remember()
		old := v.copy()
		v.posts(replace)
		want(t, what+": owner, by the old token", old.copy().owner(), "ann")
		for _, method := range []string{"GET", "POST"} {
			old.copy().sends(method, func(s *session.Session) { count.Set(s, 1) })
			v.posts(func(s *session.Session) { want(t, what+": changed by the old token in a "+method, count.Get(s), 0) })
		}
		for f := range l.m.Audit() {
			if f.Row == "S04" || f.Row == "S32" {
				want(t, f.Row, f.Value, "at Login, StepUp and Renew; the old token changes nothing from then on, "+
					"and pages may be read by it as of a moment before, within the bound of the store's cache")
			}
		}
	}
}
