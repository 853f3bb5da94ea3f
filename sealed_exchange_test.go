package session_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sojourn-go/session"
)

// loads does what a framework does that Handler does not fit: it loads, uses and
// commits, and sends the headers that it was told to.
func (v *visitor) loads(method string, f func(s *session.Session)) (http.Header, error) {
	s := v.l.m.Load(v.request(method))
	f(s)
	h := http.Header{}
	err := v.l.m.Commit(v.l.t.Context(), h, s)
	v.takes(&http.Response{Header: h})
	return h, err
}

func TestLoad_and_Commit_do_for_other_frameworks_what_Handler_does(t *testing.T) {
	everywhereInTime(t, func(t *testing.T, newLab labMaker) {
		l := newLab(t, session.Options{MaxRecord: 2000})
		v := l.visitor()
		h, err := v.loads("POST", func(s *session.Session) { s.Login("ann"); count.Set(s, 1) })
		want(t, "Commit", err, nil)
		want(t, "Set-Cookie lines", len(h["Set-Cookie"]), 1)
		want(t, "headers", h.Get("Vary")+", "+h.Get("Cache-Control"), "Cookie, no-store")
		want(t, "owner by Handler", v.owner(), "ann")

		h, err = v.loads("GET", func(s *session.Session) { want(t, "count", count.Get(s), 1) })
		want(t, "Commit after reading", err, nil)
		want(t, "Set-Cookie lines after reading", len(h["Set-Cookie"]), 0)
		h, err = v.loads("GET", func(*session.Session) {})
		want(t, "Commit after nothing", err, nil)
		want(t, "headers after nothing", len(h), 0)

		h, err = v.loads("POST", func(s *session.Session) { count.Set(s, 2); name.Set(s, strings.Repeat("x", 3000)) })
		want(t, "too large", errors.Is(err, session.ErrTooLarge), true)
		want(t, "Cache-Control of a failure", h.Get("Cache-Control"), "no-store")
		want(t, "Set-Cookie lines of a failure", len(h["Set-Cookie"]), 0)
		want(t, "count", tells(v, count), 1)

		for range 6 {
			time.Sleep(10 * time.Minute)
			v.loads("GET", func(s *session.Session) { want(t, "owner, in use", s.Owner(), "ann") })
		}
		_, err = v.loads("POST", func(s *session.Session) { s.End() })
		want(t, "Commit of an End", err, nil)
		want(t, "the browser keeps the cookie", v.cookie != nil, false)
	})
}

func TestLoad_and_Commit_tell_of_a_session_that_cannot_be_loaded(t *testing.T) {
	everywhere(t, func(t *testing.T, newLab labMaker) {
		l := newLab(t, session.Options{})
		v := l.login("ann")
		l.onLoad = func(string) error { return errLost }
		h, err := v.loads("POST", func(s *session.Session) {
			want(t, "Err tells", errors.Is(s.Err(), errLost), true)
			s.Login("bob")
		})
		want(t, "Commit tells", errors.Is(err, session.ErrUnavailable), true)
		want(t, "Set-Cookie lines", len(h["Set-Cookie"]), 0)
		l.onLoad = nil
		want(t, "owner", v.owner(), "ann")
	})
}

func TestA_stored_and_a_sealed_manager_serve_one_request(t *testing.T) {
	for _, order := range []string{"stored outside", "sealed outside"} {
		stored := newPeerSite(t, session.Options{Name: "__Host-account"})
		sealed := newPeerSiteSealed(t, session.Options{Name: "__Host-taste"})
		outer, inner := stored, sealed
		if order == "sealed outside" {
			outer, inner = sealed, stored
		}
		v := outer.visitor()
		serve := func(f http.HandlerFunc) *http.Response {
			return v.send(outer.Handler(inner.Handler(f)), v.request(http.MethodPost))
		}
		res := serve(func(_ http.ResponseWriter, r *http.Request) {
			peerName.Set(stored.From(r.Context()), "ann")
			peerName.Set(sealed.From(r.Context()), "dark")
		})
		expectCookies(t, res, 2)
		res = serve(func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, peerName.Get(stored.From(r.Context()))+"/"+peerName.Get(sealed.From(r.Context())))
		})
		expect(t, order+": names", bodyOf(t, res), "ann/dark")
		expectCookies(t, res, 0)
		res = serve(func(_ http.ResponseWriter, r *http.Request) {
			stored.From(r.Context()).End()
			peerCount.Set(sealed.From(r.Context()), 1)
		})
		expectCookies(t, res, 2)
		res = serve(func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, peerName.Get(stored.From(r.Context()))+"/"+peerName.Get(sealed.From(r.Context())))
		})
		expect(t, order+": names after an End", bodyOf(t, res), "/dark")
		expectEvents(t, inner, session.Misplaced, 0)
	}
}

// What one manager has kept stays true if the other fails, whichever is outside.
func TestA_stored_and_a_sealed_manager_do_not_lose_each_others_cookies(t *testing.T) {
	for _, failing := range []string{"stored", "sealed"} {
		for _, outside := range []string{"stored", "sealed"} {
			sites := map[string]*peerSite{
				"stored": newPeerSite(t, session.Options{Name: "__Host-stored", Timeout: 10 * time.Millisecond}),
				"sealed": newPeerSiteSealed(t, session.Options{Name: "__Host-sealed"}),
			}
			other := map[string]string{"stored": "sealed", "sealed": "stored"}
			bad, good := sites[failing], sites[other[failing]]
			bad.store.saveFail.Store(true)
			v := good.visitor()
			res := v.send(sites[outside].Handler(sites[other[outside]].Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				expectError(t, "Login", bad.From(r.Context()).Login("ann"), nil)
				expectError(t, "Login", good.From(r.Context()).Login("ann"), nil)
			}))), v.request(http.MethodPost))
			what := failing + " fails, " + outside + " outside"
			expect(t, what+": status", res.StatusCode, http.StatusServiceUnavailable)
			expect(t, what+": the failing one's cookie", v.jar["__Host-"+failing], "")
			kept := len(good.log.of(session.LoggedIn)) > 0
			expect(t, what+": kept, and its cookie sent", kept, v.jar["__Host-"+other[failing]] != "")
		}
	}
}

func TestSealed_ErrorHandler_is_told_once_of_each_failure(t *testing.T) {
	epoch, down := uint64(1), error(nil)
	var got []error
	l := newLabSealed(t, session.Options{
		Epoch: func(context.Context, string) (uint64, error) { return epoch, down },
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			got = append(got, err)
			w.Header().Set("Content-Type", "text/x-ours")
			w.WriteHeader(session.StatusCode(err))
		},
	})
	v := l.login("ann")
	failure := func(what string, wanted error, status int, f func(s *session.Session)) {
		t.Helper()
		got = nil
		res := v.sends("POST", f)
		if len(got) != 1 || !errors.Is(got[0], wanted) || res.StatusCode != status {
			t.Errorf("%s: got %v, status %d, want one %v, status %d", what, got, res.StatusCode, wanted, status)
		}
		want(t, what+": Content-Type", res.Header.Get("Content-Type"), "text/x-ours")
		want(t, what+": Set-Cookie lines", len(res.Header["Set-Cookie"]), 0)
		want(t, what+": Cache-Control", res.Header.Get("Cache-Control"), "no-store")
	}
	failure("too large", session.ErrTooLarge, 500, func(s *session.Session) { name.Set(s, strings.Repeat("x", 5000)) })
	failure("old epoch", session.ErrEpoch, 409, func(s *session.Session) { s.LoginWith("ann", session.Terms{AtEpoch: 9}) })
	epoch++
	failure("another epoch", session.ErrEnded, 409, func(s *session.Session) { count.Set(s, 1) })
	down = errLost
	failure("no epoch", session.ErrUnavailable, 503, func(*session.Session) { t.Error("the handler ran") })
	down, epoch = nil, 1
	want(t, "owner", v.owner(), "ann")
}
