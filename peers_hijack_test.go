package session_test

import (
	"bufio"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/cookie"
)

// plain is a ResponseWriter that can neither flush nor hijack.
type plain struct{ http.ResponseWriter }

type flusher struct{ http.ResponseWriter }

func (flusher) Flush() {}

// A hijacker hands out a connection, and notes how often.
type hijacker struct {
	http.ResponseWriter
	calls *int
}

func (w hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	*w.calls++
	conn, _ := net.Pipe()
	return conn, nil, nil
}

type flusherHijacker struct{ hijacker }

func (flusherHijacker) Flush() {}

// An unwrapper is what most middleware puts around a writer.
type unwrapper struct{ http.ResponseWriter }

func (w unwrapper) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// scs claims both, whatever is below, and panics when it is asked.
func TestPeers_the_writer_claims_to_flush_and_to_hijack_only_if_the_one_below_does(t *testing.T) {
	onEverySite(t, func(t *testing.T, newPeerSite siteMaker) {
		site := newPeerSite(t, session.Options{})
		calls := new(int)
		for name, below := range map[string]http.ResponseWriter{
			"neither": plain{httptest.NewRecorder()},
			"flush":   flusher{httptest.NewRecorder()},
			"hijack":  hijacker{httptest.NewRecorder(), calls},
			"both":    flusherHijacker{hijacker{httptest.NewRecorder(), calls}},
		} {
			t.Run(name, func(t *testing.T) {
				site.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					_, flushes := w.(http.Flusher)
					_, hijacks := w.(http.Hijacker)
					expect(t, "claims to flush", flushes, name == "flush" || name == "both")
					expect(t, "claims to hijack", hijacks, name == "hijack" || name == "both")
					if err := http.NewResponseController(w).Flush(); flushes != (err == nil) {
						t.Errorf("Flush: got error %v from a writer that claims %t", err, flushes)
					}
				})).ServeHTTP(below, site.visitor().request(http.MethodGet))
			})
		}
	})
}

func TestPeers_Hijack_commits_first_if_no_cookie_is_needed(t *testing.T) {
	for name, wrap := range map[string]func(http.ResponseWriter) http.ResponseWriter{
		"on the writer itself":                func(w http.ResponseWriter) http.ResponseWriter { return w },
		"behind middleware that only unwraps": func(w http.ResponseWriter) http.ResponseWriter { return unwrapper{w} },
		"behind two that only unwrap":         func(w http.ResponseWriter) http.ResponseWriter { return unwrapper{unwrapper{w}} },
	} {
		t.Run(name, func(t *testing.T) {
			site := newPeerSite(t, session.Options{})
			v := site.regular()
			calls := 0
			below := wrap(hijacker{httptest.NewRecorder(), &calls})
			site.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				peerName.Set(session.From(r.Context()), "bob")
				conn, _, err := http.NewResponseController(w).Hijack()
				if err != nil {
					t.Fatalf("Hijack: got error %v, want a connection", err)
				}
				conn.Close()
				expect(t, "saves when the connection is handed over", site.store.saves.Load(), 1)
			})).ServeHTTP(below, v.withCookies(v.request(http.MethodGet)))
			expect(t, "hijacked", calls, 1)
			expect(t, "name in the next request", v.name(), "bob")
		})
	}
}

// With scs, and with gorilla's own sessions, the cookie never arrives.
func TestPeers_Hijack_that_would_lose_a_cookie_is_refused_and_the_handler_can_still_answer(t *testing.T) {
	onEverySite(t, func(t *testing.T, newPeerSite siteMaker) {
		change := map[string]func(*session.Session) error{
			"a new session": func(s *session.Session) error { peerName.Set(s, "ann"); return nil },
			"Login":         func(s *session.Session) error { return s.Login("ann") },
			"Renew":         func(s *session.Session) error { s.Renew(); return nil },
			"End":           func(s *session.Session) error { s.End(); return nil },
			"SetCookie":     func(s *session.Session) error { return s.SetCookie(cookie.Attrs{MaxAge: time.Hour}) },
			"a cookie owed": func(s *session.Session) error { return errors.Join(s.Login("ann"), s.Commit(t.Context())) },
		}
		for name, change := range change {
			for _, wrapped := range []bool{false, true} {
				t.Run(name+map[bool]string{true: " behind middleware that only unwraps"}[wrapped], func(t *testing.T) {
					site := newPeerSite(t, session.Options{})
					v := site.visitor()
					if name != "a new session" {
						v = site.regular()
					}
					calls := 0
					rec := httptest.NewRecorder()
					var below http.ResponseWriter = hijacker{rec, &calls}
					if wrapped {
						below = unwrapper{below}
					}
					site.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						expectError(t, name, change(session.From(r.Context())), nil)
						if _, _, err := http.NewResponseController(w).Hijack(); err == nil {
							t.Error("Hijack: got a connection, want an error")
						}
						http.Error(w, "upgrade failed", http.StatusBadRequest)
					})).ServeHTTP(below, v.withCookies(v.request(http.MethodGet)))
					expect(t, "hijacked", calls, 0)
					expect(t, "status", rec.Code, http.StatusBadRequest)
					expect(t, "body", rec.Body.String(), "upgrade failed\n")
					expectCookies(t, rec.Result(), 1)
				})
			}
		}
	})
}

func TestPeers_Hijack_not_supported_below_begins_nothing(t *testing.T) {
	onEverySite(t, func(t *testing.T, newPeerSite siteMaker) {
		site := newPeerSite(t, session.Options{})
		v := site.regular()
		res := v.get(func(w http.ResponseWriter, r *http.Request) {
			s := session.From(r.Context())
			peerCount.Set(s, 1)
			_, _, err := http.NewResponseController(w).Hijack()
			expectError(t, "Hijack", err, http.ErrNotSupported)
			expect(t, "saves", site.store.saves.Load(), 0)
			expectError(t, "Login afterwards", s.Login("ann"), nil)
			w.WriteHeader(http.StatusUpgradeRequired)
		})
		expect(t, "status", res.StatusCode, http.StatusUpgradeRequired)
		expectCookies(t, res, 1)
		expectEvents(t, site, session.Late, 0)
	})
}

func TestPeers_Flush_not_supported_below_begins_nothing(t *testing.T) {
	onEverySite(t, func(t *testing.T, newPeerSite siteMaker) {
		site := newPeerSite(t, session.Options{})
		rec := httptest.NewRecorder()
		site.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			expectError(t, "Flush", http.NewResponseController(w).Flush(), http.ErrNotSupported)
			expectError(t, "Login afterwards", session.From(r.Context()).Login("ann"), nil)
		})).ServeHTTP(plain{rec}, site.visitor().request(http.MethodGet))
		expectCookies(t, rec.Result(), 1)
	})
}

func TestPeers_Hijack_fails_if_its_commit_does(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := newPeerSite(t, session.Options{})
		v := site.regular()
		site.store.saveFail.Store(true)
		calls := 0
		rec := httptest.NewRecorder()
		site.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			peerName.Set(session.From(r.Context()), "bob")
			for range 2 {
				if _, _, err := http.NewResponseController(w).Hijack(); err == nil {
					t.Error("Hijack: got a connection, want an error")
				}
			}
		})).ServeHTTP(hijacker{rec, &calls}, v.withCookies(v.request(http.MethodGet)))
		expect(t, "hijacked", calls, 0)
		expectFailure(t, rec.Result(), http.StatusServiceUnavailable)
	})
}
