package csrf_test

import (
	"crypto/rand"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/csrf"
	"github.com/sojourn-go/session/sessiontest"
)

// Complaint #22 of ring-anti-forgery: a request with a new token could not end
// its session.
func TestARequestThatMakesTheFirstTokenAndEndsTheSessionLeavesNone(t *testing.T) {
	everyKind(t, func(t *testing.T, site *sessiontest.Site) {
		ann := site.Browser(func(s *session.Session) { note.Set(s, "here") })
		ann.Serve(handle(func(s *session.Session, w http.ResponseWriter) {
			if _, err := csrf.Token(s); err != nil {
				t.Error(err)
			}
			s.End()
		}), ann.Request("GET", "/", nil))
		ann.Read(func(s *session.Session) {
			for name := range s.All() {
				t.Errorf("%q is there", name)
			}
			if s.ID() != "" {
				t.Error("a session is there")
			}
		})
	})
}

// And the page that says goodbye has a form to log in again.
func TestATokenMadeAfterEndIsOfTheNextSession(t *testing.T) {
	everyKind(t, func(t *testing.T, site *sessiontest.Site) {
		ann := site.Browser(func(s *session.Session) { s.Login("ann") })
		token := open(t, ann, handle(func(s *session.Session, w http.ResponseWriter) {
			s.End()
			show(s, w)
		}))
		want(t, "the form on the page after logout", send(ann, token), 204)
		ann.Read(func(s *session.Session) {
			if s.Owner() != "" {
				t.Errorf("the owner is still %q", s.Owner())
			}
		})
	})
}

// Somebody signed out elsewhere, and this browser still holds the cookie: for
// two minutes its session is known to have ended.
func TestTheLoginFormOfAVisitorWhoseSessionWasEndedElsewhereWorks(t *testing.T) {
	site := sessiontest.New(t, session.Options{})
	ann := site.Browser(func(s *session.Session) { s.Login("ann") })
	if _, err := site.Manager().EndAll(t.Context(), "ann"); err != nil {
		t.Fatal(err)
	}
	token := open(t, ann, page)
	want(t, "its form", send(ann, token), 204)
}

// What is to be changed in a session that has ended is refused with 409, and a
// form on the page does not make it look kept.
func TestAChangeToASessionThatHasEndedIsNotLostInSilenceBehindAForm(t *testing.T) {
	site := sessiontest.New(t, session.Options{})
	ann := site.Browser(func(s *session.Session) { s.Login("ann") })
	if _, err := site.Manager().EndAll(t.Context(), "ann"); err != nil {
		t.Fatal(err)
	}
	w := ann.Serve(handle(func(s *session.Session, w http.ResponseWriter) {
		note.Set(s, "important")
		show(s, w)
	}), ann.Request("POST", "/", nil))
	want(t, "a change and a form", w.Code, 409)
}

func TestAFormAfterALoginOverASessionThatHasEndedLeavesTheLogin(t *testing.T) {
	site := sessiontest.New(t, session.Options{})
	ann := site.Browser(func(s *session.Session) { s.Login("ann") })
	if _, err := site.Manager().EndAll(t.Context(), "ann"); err != nil {
		t.Fatal(err)
	}
	w := ann.Serve(handle(func(s *session.Session, w http.ResponseWriter) {
		s.Login("ann")
		show(s, w)
	}), ann.Request("POST", "/", nil))
	want(t, "its form", send(ann, w.Body.String()), 204)
	ann.Read(func(s *session.Session) {
		if s.Owner() != "ann" {
			t.Errorf("the owner is %q", s.Owner())
		}
	})
}

// A value of that name may come from anywhere: an import, an older version.
func TestASecretOfAnotherLengthIsNoObstacle(t *testing.T) {
	raw := session.NewKey[[]byte]("_csrf")
	for _, n := range []int{0, 1, 15, 16, 17, 20, 1000} {
		junk := make([]byte, n)
		rand.Read(junk)
		b := sessiontest.New(t, session.Options{}).Browser(func(s *session.Session) { raw.Set(s, junk) })
		want(t, "a form", send(b, open(t, b, page)), 204)
	}
}

func TestAFormForARequestWhoseTokenWasReplacedMeanwhileIsAnError(t *testing.T) {
	site := sessiontest.New(t, session.Options{})
	ann := site.Browser(func(s *session.Session) { note.Set(s, "here") })
	slow := ann.Request("GET", "/", nil)
	ann.Change((*session.Session).Renew)
	w := recorded(site.Manager().Handler(page), slow)
	if want := session.ErrSuperseded.Error(); w.Code != 409 || !strings.Contains(w.Body.String(), want) {
		t.Errorf("got %d %q, want 409 with %q, and no form", w.Code, w.Body, want)
	}
}

// The answer to a login was lost, and the browser holds the token of before.
func TestAFormUnderATokenThatWasReplacedIsShownAgainAfterTwoMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := sessiontest.New(t, session.Options{})
		ann := site.Browser(func(s *session.Session) { note.Set(s, "here") })
		login := handle(func(s *session.Session, _ http.ResponseWriter) { s.Login("ann") })
		want(t, "the login", recorded(site.Manager().Handler(login), ann.Request("POST", "/", nil)).Code, 200)
		want(t, "a form at once", ann.Serve(page, ann.Request("GET", "/", nil)).Code, 409)
		time.Sleep(2 * time.Minute)
		want(t, "a form after two minutes", send(ann, open(t, ann, page)), 204)
	})
}
