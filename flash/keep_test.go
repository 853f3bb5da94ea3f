package flash_test

import (
	"fmt"
	"testing"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/flash"
	"github.com/sojourn-go/session/sessiontest"
)

func TestKeepHasWhatWasReadWaitForTheNextRequest(t *testing.T) {
	orders := map[string]func(s *session.Session, read func()){
		"before":         func(s *session.Session, read func()) { flash.Keep(s); read() },
		"after":          func(s *session.Session, read func()) { read(); flash.Keep(s) },
		"before, after":  func(s *session.Session, read func()) { flash.Keep(s); read(); flash.Keep(s); read() },
		"after a commit": func(s *session.Session, read func()) { read(); _ = s.Commit(t.Context()); flash.Keep(s) },
	}
	for order, run := range orders {
		everywhere(t, func(t *testing.T, site *sessiontest.Site) {
			ann := site.Browser(func(s *session.Session) { say("1", "2")(s); draft.Put(s, form{Title: "T"}) })
			for range 3 { // redirect after redirect
				does(t, ann, func(s *session.Session) {
					run(s, func() {
						got, ok := draft.Get(s)
						want(t, order, fmt.Sprint(read(s), got.Title, ok), "1 2Ttrue")
					})
				})
			}
			want(t, order+": the page", shows(t, ann), "1 2")
			want(t, order+": the next one", shows(t, ann), "")
			does(t, ann, func(s *session.Session) {
				_, ok := draft.Get(s)
				want(t, order+": the value", ok, true)
			})
			does(t, ann, func(s *session.Session) {
				_, ok := draft.Get(s)
				want(t, order+": the value, again", ok, false)
			})
		})
	}
}

func TestWhatIsKeptComesBeforeWhatHasComeSince(t *testing.T) {
	site := sessiontest.New(t, session.Options{})
	ann := site.Browser(say("1", "2"))
	does(t, ann, func(s *session.Session) {
		read(s)
		flash.Add(s, "", "4")
		flash.Keep(s)
		does(t, ann, say("3")) // at once, and committed first
	})
	want(t, "the next reading", shows(t, ann), "1 2 3 4")
}

func TestWhatAnotherRequestReadsAtOnceIsKeptOnceAtMost(t *testing.T) {
	for _, also := range []func(s *session.Session){func(*session.Session) {}, func(s *session.Session) { a.Set(s, 1) }} {
		site := sessiontest.New(t, session.Options{})
		ann := site.Browser(say("1"))
		does(t, ann, func(s *session.Session) {
			read(s)
			want(t, "the other request", shows(t, ann), "1")
			flash.Keep(s)
			also(s)
		})
		if got := shows(t, ann); got != "" && got != "1" {
			t.Errorf("the next reading: got %q", got)
		}
		want(t, "the one after", shows(t, ann), "")
	}
}

func TestWhatIsKeptDoesNotGrow(t *testing.T) {
	site := sessiontest.New(t, session.Options{})
	ann := site.Browser(nil)
	fill := func(s *session.Session) {
		for range 100 {
			flash.Add(s, "", "waits")
		}
	}
	does(t, ann, fill)
	does(t, ann, func(s *session.Session) {
		read(s)
		fill(s)
		flash.Keep(s)
	})
	if n := len(left(ann, "_flash")); n > most {
		t.Errorf("what waits takes %d bytes, want at most %d", n, most)
	}
}

func TestKeepLeavesNowOnThisPage(t *testing.T) {
	site := sessiontest.New(t, session.Options{})
	does(t, site.Browser(say("waits")), func(s *session.Session) {
		flash.Now(s, "", "now")
		want(t, "before", read(s), "waits now")
		flash.Keep(s)
		want(t, "after", read(s), "waits now")
	})
}

func TestANewValueIsNotOverwrittenByOneThatIsKept(t *testing.T) {
	everywhere(t, func(t *testing.T, site *sessiontest.Site) {
		ann := site.Browser(func(s *session.Session) { draft.Put(s, form{Title: "old"}) })
		does(t, ann, func(s *session.Session) {
			draft.Get(s)
			draft.Put(s, form{Title: "new"})
			flash.Keep(s)
		})
		does(t, ann, func(s *session.Session) {
			got, _ := draft.Get(s)
			want(t, "the value", got.Title, "new")
		})
	})
}
