package flash_test

import (
	"net/http"
	"testing"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/flash"
	"github.com/sojourn-go/session/sessiontest"
)

// late runs f after the first byte of a response.
func late(b *sessiontest.Browser, f func(s *session.Session)) {
	b.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		_ = s.Err() // so that it is no late first look
		w.WriteHeader(http.StatusOK)
		f(s)
	}), b.Request("GET", "/", nil))
}

func TestALateAddToASessionThatTheBrowserHasIsKept(t *testing.T) {
	site := sessiontest.New(t, session.Options{})
	ann := site.Browser(func(s *session.Session) { a.Set(s, 1) })
	late(ann, say("late"))
	late(ann, func(s *session.Session) { want(t, "a late reading", read(s), "late") })
	want(t, "the next one", shows(t, ann), "")
}

func TestALateAddThatNeedsACookieIsRefusedAndReported(t *testing.T) {
	var events sessiontest.Events
	site := sessiontest.New(t, session.Options{Observe: events.Observe})
	site.AllowLate()
	ann := site.Browser(nil)
	late(ann, func(s *session.Session) {
		flash.Add(s, "", "late")
		draft.Put(s, form{})
		want(t, "the session as it is", read(s), "")
	})
	want(t, "Late events", len(events.Of(session.Late)), 2)
	want(t, "the next reading", shows(t, ann), "")
}

func TestALateReadingOfASealedSessionIsReportedAndShownOnceMore(t *testing.T) {
	var events sessiontest.Events
	site := newSealed(t, session.Options{Observe: events.Observe})
	ann := site.Browser(func(s *session.Session) { flash.Add(s, "", "waits"); draft.Put(s, form{Title: "T"}) })
	late(ann, func(s *session.Session) {
		for range 2 {
			want(t, "a late reading", read(s), "waits")
			got, _ := draft.Get(s)
			want(t, "a late reading", got.Title, "T")
		}
	})
	want(t, "Late events", len(events.Of(session.Late)), 2)
	want(t, "the next one", shows(t, ann), "waits")
}

func TestAMessageAddedWhileTheFirstAnswerIsUnderWayStays(t *testing.T) {
	site := sessiontest.New(t, session.Options{})
	ann := site.Browser(nil)
	ann.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		flash.Add(s, "", "first")
		draft.Put(s, form{Title: "first"})
		w.WriteHeader(http.StatusOK)
		ann.Keep(&http.Response{Header: w.Header()}) // the browser has the cookie from now on
		want(t, "a late reading", read(s), "first")
		got, _ := draft.Get(s)
		want(t, "a late reading", got.Title, "first")
		does(t, ann, func(s *session.Session) { flash.Add(s, "", "meanwhile"); draft.Put(s, form{Title: "meanwhile"}) })
	}), ann.Request("GET", "/", nil))
	want(t, "the next reading", shows(t, ann), "meanwhile")
	does(t, ann, func(s *session.Session) {
		got, _ := draft.Get(s)
		want(t, "the next reading", got.Title, "meanwhile")
	})
}

func TestOfSealedRequestsAtOnceTheBrowserKeepsTheMessagesOfOne(t *testing.T) {
	site := newSealed(t, session.Options{})
	ann := site.Browser(say("waited"))
	does(t, ann, func(s *session.Session) {
		want(t, "the answer that comes last", read(s), "waited")
		does(t, ann, say("meanwhile"))
	})
	want(t, "the next reading", shows(t, ann), "")
}
