package session_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/cookie"
	"github.com/sojourn-go/session/store"
)

// A handler was told that its update had failed, and answered 500. What it did
// afterwards was kept with the failed update in it.
func TestWhat_was_given_up_after_a_failed_Commit_does_not_come_back(t *testing.T) {
	for _, stored := range []int{0, 100} {
		l := newLab(t, session.Options{})
		v := l.visitor()
		if stored > 0 {
			v.posts(func(s *session.Session) { count.Set(s, stored) })
		}
		res := sendRaw(v, func(w http.ResponseWriter, r *http.Request) {
			s := session.From(r.Context())
			count.Update(s, inc)
			l.onSave = func(string, store.Record) error { return store.ErrFull }
			if err := s.Commit(r.Context()); !errors.Is(err, session.ErrUnavailable) {
				t.Errorf("got %v, want ErrUnavailable", err)
			}
			l.onSave = nil
			count.Update(s, func(n int) int { return n + 10 })
			http.Error(w, "sorry", 500)
		})
		v.takes(res)
		want(t, "status", res.StatusCode, 500)
		want(t, "count", tells(v, count), stored+10)
	}
}

// The same where the failure is the handler's own: more than a session holds.
func TestWhat_was_given_up_after_a_Commit_too_large_does_not_come_back(t *testing.T) {
	everywhere(t, func(t *testing.T, newLab labMaker) {
		v := newLab(t, session.Options{MaxRecord: 2000}).visitor()
		v.posts(func(s *session.Session) { count.Set(s, 100) })
		for _, code := range []int{200, 507} {
			res := sendRaw(v, func(w http.ResponseWriter, r *http.Request) {
				s := session.From(r.Context())
				count.Update(s, inc)
				name.Set(s, strings.Repeat("x", 3000))
				if err := s.Commit(r.Context()); !errors.Is(err, session.ErrTooLarge) {
					t.Errorf("got %v, want ErrTooLarge", err)
				}
				count.Update(s, func(n int) int { return n + 10 })
				w.WriteHeader(code)
			})
			v.takes(res)
			want(t, "status", res.StatusCode, map[int]int{200: 500, 507: 507}[code])
			want(t, "count", tells(v, count), map[int]int{200: 100, 507: 110}[code])
			want(t, "name", tells(v, name), "")
		}
	})
}

// A handler panicked after it had committed a login: the recoverer's answer had
// no cookie, and the visitor was locked out of a session that had a new token.
func TestA_panic_after_a_Commit_does_not_lose_its_cookie(t *testing.T) {
	everywhere(t, func(t *testing.T, newLab labMaker) {
		login := func(w http.ResponseWriter, r *http.Request) *session.Session {
			s := session.From(r.Context())
			s.Login("ann")
			want(t, "Commit", s.Commit(r.Context()), nil)
			return s
		}
		recovers := func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				defer func() {
					if recover() != nil {
						http.Error(w, "sorry", 500)
					}
				}()
				h.ServeHTTP(w, r)
			})
		}
		inHandler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			login(w, r)
			panic("bug")
		})
		atReplay := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s, runs := login(w, r), 0
			count.Update(s, func(n int) int {
				if runs++; runs == 2 {
					panic("bug")
				}
				return n + 1
			})
			want(t, "Reload", s.Reload(r.Context()), nil) // so that it is replayed
			w.WriteHeader(200)
		})
		for what, build := range map[string]func(m *session.Manager) http.Handler{
			"in the handler, recovered outside": func(m *session.Manager) http.Handler { return recovers(m.Handler(inHandler)) },
			"in the handler, recovered inside":  func(m *session.Manager) http.Handler { return m.Handler(recovers(inHandler)) },
			"at the replay, recovered outside":  func(m *session.Manager) http.Handler { return recovers(m.Handler(atReplay)) },
			"at the replay, recovered inside":   func(m *session.Manager) http.Handler { return m.Handler(recovers(atReplay)) },
		} {
			l := newLab(t, session.Options{})
			v := l.visitor()
			v.posts(func(s *session.Session) { count.Set(s, 1) })
			r := httptest.NewRequest("POST", "https://example.com/", nil)
			r.AddCookie(v.cookie)
			w := httptest.NewRecorder()
			build(l.m).ServeHTTP(w, r)
			res := w.Result()
			want(t, what+": status", res.StatusCode, 500)
			want(t, what+": Set-Cookie lines", len(res.Header["Set-Cookie"]), 1)
			v.takes(res)
			want(t, what+": owner", v.owner(), "ann")
		}
	})
}

// SetCookie, Commit, Login: the cookie went out with the attributes that the
// handler had asked for gone.
func TestAttributes_of_a_response_outlive_a_Commit_in_it(t *testing.T) {
	everywhere(t, func(t *testing.T, newLab labMaker) {
		l := newLab(t, session.Options{})
		v := l.visitor()
		v.posts(func(s *session.Session) { count.Set(s, 1) })
		res := v.sends("POST", func(s *session.Session) {
			s.SetCookie(cookie.Attrs{SameSite: http.SameSiteStrictMode})
			want(t, "Commit", s.Commit(t.Context()), nil)
			s.Login("ann")
		})
		want(t, "Set-Cookie lines", len(res.Cookies()), 1)
		want(t, "SameSite", res.Cookies()[0].SameSite, http.SameSiteStrictMode)
	})
}

// A handler asked, was told of a value that cannot be encoded or a session that
// cannot be loaded, and answered with a page of its own. It was replaced.
func TestA_handler_that_was_told_of_any_error_answers_for_itself(t *testing.T) {
	everywhere(t, func(t *testing.T, newLab labMaker) {
		asks := map[string]func(*session.Session) error{
			"Err":    func(s *session.Session) error { return s.Err() },
			"Commit": func(s *session.Session) error { return s.Commit(t.Context()) },
		}
		unencodable := session.NewKey[func()]("unencodable")
		for how, ask := range asks {
			l := newLab(t, session.Options{})
			v := l.visitor()
			v.posts(func(s *session.Session) { count.Set(s, 1) })
			for code, status := range map[int]int{422: 422, 200: 500} {
				res := sendRaw(v, func(w http.ResponseWriter, r *http.Request) {
					s := session.From(r.Context())
					unencodable.Set(s, func() {})
					want(t, how+" tells", ask(s) != nil, true)
					w.WriteHeader(code)
				})
				want(t, how+": status for a value that cannot be encoded", res.StatusCode, status)
			}
			v = l.login("ann")
			l.onLoad = func(string) error { return errLost }
			for code, status := range map[int]int{418: 418, 200: 503} {
				r := httptest.NewRequest("GET", "https://example.com/", nil)
				r.AddCookie(v.cookie)
				w := httptest.NewRecorder()
				l.m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					s := session.From(r.Context())
					count.Get(s)
					if err := ask(s); !errors.Is(err, errLost) {
						t.Errorf("%s: got %v, want the store's error", how, err)
					}
					w.WriteHeader(code)
				})).ServeHTTP(w, r)
				want(t, how+": status for a session that cannot be loaded", w.Code, status)
			}
		}
	})
}

// An ordinary session began with the Max-Age of the one that had ended before it
// in the same request.
func TestAttributes_of_an_ended_sessions_cookie_are_not_the_next_ones(t *testing.T) {
	everywhere(t, func(t *testing.T, newLab labMaker) {
		l := newLab(t, session.Options{})
		v := l.visitor()
		v.posts(func(s *session.Session) { s.Login("ann") })
		res := v.does("POST", func(s *session.Session) {
			s.Renew()
			want(t, "SetCookie", s.SetCookie(cookie.Attrs{Partitioned: true, MaxAge: time.Hour}), nil)
			want(t, "Commit", s.Commit(t.Context()), nil)
			s.End()
			count.Set(s, 1)
		})
		if line := res.Header.Get("Set-Cookie"); strings.Contains(line, "Partitioned") || strings.Contains(line, "Max-Age") {
			t.Errorf("the new session's cookie: %s", line)
		}
	})
}
