package session_test

import (
	"net/http"
	"testing"

	"github.com/sojourn-go/session"
)

// The store fails for a moment, and the handler deals with that: what it changes
// nevertheless must not begin a session over the visitor's own.
func TestA_change_after_a_load_that_failed_begins_no_session(t *testing.T) {
	for what, change := range map[string]func(s *session.Session){
		"before the question": func(s *session.Session) { count.Set(s, 1); _ = s.Err() },
		"after it":            func(s *session.Session) { _ = s.Err(); count.Set(s, 1) },
		"a login after it":    func(s *session.Session) { _ = s.Err(); s.Login("bob") },
		"a commit after it":   func(s *session.Session) { _ = s.Err(); count.Set(s, 1); _ = s.Commit(t.Context()) },
	} {
		l := newLab(t, session.Options{})
		v := l.login("ann")
		l.onLoad = func(string) error { l.onLoad = nil; return errLost }
		r := v.request("GET")
		res := serve(l.m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			change(session.From(r.Context()))
			w.WriteHeader(http.StatusUnauthorized)
		})), r)
		want(t, what+": status", res.StatusCode, http.StatusUnauthorized)
		want(t, what+": cookies", len(res.Cookies()), 0)
		v.takes(res)
		want(t, what+": owner", v.owner(), "ann")
	}
}
