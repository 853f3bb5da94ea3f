package flash_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/flash"
	"github.com/sojourn-go/session/sessiontest"
)

// endedElsewhere returns ann's browser, whose session was ended on another
// device, or lay idle for too long.
func endedElsewhere(t *testing.T, site *sessiontest.Site, idle bool) *sessiontest.Browser {
	t.Helper()
	ann := site.Browser(func(s *session.Session) { _ = s.Login("ann") })
	if idle {
		time.Sleep(31 * time.Minute)
		return ann
	}
	if _, err := site.Manager().EndAll(t.Context(), "ann"); err != nil {
		t.Fatal(err)
	}
	return ann
}

// Ann had signed out everywhere, and mistyped her password in a browser that
// was out: for two minutes "Wrong password." was a 409, and nowhere after a GET.
func TestWhatIsSaidToAVisitorWhoseSessionHadEndedBeginsAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := sessiontest.New(t, session.Options{})
		for _, idle := range []bool{false, true} {
			for _, method := range []string{"POST", "GET"} {
				ann := endedElsewhere(t, site, idle)
				want(t, "the login page", shows(t, ann), "")
				want(t, method, answers(ann, ann.Request(method, "/login", nil), say("Wrong password.", "Really.")), http.StatusOK)
				want(t, method, shows(t, ann), "Wrong password. Really.")

				ann = endedElsewhere(t, site, idle)
				want(t, method, answers(ann, ann.Request(method, "/login", nil), func(s *session.Session) { draft.Put(s, form{Title: "T"}) }), http.StatusOK)
				does(t, ann, func(s *session.Session) {
					got, _ := draft.Get(s)
					want(t, "the value", got.Title, "T")
				})
			}
		}
	})
}

// Another answer has given the browser a newer cookie: to begin a session would
// take it away again.
func TestWhatIsSaidUnderAReplacedTokenIsRefusedAndLeavesTheNewerCookie(t *testing.T) {
	for what, add := range map[string]func(*session.Session){
		"Add": say("slow"), "Put": func(s *session.Session) { draft.Put(s, form{}) },
	} {
		site := sessiontest.New(t, session.Options{})
		ann := site.Browser(func(s *session.Session) { a.Set(s, 1) })
		slow, page := ann.Request("POST", "/", nil), ann.Request("GET", "/", nil)
		ann.Change(func(s *session.Session) { _ = s.Login("ann") })
		want(t, what, answers(ann, slow, add), http.StatusConflict)
		want(t, what+" of a page, which is not kept", answers(ann, page, add), http.StatusOK)
		ann.Read(func(s *session.Session) { want(t, what+": the owner", s.Owner(), "ann") })
	}
}

func TestAfterTwoMinutesAReplacedTokenIsNobodys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := sessiontest.New(t, session.Options{})
		ann := site.Browser(func(s *session.Session) { a.Set(s, 1) })
		lost := site.Manager().Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_ = session.From(r.Context()).Login("ann")
		}))
		lost.ServeHTTP(httptest.NewRecorder(), ann.Request("POST", "/login", nil))
		want(t, "at once", answers(ann, ann.Request("POST", "/login", nil), say("Wrong password.")), http.StatusConflict)
		time.Sleep(2 * time.Minute)
		want(t, "later", answers(ann, ann.Request("POST", "/login", nil), say("Wrong password.")), http.StatusOK)
		want(t, "later", shows(t, ann), "Wrong password.")
	})
}

// A message beside it does not make a change look kept.
func TestAChangeToASessionThatHadEndedIsNotLostBehindAMessage(t *testing.T) {
	site := sessiontest.New(t, session.Options{})
	ann := endedElsewhere(t, site, false)
	code := answers(ann, ann.Request("POST", "/", nil), func(s *session.Session) {
		a.Set(s, 1)
		flash.Add(s, "", "Saved.")
	})
	want(t, "a change and a message", code, http.StatusConflict)
}

func TestManyGoroutinesOfARequestWhoseSessionHadEndedLoseNothing(t *testing.T) {
	site := sessiontest.New(t, session.Options{})
	for range 100 {
		ann := endedElsewhere(t, site, false)
		answers(ann, ann.Request("POST", "/", nil), func(s *session.Session) {
			var wg sync.WaitGroup
			start := make(chan bool)
			for range 4 {
				wg.Go(func() { <-start; flash.Add(s, "", "x") })
			}
			close(start)
			wg.Wait()
		})
		want(t, "messages", shows(t, ann), "x x x x")

		ann = endedElsewhere(t, site, false)
		answers(ann, ann.Request("POST", "/", nil), func(s *session.Session) {
			var wg sync.WaitGroup
			start := make(chan bool)
			for i := range 16 {
				wg.Go(func() { <-start; flash.NewValue[int](strconv.Itoa(i)).Put(s, i) })
			}
			close(start)
			wg.Wait()
		})
		does(t, ann, func(s *session.Session) {
			for i := range 16 {
				_, ok := flash.NewValue[int](strconv.Itoa(i)).Get(s)
				want(t, "a value", ok, true)
			}
		})
	}
}

// A handler that has seen nobody, because the store was down, has acted upon
// that: what it adds must not load once more, and make it a good answer.
func TestAddIsNoSecondTryOfALoadThatFailed(t *testing.T) {
	st := newCounted()
	failing := sessiontest.Failing(st)
	site := sessiontest.NewWithStore(t, failing, session.Options{Timeout: time.Millisecond})
	ann := site.Browser(func(s *session.Session) { _ = s.Login("ann") })
	for _, add := range []func(*session.Session){say("Who are you?"), func(s *session.Session) { draft.Put(s, form{}) }} {
		code := answers(ann, ann.Request("GET", "/", nil), func(s *session.Session) {
			failing.Break(sessiontest.Loads)
			want(t, "the owner", s.Owner(), "")
			failing.Repair()
			add(s)
		})
		want(t, "the answer", code, http.StatusServiceUnavailable)
	}
	ann.Read(func(s *session.Session) { want(t, "the owner", s.Owner(), "ann") })
	want(t, "the next reading", shows(t, ann), "")
}
