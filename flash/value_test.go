package flash_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/flash"
	"github.com/sojourn-go/session/sessiontest"
)

func TestAValueWaitsForTheNextReadingAndIsReadByOneRequest(t *testing.T) {
	everywhere(t, func(t *testing.T, site *sessiontest.Site) {
		ann := site.Browser(func(s *session.Session) { draft.Put(s, form{"T", "B"}) })
		does(t, ann, func(s *session.Session) { a.Set(s, 1) })
		does(t, ann, func(s *session.Session) {
			for range 2 {
				got, ok := draft.Get(s)
				want(t, "the request that reads", fmt.Sprint(got, ok), "{T B} true")
			}
			draft.Put(s, form{Title: "T2"})
			got, _ := draft.Get(s)
			want(t, "one put since", got.Title, "T2")
		})
		does(t, ann, func(s *session.Session) {
			_, ok := draft.Get(s)
			want(t, "the next request", ok, false)
		})
		want(t, "what is left", left(ann, "_flash.draft"), "[]")
	})
}

func TestOfTwoReadingsAtOnceBothGetAValueAndThenItIsGone(t *testing.T) {
	for _, strict := range []bool{false, true} {
		site := sessiontest.New(t, session.Options{Strict: strict})
		ann := site.Browser(func(s *session.Session) { draft.Put(s, form{Title: "T"}) })
		gets := func(inner func()) func(s *session.Session) {
			return func(s *session.Session) {
				got, ok := draft.Get(s)
				want(t, "each", fmt.Sprint(got.Title, ok), "Ttrue")
				inner()
			}
		}
		does(t, ann, gets(func() { does(t, ann, gets(func() {})) }))
		does(t, ann, func(s *session.Session) {
			_, ok := draft.Get(s)
			want(t, "afterwards", ok, false)
		})
		want(t, "events of anything lost", len(kinds(site)), 0)
	}
}

func TestAValuePutMeanwhileStays(t *testing.T) {
	for _, strict := range []bool{false, true} {
		site := sessiontest.New(t, session.Options{Strict: strict})
		ann := site.Browser(func(s *session.Session) { draft.Put(s, form{Title: "shown"}) })
		does(t, ann, func(s *session.Session) {
			draft.Get(s)
			does(t, ann, func(s *session.Session) { draft.Put(s, form{Title: "meanwhile"}) })
		})
		does(t, ann, func(s *session.Session) {
			got, _ := draft.Get(s)
			want(t, "the next reading", got.Title, "meanwhile")
		})
	}
}

func TestAValueOfAnotherTypeIsNoneAndIsReplaced(t *testing.T) {
	var events sessiontest.Events
	site := sessiontest.New(t, session.Options{Observe: events.Observe})
	ann := site.Browser(func(s *session.Session) { flash.NewValue[string]("draft").Put(s, "an older program's") })
	does(t, ann, func(s *session.Session) {
		_, ok := draft.Get(s)
		want(t, "read", ok, false)
	})
	want(t, "events", len(events.Of(session.Unreadable)), 1)
	does(t, ann, func(s *session.Session) { draft.Put(s, form{Title: "T"}) })
	does(t, ann, func(s *session.Session) {
		got, _ := draft.Get(s)
		want(t, "replaced", got.Title, "T")
		_, ok := flash.NewValue[string]("draft").Get(s)
		want(t, "read by one of another type", ok, false)
	})
}

func TestAZeroValueWaitsToo(t *testing.T) {
	everywhere(t, func(t *testing.T, site *sessiontest.Site) {
		agreed := flash.NewValue[bool]("agreed")
		ann := site.Browser(func(s *session.Session) { agreed.Put(s, false) })
		does(t, ann, func(s *session.Session) {
			got, ok := agreed.Get(s)
			want(t, "read", fmt.Sprint(got, ok), "false true")
		})
	})
}

func TestAnImpossibleNamePanics(t *testing.T) {
	for _, name := range []string{"", strings.Repeat("n", 249), "\xff"} {
		want(t, fmt.Sprintf("NewValue(%q)", name), panics(func() { flash.NewValue[int](name) }), true)
	}
	flash.NewValue[int](strings.Repeat("n", 248))
	does(t, sessiontest.New(t, session.Options{}).Browser(nil), func(s *session.Session) {
		var unmade flash.Value[int]
		want(t, "Put", panics(func() { unmade.Put(s, 1) }), true)
		want(t, "Get", panics(func() { unmade.Get(s) }), true)
	})
}

func panics(f func()) (did bool) {
	defer func() { did = strings.HasPrefix(fmt.Sprint(recover()), "flash: ") }()
	f()
	return false
}
