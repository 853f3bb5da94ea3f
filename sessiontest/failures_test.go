package sessiontest_test

import (
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/sessiontest"
	"github.com/sojourn-go/session/store/memstore"
)

var setAfterTheFirstByte = handle(func(s *session.Session, w http.ResponseWriter) {
	theme.Get(s)
	io.WriteString(w, "too early")
	theme.Set(s, "dark")
})

func TestALateChangeFailsTheTestAtItsEnd(t *testing.T) {
	run(t, func(tb testing.TB) {
		b := sessiontest.New(tb, session.Options{}).Browser(nil)
		b.Serve(setAfterTheFirstByte, b.Request("GET", "/", nil))
	}).wantFailure(t, false, "late", "theme", "failures_test.go")
}

func TestALateFirstLookFailsTheTestToo(t *testing.T) {
	look := handle(func(s *session.Session, w http.ResponseWriter) {
		io.WriteString(w, "too early")
		theme.Get(s)
	})
	run(t, func(tb testing.TB) {
		b := sessiontest.New(tb, session.Options{}).Browser(nil)
		b.Serve(look, b.Request("GET", "/", nil))
	}).wantFailure(t, false, "late", "Vary")
}

func TestALateChangeThatIsAllowedFailsNothing(t *testing.T) {
	run(t, func(tb testing.TB) {
		site := sessiontest.New(tb, session.Options{})
		site.AllowLate()
		b := site.Browser(nil)
		b.Serve(setAfterTheFirstByte, b.Request("GET", "/", nil))
		if len(site.Events(session.Late)) == 0 {
			t.Error("it was not late")
		}
	}).wantNone(t)
}

func TestAChangeInTimeFailsNothing(t *testing.T) {
	run(t, func(tb testing.TB) {
		b := sessiontest.New(tb, session.Options{}).Browser(nil)
		b.Serve(count, b.Request("GET", "/", nil))
	}).wantNone(t)
}

func TestNothingLateFailsOnceForEachLateEvent(t *testing.T) {
	var events sessiontest.Events
	for _, kind := range []session.Kind{session.Late, session.Created, session.Late} {
		events.Observe(t.Context(), session.Event{Kind: kind})
	}
	if got := run(t, func(tb testing.TB) { events.NothingLate(tb) }).failures; len(got) != 2 {
		t.Errorf("failures %q, want 2", got)
	}
}

func TestOptionsThatAreWrongFailTheTestAtOnce(t *testing.T) {
	run(t, func(tb testing.TB) {
		sessiontest.New(tb, session.Options{Idle: time.Hour, Lifetime: time.Minute})
		t.Error("the test went on")
	}).wantFailure(t, true, "Idle")
}

func TestChangesThatCannotBeKeptFailTheTestAtOnce(t *testing.T) {
	run(t, func(tb testing.TB) {
		st := sessiontest.Failing(memstore.New(memstore.Options{}))
		st.Break(sessiontest.Saves)
		sessiontest.NewWithStore(tb, st, session.Options{Timeout: time.Millisecond}).Browser(signIn)
		t.Error("the test went on")
	}).wantFailure(t, true, "prepared", session.ErrUnavailable.Error())
}

func TestChangesToASessionThatHasEndedFailTheTestAtOnce(t *testing.T) {
	run(t, func(tb testing.TB) {
		site := sessiontest.New(tb, session.Options{})
		ann := site.Browser(signIn)
		if _, err := site.Manager().EndAll(tb.Context(), "ann"); err != nil {
			t.Error(err)
		}
		ann.Change(func(s *session.Session) { theme.Set(s, "dark") })
		t.Error("the test went on")
	}).wantFailure(t, true, session.ErrEnded.Error())
}

func TestASessionThatCannotBeLoadedFailsTheTestAtOnce(t *testing.T) {
	run(t, func(tb testing.TB) {
		st := sessiontest.Failing(memstore.New(memstore.Options{}))
		ann := sessiontest.NewWithStore(tb, st, session.Options{}).Browser(signIn)
		st.Break(sessiontest.Loads)
		ann.Read(func(*session.Session) { t.Error("there is nothing to look at") })
		t.Error("the test went on")
	}).wantFailure(t, true, "read", sessiontest.ErrBroken.Error())
}

func TestAskingABenchForEventsThatItDoesNotGetFailsTheTestAtOnce(t *testing.T) {
	run(t, func(tb testing.TB) {
		m := sessiontest.New(t, session.Options{}).Manager()
		sessiontest.NewWithManager(tb, m).Events(session.Late)
		t.Error("the test went on")
	}).wantFailure(t, true, "Observe")
}
