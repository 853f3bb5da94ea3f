package session_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/sojourn-go/session"
)

func TestPeers_two_managers_of_different_names_serve_one_request(t *testing.T) {
	onEverySite(t, func(t *testing.T, newPeerSite siteMaker) {
		shop := newPeerSite(t, session.Options{Name: "__Host-shop"})
		admin := newPeerSite(t, session.Options{Name: "__Host-admin"})
		v := shop.visitor()
		h := shop.Handler(admin.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx := r.Context()
			if session.From(ctx) != admin.From(ctx) {
				t.Error("From: got another session than the inner manager's")
			}
			io.WriteString(w, peerName.Get(shop.From(ctx))+"/"+peerName.Get(admin.From(ctx)))
		})))
		res := v.send(shop.Handler(admin.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			peerName.Set(shop.From(r.Context()), "ann")
			peerName.Set(admin.From(r.Context()), "root")
			w.WriteHeader(http.StatusCreated)
		}))), v.request(http.MethodPost))
		expectCookies(t, res, 2)
		expect(t, "status", res.StatusCode, http.StatusCreated)
		expect(t, "cookies", len(v.jar), 2)
		res = v.send(h, v.request(http.MethodGet))
		expect(t, "names", bodyOf(t, res), "ann/root")
		expectCookies(t, res, 0)

		v.send(shop.Handler(admin.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			admin.From(r.Context()).End()
		}))), v.request(http.MethodPost))
		res = v.send(h, v.request(http.MethodGet))
		expect(t, "names after the inner session's end", bodyOf(t, res), "ann/")
		expectEvents(t, shop, session.Misplaced, 0)
		expectEvents(t, admin, session.Misplaced, 0)
	})
}

// What the inner manager has kept stays true if the outer one fails.
func TestPeers_two_managers_the_outer_ones_failure_sends_the_cookie_of_the_inner_ones_commit(t *testing.T) {
	onEverySite(t, func(t *testing.T, newPeerSite siteMaker) {
		outer := newPeerSite(t, session.Options{Name: "__Host-shop"})
		inner := newPeerSite(t, session.Options{Name: "__Host-admin"})
		v := outer.owner("ann")
		outer.store.loadsFail.Store(true)
		res := v.send(outer.Handler(inner.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			expectError(t, "Login", inner.From(r.Context()).Login("root"), nil)
			peerName.Get(outer.From(r.Context()))
			io.WriteString(w, "page")
		}))), v.request(http.MethodGet))
		expectFailure(t, res, http.StatusServiceUnavailable)
		if kept := len(inner.log.of(session.LoggedIn)); kept == 1 && v.jar["__Host-admin"] == "" {
			t.Error("the inner session is kept, and its cookie is not sent: want both or neither")
		}
	})
}

func TestPeers_two_managers_of_one_name_are_reported_once(t *testing.T) {
	onEverySite(t, func(t *testing.T, newPeerSite siteMaker) {
		outer := newPeerSite(t, session.Options{})
		inner := newPeerSite(t, session.Options{})
		v := outer.visitor()
		for range 3 {
			v.send(outer.Handler(inner.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))), v.request(http.MethodGet))
		}
		expectEvents(t, outer, session.Misplaced, 0)
		expectEvents(t, inner, session.Misplaced, 1)
	})
}

func TestPeers_one_manager_twice_passes_through(t *testing.T) {
	onEverySite(t, func(t *testing.T, newPeerSite siteMaker) {
		site := newPeerSite(t, session.Options{})
		v := site.regular()
		var first *session.Session
		twice := site.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			first = session.From(r.Context())
			site.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				if s := session.From(r.Context()); s != first {
					t.Error("the inner Handler made a session of its own")
				}
				peerName.Set(session.From(r.Context()), "bob")
				expectError(t, "Login", session.From(r.Context()).Login("bob"), nil)
			})).ServeHTTP(w, r)
			expectError(t, "Login after the inner Handler", session.From(r.Context()).Login("ann"), nil)
		}))
		res := v.send(twice, v.request(http.MethodPost))
		expectCookies(t, res, 1)
		expect(t, "loads", site.store.loads.Load() > 0, true)
		expectEvents(t, site, session.Misplaced, 0)
		expectEvents(t, site, session.Late, 0)
		v.get(func(_ http.ResponseWriter, r *http.Request) {
			expect(t, "owner", session.From(r.Context()).Owner(), "ann")
		})
	})
}

// The passing through looks for the manager, wherever in the chain it is.
func TestPeers_one_manager_twice_passes_through_around_another(t *testing.T) {
	onEverySite(t, func(t *testing.T, newPeerSite siteMaker) {
		site := newPeerSite(t, session.Options{})
		other := newPeerSite(t, session.Options{Name: "__Host-other"})
		v := site.regular()
		h := site.Handler(other.Handler(site.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			peerName.Set(site.From(r.Context()), "bob")
			peerName.Set(other.From(r.Context()), "eve")
		}))))
		lines := map[string]int{}
		for _, c := range v.send(h, v.request(http.MethodPost)).Cookies() {
			lines[c.Name]++
		}
		expect(t, "lines for the other", lines["__Host-other"], 1)
		expect(t, "more than one line for the one that is there twice", lines[peerCookie] > 1, false)
		expect(t, "name", v.name(), "bob")
		expectEvents(t, site, session.Misplaced, 0)
	})
}
