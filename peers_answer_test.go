package session_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/sojourn-go/session"
)

func TestPeers_a_failed_commit_still_sends_the_cookie_owed_from_an_earlier_commit(t *testing.T) {
	onEverySiteInTime(t, func(t *testing.T, newPeerSite siteMaker) {
		site := newPeerSite(t, session.Options{})
		v := site.visitor()
		res := v.get(func(w http.ResponseWriter, r *http.Request) {
			s := session.From(r.Context())
			peerName.Set(s, "ann")
			expectError(t, "Commit", s.Commit(r.Context()), nil)
			site.store.saveFail.Store(true)
			peerName.Set(s, "bob")
			expectError(t, "Login", s.Login("bob"), nil)
			io.WriteString(w, "page")
		})
		expectFailure(t, res, http.StatusServiceUnavailable)
		expectCookies(t, res, 1)
		site.store.saveFail.Store(false)
		expect(t, "name in the next request", v.name(), "ann")
	})
}

func TestPeers_a_failed_commit_of_a_store_that_is_down_asks_to_try_again(t *testing.T) {
	onEverySiteInTime(t, func(t *testing.T, newPeerSite siteMaker) {
		site := newPeerSite(t, session.Options{})
		v := site.regular()
		site.store.saveFail.Store(true)
		res := v.get(func(_ http.ResponseWriter, r *http.Request) {
			expectError(t, "Login", session.From(r.Context()).Login("bob"), nil)
		})
		expectFailure(t, res, http.StatusServiceUnavailable)
		if res.Header.Get("Retry-After") == "" {
			t.Error("Retry-After: got none, want one")
		}
		expectEvents(t, site, session.Failed, 1)
	})
}

func TestPeers_a_failed_commit_of_unknown_outcome_does_not_ask_to_try_again(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := newPeerSite(t, session.Options{})
		v := site.regular()
		other, err := session.New(site.store.Store, session.Options{}) // another process
		if err != nil {
			t.Fatal(err)
		}
		lost := false
		site.store.aroundSave = func(id string, save func() (uint64, error)) (uint64, error) {
			version, err := save()
			if lost {
				return version, err
			}
			lost = true
			for i := range 5 { // more than a record remembers
				r := v.withCookies(v.request(http.MethodGet))
				other.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					peerName.Set(session.From(r.Context()), strings.Repeat("x", i))
				})).ServeHTTP(httptest.NewRecorder(), r)
			}
			return 0, errPeerDown
		}
		runs := 0
		res := v.get(func(_ http.ResponseWriter, r *http.Request) {
			peerCount.Update(session.From(r.Context()), func(n int) int { runs++; return n + 1 })
		})
		expectFailure(t, res, http.StatusServiceUnavailable)
		expect(t, "Retry-After", res.Header.Get("Retry-After"), "")
		if failed := site.log.of(session.Failed); len(failed) != 1 || !errors.Is(failed[0].Err, session.ErrUnknown) {
			t.Errorf("failed events: got %v, want one of ErrUnknown", failed)
		}
		count := 0
		v.get(func(_ http.ResponseWriter, r *http.Request) { count = peerCount.Get(session.From(r.Context())) })
		expect(t, "count, which was kept once", count, 1)
	})
}

func TestPeers_a_failed_commit_tells_the_visitor_nothing_of_the_store(t *testing.T) {
	onEverySiteInTime(t, func(t *testing.T, newPeerSite siteMaker) {
		site := newPeerSite(t, session.Options{})
		v := site.member()
		site.store.loadsFail.Store(true)
		site.store.saveFail.Store(true)
		for name, visitor := range map[string]*peerVisitor{"load": v, "save": site.visitor()} {
			res := visitor.get(func(_ http.ResponseWriter, r *http.Request) {
				expectError(t, "Login", session.From(r.Context()).Login("bob"), nil)
			})
			var b strings.Builder
			if err := res.Write(&b); err != nil {
				t.Fatal(err)
			}
			for _, secret := range []string{"10.0.0.7", "sesam", "dial", "session", "load", "save", "epoch"} {
				if strings.Contains(b.String(), secret) {
					t.Errorf("%s: got a response with %q in it, want nothing of the store's error:\n%s", name, secret, b.String())
				}
			}
		}
	})
}

func TestPeers_ErrorHandler_is_called_once_and_gets_the_writer_below(t *testing.T) {
	onEverySite(t, func(t *testing.T, newPeerSite siteMaker) {
		var got []error
		site := newPeerSite(t, session.Options{ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			got = append(got, err)
			w.WriteHeader(http.StatusTeapot)
		}})
		v := site.member()
		site.store.loadsFail.Store(true)
		use := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { peerName.Get(session.From(r.Context())) })
		for name, h := range map[string]http.Handler{"Handler": use, "Require": site.Require(use)} {
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				got = nil
				res := v.send(site.Handler(h), v.request(method))
				expect(t, name+" "+method+": status", res.StatusCode, http.StatusTeapot)
				if len(got) != 1 || !errors.Is(got[0], session.ErrUnavailable) {
					t.Errorf("%s %s: ErrorHandler: got %v, want one ErrUnavailable", name, method, got)
				}
			}
		}
	})
}
