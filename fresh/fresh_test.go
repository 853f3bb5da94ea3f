package fresh_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/fresh"
	"github.com/sojourn-go/session/sessiontest"
	"github.com/sojourn-go/session/store/memstore"
)

func TestALoginIsFreshForItsTimeAndUseDoesNotRefreshIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ann := sessiontest.New(t, session.Options{}).Browser(signIn)
		guard := fresh.Require(5*time.Minute, login)
		for range 299 { // in use all the time
			time.Sleep(time.Second)
			expect(t, "let through", admits(t, ann, guard), true)
		}
		time.Sleep(time.Second - time.Millisecond)
		expect(t, "a millisecond before", admits(t, ann, guard), true)
		time.Sleep(time.Millisecond)
		expect(t, "at the time", admits(t, ann, guard), false)
		expect(t, "signed in still", admits(t, ann, fresh.SignedIn(login)), true)
		ann.Change(func(s *session.Session) { s.StepUp(1) })
		expect(t, "after StepUp", admits(t, ann, guard), true)
		time.Sleep(5 * time.Minute)
		ann.Change(func(s *session.Session) { s.Renew() })
		expect(t, "after Renew, which recognises nobody", admits(t, ann, guard), false)
		ann.Change(signIn)
		expect(t, "after Login", admits(t, ann, guard), true)
	})
}

func TestNobodyIsFresh(t *testing.T) {
	site := sessiontest.New(t, session.Options{})
	visits := session.NewKey[int]("visits")
	for what, br := range map[string]*sessiontest.Browser{
		"a visitor without a session":          site.Browser(nil),
		"a session without an owner":           site.Browser(func(s *session.Session) { visits.Set(s, 1) }),
		"a session whose owner has signed out": signedOut(site),
	} {
		for name, guard := range map[string]func(http.Handler) http.Handler{
			"SignedIn": fresh.SignedIn(login), "Require": fresh.Require(time.Hour, login), "Level": fresh.Level(1, login),
		} {
			expect(t, what+", "+name, admits(t, br, guard), false)
		}
		br.Read(func(s *session.Session) { expect(t, what+", Is", fresh.Is(s, time.Hour), false) })
	}
}

func signedOut(site *sessiontest.Site) *sessiontest.Browser {
	br := site.Browser(signIn)
	br.Change((*session.Session).End)
	return br
}

func TestALoginCountsInItsOwnRequest(t *testing.T) {
	br := sessiontest.New(t, session.Options{}).Browser(nil)
	br.Serve(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		expect(t, "before Login", fresh.Is(s, time.Minute), false)
		s.Login("ann")
		expect(t, "after Login", fresh.Is(s, time.Minute), true)
		s.End()
		expect(t, "after End", fresh.Is(s, time.Minute), false)
	}), br.Request("POST", "/", nil))
}

// Idle ends the freshness of a remembered session, and not the session.
func TestARememberedLoginThatLayIdleIsSignedInAndNotFresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := sessiontest.New(t, session.Options{Idle: 10 * time.Minute})
		ann := site.Browser(func(s *session.Session) {
			s.LoginWith("ann", session.Terms{Remember: true, Lifetime: 30 * 24 * time.Hour, Level: 1})
		})
		guards := []func(http.Handler) http.Handler{fresh.Require(time.Hour, login), fresh.Level(1, login)}
		for range 3 {
			time.Sleep(9 * time.Minute)
			for _, guard := range guards {
				expect(t, "in use", admits(t, ann, guard), true)
			}
		}
		time.Sleep(11 * time.Minute) // 38 since the login
		for range 2 {                // what was idle does not become fresh by being used
			for _, guard := range guards {
				expect(t, "idle", admits(t, ann, guard), false)
			}
			expect(t, "signed in", admits(t, ann, fresh.SignedIn(login)), true)
		}
		ann.Change(func(s *session.Session) { s.StepUp(1) })
		expect(t, "after StepUp", admits(t, ann, guards[0]), true)
	})
}

// Somebody has a copy of a token that was rotated away, and uses it.
func TestASessionOfWhichSomebodyHasACopyWantsAnotherLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := sessiontest.New(t, session.Options{Rotate: time.Minute, Fork: session.ForkStale})
		ann := site.Browser(signIn)
		recent := fresh.Require(time.Hour, login)
		stolen := ann.Request("GET", "/", nil)
		for range 2 { // a rotation, and another request that shows the new token
			time.Sleep(time.Minute)
			expect(t, "before the copy is used", admits(t, ann, recent), true)
		}
		time.Sleep(time.Minute)
		_, ran := asks(site.Browser(nil), recent, stolen, page...)
		expect(t, "the copy", ran, false)
		expect(t, "after it was used", admits(t, ann, recent), false)
		expect(t, "signed in", admits(t, ann, fresh.SignedIn(login)), true)
		ann.Change(func(s *session.Session) { s.StepUp(1) })
		expect(t, "after StepUp", admits(t, ann, recent), true)
	})
}

func TestALevelIsWantedAndItsTime(t *testing.T) {
	lasts := map[session.Level]time.Duration{1: 30 * 24 * time.Hour, 2: 24 * time.Hour, 3: 12 * time.Hour}
	for wanted, d := range lasts {
		for had := range session.Level(4) {
			synctest.Test(t, func(t *testing.T) {
				site := sessiontest.New(t, session.Options{Idle: session.Never, Lifetime: session.Never})
				ann := site.Browser(at(had))
				guard := fresh.Level(wanted, login)
				expect(t, "at once", admits(t, ann, guard), had >= wanted)
				time.Sleep(d - time.Millisecond)
				expect(t, "a millisecond before", admits(t, ann, guard), had >= wanted)
				time.Sleep(time.Millisecond)
				expect(t, "at the time", admits(t, ann, guard), false)
			})
		}
	}
}

// Audit row S32: with another level there is another token, and the old one
// opens nothing.
func TestALevelIsRaisedByStepUpAndLostByALoginWithoutOne(t *testing.T) {
	site := sessiontest.New(t, session.Options{})
	ann := site.Browser(signIn)
	guard := fresh.Level(2, login)
	expect(t, "after Login", admits(t, ann, guard), false)
	before := ann.Request("GET", "/", nil)
	ann.Change(func(s *session.Session) { s.StepUp(2) })
	expect(t, "after StepUp", admits(t, ann, guard), true)
	stranger := site.Browser(nil)
	_, ran := asks(stranger, fresh.SignedIn(login), before)
	expect(t, "with the token of before", ran, false)
	ann.Change(signIn)
	expect(t, "after another Login", admits(t, ann, guard), false)
}

// Nothing runs for a visitor of whom nothing is known, GET or POST, and the
// answer is no "please sign in".
func TestAStoreThatIsDownIsAnswered503ByTheManager(t *testing.T) {
	st := sessiontest.Failing(memstore.New(memstore.Options{}))
	own := ""
	site := sessiontest.NewWithStore(t, st, session.Options{
		Timeout: 20 * time.Millisecond,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			w.WriteHeader(session.StatusCode(err))
			own = err.Error()
		},
	})
	ann := site.Browser(signIn)
	st.Break(sessiontest.Loads)
	for _, guard := range []func(http.Handler) http.Handler{
		fresh.SignedIn(login), fresh.Require(time.Hour, login), fresh.Level(1, login),
	} {
		for _, method := range []string{"GET", "HEAD", "POST", "DELETE", "OPTIONS"} {
			own = ""
			w, ran := asks(ann, guard, ann.Request(method, "/", nil), page...)
			expect(t, method+": the handler ran", ran, false)
			expect(t, method, w.Code, http.StatusServiceUnavailable)
			expect(t, method+": the manager's handler answered", own != "", true)
			expect(t, method+": Location", w.Header().Get("Location"), "")
		}
	}
}

// The session that a guard looks at may also be one that a framework loaded.
func TestAGuardInAFrameworkLeavesTheAnswerToItsCommit(t *testing.T) {
	st := sessiontest.Failing(memstore.New(memstore.Options{}))
	site := sessiontest.NewWithStore(t, st, session.Options{Timeout: 20 * time.Millisecond})
	ann := site.Browser(signIn)
	st.Break(sessiontest.Loads)
	r := ann.Request("GET", "/", nil)
	s := site.Manager().Load(r)
	guarded := fresh.Require(time.Hour, login)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it ran") }))
	h := http.Header{}
	guarded.ServeHTTP(silent{h}, r.WithContext(session.NewContext(r.Context(), s)))
	err := site.Manager().Commit(r.Context(), h, s)
	expect(t, "status", session.StatusCode(err), http.StatusServiceUnavailable)
}

type silent struct{ h http.Header }

func (s silent) Header() http.Header { return s.h }
func (silent) WriteHeader(int)       { panic("answered") }
func (silent) Write([]byte) (int, error) {
	panic("answered")
}

func TestAFaultyGuardIsAPanicWithAllFaults(t *testing.T) {
	wrong := fresh.Options{Login: "https://login.example.com/"}
	for what, c := range map[string]struct {
		make  func()
		parts []string
	}{
		"SignedIn":    {func() { fresh.SignedIn(wrong) }, []string{"fresh: Options.Login"}},
		"Require":     {func() { fresh.Require(0, wrong) }, []string{"fresh: Require(0s)", "fresh: Options.Login"}},
		"Require, -1": {func() { fresh.Require(session.Never, login) }, []string{"fresh: Require(-1ns)"}},
		"a return":    {func() { fresh.SignedIn(fresh.Options{Login: "/login?a=b&return=/x"}) }, []string{"fresh: Options.Login", `"return"`}},
		"coded":       {func() { fresh.Require(0, fresh.Options{Login: "/login?r%65turn"}) }, []string{"fresh: Require(0s)", `"return"`}},
		"Level":       {func() { fresh.Level(4, wrong) }, []string{"fresh: Level(4)", "fresh: Options.Login"}},
		"Level, 0":    {func() { fresh.Level(0, login) }, []string{"fresh: Level(0)"}},
	} {
		func() {
			defer func() {
				err, ok := recover().(error)
				if !ok {
					t.Errorf("%s: no panic with an error", what)
					return
				}
				for _, part := range c.parts {
					if !strings.Contains(err.Error(), part) {
						t.Errorf("%s: there is no %q in %q", what, part, err)
					}
				}
			}()
			c.make()
		}()
	}
}
