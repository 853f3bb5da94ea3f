package session_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/cookie"
	"github.com/sojourn-go/session/store"
)

// scs drops them in silence, gorilla's Save returns nil.
func TestPeers_a_late_Set_on_a_stored_session_is_saved_when_the_handler_returns(t *testing.T) {
	site := newPeerSite(t, session.Options{})
	v := site.regular()
	res := v.get(func(w http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		expect(t, "name", peerName.Get(s), "ann")
		io.WriteString(w, "page")
		peerName.Set(s, "bob")
		peerCount.Update(s, func(n int) int { return n + 1 })
		expect(t, "saves before the return", site.store.saves.Load(), 0)
	})
	expectCookies(t, res, 0)
	expect(t, "calls of the store", site.store.calls(), "1 loads, 1 saves")
	expect(t, "name in the next request", v.name(), "bob")
	expectEvents(t, site, session.Late, 0)
}

func TestPeers_a_late_Set_on_a_session_that_this_request_created_is_saved(t *testing.T) {
	site := newPeerSite(t, session.Options{})
	v := site.visitor()
	v.get(func(w http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		peerCount.Set(s, 1)
		io.WriteString(w, "page")
		peerName.Set(s, "ann")
	})
	expect(t, "name in the next request", v.name(), "ann")
}

func TestPeers_a_late_End_is_done(t *testing.T) {
	site := newPeerSite(t, session.Options{})
	v := site.regular()
	res := v.get(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "Good bye")
		session.From(r.Context()).End()
	})
	expectCookies(t, res, 0)
	expectEvents(t, site, session.Ended, 1)
	expect(t, "name in the next request", v.name(), "")
}

func TestPeers_a_late_Login_and_whatever_needs_a_cookie_is_ErrLate_and_changes_nothing(t *testing.T) {
	onEverySite(t, func(t *testing.T, newPeerSite siteMaker) {
		site := newPeerSite(t, session.Options{})
		for name, change := range map[string]func(*session.Session) error{
			"Login":     func(s *session.Session) error { return s.Login("ann") },
			"LoginWith": func(s *session.Session) error { return s.LoginWith("ann", session.Terms{Remember: true}) },
			"StepUp":    func(s *session.Session) error { return s.StepUp(2) },
			"SetCookie": func(s *session.Session) error { return s.SetCookie(cookie.Attrs{MaxAge: time.Hour}) },
			"Renew":     func(s *session.Session) error { s.Renew(); return session.ErrLate },
		} {
			t.Run(name, func(t *testing.T) {
				v := site.regular()
				v.get(func(_ http.ResponseWriter, r *http.Request) {
					expectError(t, "Login", session.From(r.Context()).Login("eve"), nil)
				})
				token, late := v.token(), len(site.log.of(session.Late))
				site.store.calls()
				v.get(func(w http.ResponseWriter, r *http.Request) {
					s := session.From(r.Context())
					expect(t, "owner", s.Owner(), "eve")
					io.WriteString(w, "page")
					expectError(t, name, change(s), session.ErrLate)
					expect(t, "owner", s.Owner(), "eve")
				})
				expect(t, "calls of the store", site.store.calls(), "1 loads, 0 saves")
				expectEvents(t, site, session.Late, late+1)
				expect(t, "token", v.token(), token)
				expect(t, "name", v.name(), "ann")
			})
		}
	})
}

func TestPeers_a_late_Set_on_a_new_session_is_refused_and_the_log_names_the_line(t *testing.T) {
	onEverySite(t, func(t *testing.T, newPeerSite siteMaker) {
		changes := map[string]func(*session.Session) (line int){
			"Set":    func(s *session.Session) int { peerName.Set(s, "ann"); return here() },
			"Update": func(s *session.Session) int { peerName.Update(s, strings.ToUpper); return here() },
			"Delete": func(s *session.Session) int { peerName.Delete(s); return here() },
		}
		for name, change := range changes {
			t.Run(name, func(t *testing.T) {
				site := newPeerSite(t, session.Options{})
				line := 0
				res := site.visitor().get(func(w http.ResponseWriter, r *http.Request) {
					io.WriteString(w, "page")
					s := session.From(r.Context())
					line = change(s)
					expect(t, "name after the refusal", peerName.Get(s), "")
				})
				expect(t, "status", res.StatusCode, http.StatusOK)
				expectCookies(t, res, 0)
				expect(t, "calls of the store", site.store.calls(), "0 loads, 0 saves")
				want := fmt.Sprintf("peers_late_test.go:%d", line)
				found := false
				for _, e := range site.log.of(session.Late) {
					found = found || e.Key == "name" && strings.HasSuffix(e.Caller, want)
				}
				if !found {
					t.Errorf("late events: got %v, want one with the key and a caller of %s", site.log.of(session.Late), want)
				}
				if log := site.log.String(); !strings.Contains(log, want) || !strings.Contains(log, `"level":"WARN"`) {
					t.Errorf("log: got %s, want a warning with %s", log, want)
				}
			})
		}
	})
}

// here returns the line that it is called from.
func here() int {
	_, _, line, _ := runtime.Caller(1)
	return line
}

func TestPeers_a_late_save_that_fails_aborts_the_response(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := newPeerSite(t, session.Options{})
		v := site.regular()
		got := aborted(func() {
			v.get(func(w http.ResponseWriter, r *http.Request) {
				s := session.From(r.Context())
				expect(t, "name", peerName.Get(s), "ann")
				io.WriteString(w, "page")
				site.store.saveFail.Store(true)
				peerName.Set(s, "bob")
			})
		})
		expect(t, "aborted", got, true)
		if e := site.log.of(session.Late); len(e) == 0 || !errors.Is(e[0].Err, session.ErrUnavailable) {
			t.Errorf("late events: got %v, want the first to say that the store is not available", e)
		}
	})
}

func TestPeers_a_late_save_that_fails_cuts_the_body_off_over_the_network(t *testing.T) {
	site := newPeerSite(t, session.Options{})
	v := site.regular()
	site.store.aroundSave = func(string, func() (uint64, error)) (uint64, error) { return 0, store.ErrFull }
	srv := site.listen(site.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "page")
		expectError(t, "Flush", http.NewResponseController(w).Flush(), nil)
		peerName.Set(session.From(r.Context()), "bob")
	})))
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, nil)
	res := v.fetch(srv, r)
	expect(t, "status", res.StatusCode, http.StatusOK)
	body, err := io.ReadAll(res.Body)
	expect(t, "body", string(body), "page")
	expectError(t, "end of the body", err, io.ErrUnexpectedEOF)
}

// A commit that the handler waited for is acknowledged; what comes after it,
// and is lost, is not.
func TestPeers_a_late_Commit_that_returned_nil_is_kept_whatever_happens_then(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := newPeerSite(t, session.Options{})
		v := site.regular()
		got := aborted(func() {
			v.get(func(w http.ResponseWriter, r *http.Request) {
				s := session.From(r.Context())
				io.WriteString(w, "page")
				peerName.Set(s, "bob")
				expectError(t, "Commit", s.Commit(r.Context()), nil)
				site.store.saveFail.Store(true)
				peerCount.Set(s, 7)
			})
		})
		expect(t, "aborted", got, true)
		site.store.saveFail.Store(false)
		expect(t, "name in the next request", v.name(), "bob")
	})
}
