package sessiontest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/sessiontest"
	"github.com/sojourn-go/session/store/memstore"
)

// handle makes a handler of what is done to the session.
func handle(do func(s *session.Session, w http.ResponseWriter)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { do(session.From(r.Context()), w) })
}

var count = handle(func(s *session.Session, w http.ResponseWriter) {
	n := visits.Update(s, func(n int) int { return n + 1 })
	fmt.Fprintf(w, "%d %s", n, s.Owner())
})

func TestAHandlerSeesThePreparedSession(t *testing.T) {
	ann := sessiontest.New(t, session.Options{}).Browser(func(s *session.Session) {
		visits.Set(s, 41)
		if err := s.Login("ann"); err != nil {
			t.Error(err)
		}
	})
	w := ann.Serve(count, ann.Request("POST", "/", strings.NewReader("x=1")))
	if got := w.Body.String(); w.Code != http.StatusOK || got != "42 ann" {
		t.Errorf("got %d %q, want 200 and 42 ann", w.Code, got)
	}
}

func TestTheNextRequestOfTheBrowserCarriesTheCookiesOfTheLastAnswer(t *testing.T) {
	b := sessiontest.New(t, session.Options{}).Browser(nil)
	for want := range 3 {
		if got := b.Serve(count, b.Request("GET", "/", nil)).Body.String(); got != fmt.Sprintf("%d ", want+1) {
			t.Errorf("got %q at visit %d", got, want+1)
		}
	}
}

func TestTwoBrowsersHaveTwoSessions(t *testing.T) {
	site := sessiontest.New(t, session.Options{})
	ann, bob := site.Browser(nil), site.Browser(nil)
	ann.Serve(count, ann.Request("GET", "/", nil))
	bob.Read(func(s *session.Session) {
		if !s.IsNew() || visits.Get(s) != 0 {
			t.Errorf("bob sees %d visits of ann's", visits.Get(s))
		}
	})
}

func TestReadShowsWhatTheNextRequestWouldSeeAndKeepsNothing(t *testing.T) {
	b := sessiontest.New(t, session.Options{}).Browser(nil)
	b.Serve(count, b.Request("GET", "/", nil))
	for range 2 {
		b.Read(func(s *session.Session) {
			if got := visits.Update(s, func(n int) int { return n + 1 }); got != 2 {
				t.Errorf("got %d, want 1 visit and the one of this look", got)
			}
		})
	}
}

func TestAfterASignOutTheSessionIsNewAndEmpty(t *testing.T) {
	ann := sessiontest.New(t, session.Options{}).Browser(signIn)
	signOut := handle(func(s *session.Session, _ http.ResponseWriter) { s.End() })
	ann.Serve(signOut, ann.Request("POST", "/logout", nil))
	if got := ann.Request("GET", "/", nil).Cookies(); len(got) > 0 {
		t.Errorf("the browser still sends %v", got)
	}
	ann.Read(func(s *session.Session) {
		if !s.IsNew() || s.Owner() != "" || s.Reload(t.Context()) != nil {
			t.Errorf("the session is %s's after the sign-out", s.Owner())
		}
	})
}

func signIn(s *session.Session) {
	if err := s.Login("ann"); err != nil {
		panic(err)
	}
}

func TestReadTellsThatASessionWasEndedOrRenewedElsewhere(t *testing.T) {
	site := sessiontest.New(t, session.Options{})
	ann := site.Browser(signIn)
	stale := ann.Request("GET", "/", nil).Cookies()
	ann.Change((*session.Session).Renew)
	other := site.Browser(nil)
	other.Keep(&http.Response{Header: http.Header{"Set-Cookie": {stale[0].String()}}})
	other.Read(func(s *session.Session) {
		if err := s.Reload(t.Context()); !errors.Is(err, session.ErrSuperseded) {
			t.Errorf("after a renewal: %v, want ErrSuperseded", err)
		}
	})
	if n, err := site.Manager().EndAll(t.Context(), "ann"); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	ann.Read(func(s *session.Session) {
		if err := s.Reload(t.Context()); !errors.Is(err, session.ErrEnded) || s.Owner() != "" {
			t.Errorf("after EndAll: %v, owner %q, want ErrEnded and none", err, s.Owner())
		}
	})
}

func TestAnApplicationsManagerAndItsMiddlewareAreServedAsTheyAre(t *testing.T) {
	for name, o := range map[string]session.Options{
		"by default": {},
		"insecure":   {Insecure: true},
		"on a path":  {Name: "__Http-app"},
	} {
		t.Run(name, func(t *testing.T) {
			var events sessiontest.Events
			o.Observe = events.Observe
			m, err := session.New(memstore.New(memstore.Options{}), o)
			if err != nil {
				t.Fatal(err)
			}
			ann := sessiontest.NewWithManager(t, m).Browser(signIn)
			w := ann.Serve(m.Handler(count), ann.Request("GET", "/", nil))
			if w.Body.String() != "1 ann" {
				t.Errorf("got %d %q", w.Code, w.Body)
			}
			if len(events.Of(session.LoggedIn)) != 1 {
				t.Errorf("the events are %v", events.Of())
			}
			events.NothingLate(t)
		})
	}
}

func TestCookiesOfTheHandlersOwnAreKeptUntilTheyExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := sessiontest.New(t, session.Options{}).Browser(nil)
		set := func(cookies ...http.Cookie) {
			b.Serve(handle(func(_ *session.Session, w http.ResponseWriter) {
				for _, c := range cookies {
					http.SetCookie(w, &c)
				}
			}), b.Request("GET", "/", nil))
		}
		want := func(want string) {
			t.Helper()
			if got := b.Request("GET", "https://example.com/deep/down", nil).Header.Get("Cookie"); got != want {
				t.Errorf("the browser sends %q, want %q", got, want)
			}
		}
		set(http.Cookie{Name: "a", Value: "1"}, http.Cookie{Name: "b", Value: "1", MaxAge: 60},
			http.Cookie{Name: "c", Value: "1", Expires: time.Now().Add(time.Hour)})
		set(http.Cookie{Name: "a", Value: "2"})
		want("a=2; b=1; c=1")
		time.Sleep(time.Minute)
		want("a=2; c=1")
		set(http.Cookie{Name: "a", MaxAge: -1}, http.Cookie{Name: "never-there", MaxAge: -1})
		want("c=1")
		set(http.Cookie{Name: "c", Value: "1", Expires: time.Unix(1, 0)})
		want("")
	})
}

func TestAnIdleSessionExpiresInABubbleWithoutWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := sessiontest.New(t, session.Options{Idle: time.Minute})
		ann := site.Browser(signIn)
		time.Sleep(time.Minute)
		ann.Read(func(s *session.Session) {
			if s.Owner() != "" {
				t.Errorf("the session is still %s's", s.Owner())
			}
		})
		if got := site.Events(session.Expired); len(got) != 1 {
			t.Errorf("events %v, want one Expired", site.Events())
		}
	})
}

func TestTheApplicationsObserverIsToldToo(t *testing.T) {
	var told []session.Kind
	site := sessiontest.New(t, session.Options{Observe: func(_ context.Context, e session.Event) {
		told = append(told, e.Kind)
	}})
	site.Browser(signIn)
	if len(told) != 2 || len(site.Events()) != 2 || len(site.Events(session.Created)) != 1 {
		t.Errorf("told of %v, collected %v", told, site.Events())
	}
}
