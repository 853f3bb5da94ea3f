package session_test

import (
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
)

func recoverer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if recover() != nil {
				http.Error(w, "something went wrong", http.StatusInternalServerError)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

var setsAndPanics = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
	peerName.Set(session.From(r.Context()), "bob")
	panic("half way through")
})

func TestPeers_a_recoverer_outside_commits_nothing(t *testing.T) {
	onEverySite(t, func(t *testing.T, newPeerSite siteMaker) {
		site := newPeerSite(t, session.Options{})
		for want, v := range map[string]*peerVisitor{"ann": site.regular(), "": site.visitor()} {
			site.store.calls()
			res := v.send(recoverer(site.Handler(setsAndPanics)), v.request(http.MethodGet))
			expect(t, "status", res.StatusCode, http.StatusInternalServerError)
			expectCookies(t, res, 0)
			expect(t, "saves", site.store.saves.Load(), 0)
			expect(t, "name in the next request", v.name(), want)
		}
	})
}

// A 5xx answer is an answer, and commits.
func TestPeers_a_recoverer_inside_answers_500_and_commits(t *testing.T) {
	onEverySite(t, func(t *testing.T, newPeerSite siteMaker) {
		site := newPeerSite(t, session.Options{})
		for kind, v := range map[string]*peerVisitor{"regular": site.regular(), "new": site.visitor()} {
			res := v.send(site.Handler(recoverer(setsAndPanics)), v.request(http.MethodGet))
			expect(t, kind+": status", res.StatusCode, http.StatusInternalServerError)
			expect(t, kind+": body", bodyOf(t, res), "something went wrong\n")
			expect(t, kind+": name in the next request", v.name(), "bob")
		}
	})
}

func TestPeers_a_panic_after_the_first_byte_loses_the_late_changes_only(t *testing.T) {
	onEverySite(t, func(t *testing.T, newPeerSite siteMaker) {
		site := newPeerSite(t, session.Options{})
		v := site.regular()
		v.send(recoverer(site.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			peerName.Set(session.From(r.Context()), "bob")
			io.WriteString(w, "page")
			peerName.Set(session.From(r.Context()), "eve")
			panic("half way through")
		}))), v.request(http.MethodGet))
		expect(t, "name in the next request", v.name(), "bob")
	})
}

// A slowness says how long the handler takes, of the minute it is given.
type slowness struct {
	name   string
	takes  time.Duration
	status int
	body   string
}

var slownesses = []slowness{
	{"in time", time.Second, http.StatusOK, "page"},
	{"too slow", time.Hour, http.StatusServiceUnavailable, "too slow"},
}

func TestPeers_TimeoutHandler_outside_a_slow_handler_is_answered_and_its_changes_are_kept(t *testing.T) {
	for _, c := range slownesses {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				site := newPeerSite(t, session.Options{Idle: 6 * time.Hour})
				v := site.regular()
				h := http.TimeoutHandler(site.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					peerName.Set(session.From(r.Context()), "bob")
					time.Sleep(c.takes)
					io.WriteString(w, "page")
				})), time.Minute, "too slow")
				res := v.send(h, v.request(http.MethodGet))
				expect(t, "status", res.StatusCode, c.status)
				expect(t, "body", bodyOf(t, res), c.body)
				expectCookies(t, res, 0)
				time.Sleep(2 * time.Hour)
				expect(t, "name once the handler is through", v.name(), "bob")
			})
		})
	}
}

func TestPeers_TimeoutHandler_outside_sends_the_cookie_of_a_handler_in_time(t *testing.T) {
	onEverySiteInTime(t, func(t *testing.T, newPeerSite siteMaker) {
		site := newPeerSite(t, session.Options{})
		v := site.visitor()
		res := v.send(http.TimeoutHandler(site.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			peerName.Set(session.From(r.Context()), "ann")
			io.WriteString(w, "page")
		})), time.Minute, "too slow"), v.request(http.MethodGet))
		expectCookies(t, res, 1)
		expect(t, "body", bodyOf(t, res), "page")
		expect(t, "name in the next request", v.name(), "ann")
	})
}

// The handler that is still running when the answer is out has lost its
// session, and is told so.
func TestPeers_TimeoutHandler_inside_a_slow_handler_goes_on_with_a_frozen_session(t *testing.T) {
	for _, c := range slownesses {
		t.Run(c.name, func(t *testing.T) {
			onEverySiteInTime(t, func(t *testing.T, newPeerSite siteMaker) {
				site := newPeerSite(t, session.Options{Idle: 6 * time.Hour})
				v := site.visitor()
				h := site.Handler(http.TimeoutHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					s := session.From(r.Context())
					peerCount.Set(s, 1)
					time.Sleep(c.takes)
					peerName.Set(s, "bob")
					io.WriteString(w, "page")
				}), time.Minute, "too slow"))
				res := v.send(h, v.request(http.MethodGet))
				expect(t, "status", res.StatusCode, c.status)
				expect(t, "body", bodyOf(t, res), c.body)
				expectCookies(t, res, 1) // what was set before the answer counts
				time.Sleep(2 * time.Hour)
				late := 0
				want := "bob"
				if c.status != http.StatusOK {
					late, want = 1, ""
				}
				expectEvents(t, site, session.Late, late)
				expect(t, "name in the next request", v.name(), want)
			})
		})
	}
}

func TestPeers_TimeoutHandler_inside_gives_up_on_a_slow_handler_without_a_data_race(t *testing.T) {
	onEverySite(t, func(t *testing.T, newPeerSite siteMaker) {
		site := newPeerSite(t, session.Options{})
		v := site.regular()
		done := make(chan struct{})
		h := site.Handler(http.TimeoutHandler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			defer close(done)
			for i := 0; r.Context().Err() == nil || i < 200; i++ {
				peerCount.Set(session.From(r.Context()), i)
				r.FormValue("a")
			}
		}), 5*time.Millisecond, "too slow"))
		res := v.send(h, v.request(http.MethodGet))
		expect(t, "status", res.StatusCode, http.StatusServiceUnavailable)
		<-done
		expect(t, "name in the next request", v.name(), "ann")
	})
}
