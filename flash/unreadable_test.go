package flash_test

import (
	"testing"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/flash"
	"github.com/sojourn-go/session/sessiontest"
)

// An import had written it, and every Add was a 500 until the session ended.
func TestWhatCannotBeReadIsReplacedByTheNextMessage(t *testing.T) {
	junk := session.NewKey[any]("_flash")
	for _, value := range []any{"x", 1, map[string]any{"m": 1}, []any{1}} {
		everywhere(t, func(t *testing.T, site *sessiontest.Site) {
			ann := site.Browser(func(s *session.Session) { junk.Set(s, value) })
			want(t, "the reading", shows(t, ann), "")
			does(t, ann, say("new", "newer"))
			want(t, "the next reading", shows(t, ann), "new newer")
			want(t, "the one after it", shows(t, ann), "")
		})
	}
}

func TestThatItCannotBeReadIsAnEvent(t *testing.T) {
	var events sessiontest.Events
	ann := sessiontest.New(t, session.Options{Observe: events.Observe}).Browser(func(s *session.Session) {
		session.NewKey[string]("_flash").Set(s, "x")
	})
	does(t, ann, say("new", "newer"))
	all := events.Of(session.Unreadable)
	want(t, "events", len(all), 1)
	want(t, "its key", all[0].Key, "_flash")
}

// A late replacement of what cannot be read is refused as any late change, and
// the page that has begun does not fail.
func TestALateAddToWhatCannotBeReadIsRefusedAndReported(t *testing.T) {
	var events sessiontest.Events
	site := newSealed(t, session.Options{Observe: events.Observe})
	ann := site.Browser(func(s *session.Session) { session.NewKey[string]("_flash").Set(s, "x") })
	late(ann, func(s *session.Session) {
		flash.Add(s, "", "late")
		want(t, "the session's error", s.Err(), nil)
	})
	want(t, "Late events", len(events.Of(session.Late)), 1)
	want(t, "the next reading", shows(t, ann), "")
}
