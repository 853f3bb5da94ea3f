package session_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/store"
)

// An update panicked at its replay, a recoverer inside of Handler answered 500,
// and then the same update was replayed once more as a late change: its panic
// came out of Handler and cut the answer off, with the cookie of the login.
func TestA_function_that_always_panics_at_its_replay_is_replayed_once(t *testing.T) {
	everywhere(t, func(t *testing.T, newLab labMaker) {
		l := newLab(t, session.Options{})
		v := l.visitor()
		v.posts(func(s *session.Session) { count.Set(s, 1) })
		r := httptest.NewRequest("POST", "https://example.com/", nil)
		r.AddCookie(v.cookie)
		w := httptest.NewRecorder()
		got := panicOf(t, func() {
			l.m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				defer func() {
					if recover() != nil {
						http.Error(w, "sorry", 500)
					}
				}()
				s, runs := session.From(r.Context()), 0
				s.Login("ann")
				want(t, "Commit", s.Commit(r.Context()), nil)
				count.Update(s, func(n int) int {
					if runs++; runs > 1 {
						panic("bug")
					}
					return n + 1
				})
				want(t, "Reload", s.Reload(r.Context()), nil)
				w.WriteHeader(200)
			})).ServeHTTP(w, r)
		})
		want(t, "panic out of Handler", got, nil)
		v.takes(w.Result())
		want(t, "owner", v.owner(), "ann")
	})
}

// The store had applied a logout but not made it safe. Whoever repeated it, as
// told, found the tombstone, wrote nothing and reported success: a failover, and
// the logout had never been.
func TestAn_end_that_is_repeated_for_durability_is_made_durable(t *testing.T) {
	for what, end := range map[string]func(l *lab, v *visitor) bool{
		"End": func(_ *lab, v *visitor) bool {
			return v.copy().does("POST", func(s *session.Session) { s.End() }).StatusCode == 200
		},
		"End and Commit in one request": func(_ *lab, v *visitor) (ok bool) {
			v.copy().does("POST", func(s *session.Session) { s.End(); ok = s.Commit(t.Context()) == nil })
			return ok
		},
		"EndAll": func(l *lab, _ *visitor) bool { _, err := l.m.EndAll(t.Context(), "ann"); return err == nil },
	} {
		l := newLab(t, session.Options{})
		v := l.login("ann")
		weak, safe := true, 0
		l.afterSave = func(id string, rec store.Record, _ uint64, err error) error {
			switch {
			case err != nil || !rec.Durable || isOwner(id):
				return err
			case weak:
				weak = false
				return store.ErrNotDurable
			}
			safe++
			return nil
		}
		want(t, what+" succeeds while it is not safe", end(l, v), false)
		want(t, what+" succeeds when it is repeated", end(l, v), true)
		if safe == 0 {
			t.Errorf("%s: no durable Save of the tombstone", what)
		}
	}
}

// The same within one request: the second Commit succeeds, and the browser is
// not told to drop the cookie.
func TestAn_End_repeated_after_a_weak_Save_removes_the_cookie(t *testing.T) {
	l := newLab(t, session.Options{})
	v := l.login("ann")
	l.afterSave = func(string, store.Record, uint64, error) error { l.afterSave = nil; return store.ErrNotDurable }
	v.posts(func(s *session.Session) {
		s.End()
		want(t, "the first Commit failed", s.Commit(t.Context()) != nil, true)
		want(t, "the second Commit", s.Commit(t.Context()), nil)
	})
	want(t, "the browser keeps the cookie", v.cookie != nil, false)
}
