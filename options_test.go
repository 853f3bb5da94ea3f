package session_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/cookie"
)

func TestSetCookie_is_for_one_response_and_needs_a_session(t *testing.T) {
	everywhere(t, func(t *testing.T, newLab labMaker) {
		l := newLab(t, session.Options{})
		v := l.login("ann")
		res := v.does("GET", func(s *session.Session) {
			want(t, "SetCookie", s.SetCookie(cookie.Attrs{SameSite: http.SameSiteStrictMode, MaxAge: time.Hour}), nil)
			if err := s.SetCookie(cookie.Attrs{Domain: "example.com"}); err == nil {
				t.Error("a Domain with a __Host- name was accepted")
			}
		})
		if text := res.Header.Get("Set-Cookie"); !strings.Contains(text, "; Max-Age=3600; Secure; HttpOnly; SameSite=Strict") {
			t.Errorf("got %q", text)
		}
		want(t, "owner", v.owner(), "ann")
		res = v.does("POST", func(s *session.Session) { s.Renew() })
		want(t, "SameSite in the next response", res.Cookies()[0].SameSite, http.SameSiteLaxMode)
		res = l.visitor().does("GET", func(s *session.Session) { s.SetCookie(cookie.Attrs{MaxAge: time.Hour}) })
		want(t, "Set-Cookie lines without a session", len(res.Cookies()), 0)
	})
}

func TestSetCookie_sends_the_same_token_and_only_for_a_session_that_stands(t *testing.T) {
	v := newLab(t, session.Options{}).login("ann")
	setCookie := func(s *session.Session) { s.SetCookie(cookie.Attrs{MaxAge: time.Hour}) }
	want(t, "token", v.sends("GET", setCookie).Cookies()[0].Value, v.cookie.Value)
	res := v.meanwhile(setCookie, func() { v.copy().posts(func(s *session.Session) { s.Renew() }) })
	want(t, "status of a superseded one", res.StatusCode, 409)
	want(t, "its Set-Cookie lines", len(res.Cookies()), 0)
}

func TestOptions_are_checked_all_at_once(t *testing.T) {
	for what, newManager := range managers {
		_, err := newManager(session.Options{
			Cookie: cookie.Attrs{Path: "/app", Domain: "example.com", SameSite: http.SameSiteNoneMode},
			Idle:   2 * time.Hour, Lifetime: time.Hour, Timeout: -1, MaxRecord: 1, Limit: -1, Insecure: true, Name: "__Host-x",
		})
		for _, part := range []string{"__Host-", "Domain", "Idle (2h0m0s) is longer", "Timeout", "MaxRecord", "Limit", "SameSite"} {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("%s: the error does not tell of %q:\n%v", what, part, err)
			}
		}
		_, err = newManager(session.Options{Cookie: cookie.Attrs{Path: "/app"}})
		if err == nil || !strings.Contains(err.Error(), `"__Http-session"`) {
			t.Errorf(`%s: Ring's :root "/app": the error does not name the name that fits: %v`, what, err)
		}
		for _, o := range []session.Options{{Idle: -5}, {Lifetime: time.Microsecond}, {Idle: time.Hour, Lifetime: time.Minute}} {
			if _, err := newManager(o); err == nil {
				t.Errorf("%s: %v, %v: no error", what, o.Idle, o.Lifetime)
			}
		}
		for _, o := range []session.Options{{}, {Idle: session.Never}, {Lifetime: session.Never}, {Lifetime: time.Minute}, {Idle: session.Never, Lifetime: session.Never}, {Insecure: true}} {
			if _, err := newManager(o); err != nil {
				t.Errorf("%s: %v", what, err)
			}
		}
	}
	if _, err := session.New(nil, session.Options{Limit: -1}); err == nil || !strings.Contains(err.Error(), "without a store") || !strings.Contains(err.Error(), "Limit") {
		t.Errorf("New without a store: got %v", err)
	}
}

func TestA_session_that_is_too_large_is_refused_and_names_the_value(t *testing.T) {
	everywhere(t, func(t *testing.T, newLab labMaker) {
		l := newLab(t, session.Options{MaxRecord: 2000})
		v := l.visitor()
		v.posts(func(s *session.Session) { count.Set(s, 1) })
		for _, who := range []*visitor{v, l.visitor()} {
			want(t, "status", who.does("POST", func(s *session.Session) {
				name.Set(s, strings.Repeat("x", 3000))
				if err := s.Commit(t.Context()); !errors.Is(err, session.ErrTooLarge) || !strings.Contains(err.Error(), `"name"`) {
					t.Errorf("got %v", err)
				}
			}).StatusCode, 500)
		}
		want(t, "count", tells(v, count), 1)
	})
}
