package csrf_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/csrf"
	"github.com/sojourn-go/session/sessiontest"
	"github.com/sojourn-go/session/store/memstore"
)

func TestATokenOfThePageBeforeGoesOnWorkingInEveryTab(t *testing.T) {
	everyKind(t, func(t *testing.T, site *sessiontest.Site) {
		ann := site.Browser(nil)
		tabs := []string{open(t, ann, page), open(t, ann, page), open(t, ann, page)}
		for range 2 { // the back button, and the form once more
			for _, token := range tabs {
				want(t, "a tab", send(ann, token), 204)
			}
		}
	})
}

func TestEveryTokenIsMaskedAnewAndHoldsTheSame(t *testing.T) {
	ann := sessiontest.New(t, session.Options{}).Browser(nil)
	first, second := open(t, ann, page), open(t, ann, page)
	a, b := bare(t, first), bare(t, second)
	if a != b {
		t.Error("two tokens of one session hold two digests")
	}
	same := 0
	for i := range first {
		if first[i] == second[i] {
			same++
		}
	}
	if same > len(first)/4 { // a 64th is expected
		t.Errorf("%d of %d characters are the same in two pages: a compressed page tells them", same, len(first))
	}
	if strings.Contains(first, base64.RawURLEncoding.EncodeToString([]byte(a))) {
		t.Error("the digest is in the page as it is")
	}
}

// bare takes the mask off a token, as a stranger could.
func bare(t testing.TB, token string) string {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(text) != 64 {
		t.Fatalf("token %q: %d bytes, %v", token, len(text), err)
	}
	for i := range 32 {
		text[i] ^= text[32+i]
	}
	return string(text[:32])
}

func TestATokenSurvivesRenew(t *testing.T) {
	everyKind(t, func(t *testing.T, site *sessiontest.Site) {
		ann := site.Browser(nil)
		token := open(t, ann, page)
		ann.Change((*session.Session).Renew)
		want(t, "after Renew", send(ann, token), 204)
	})
}

func TestATokenSurvivesRotation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := sessiontest.New(t, session.Options{Rotate: time.Minute})
		ann := site.Browser(nil)
		token := open(t, ann, page)
		for range 3 {
			time.Sleep(2 * time.Minute)
			open(t, ann, page)
			want(t, "after a rotation", send(ann, token), 204)
		}
		if len(site.Events(session.Rotated)) == 0 {
			t.Error("nothing was rotated: the test proves nothing")
		}
	})
}

func TestATokenOfBeforeIsDeadAfterEveryChangeOfWhoItIs(t *testing.T) {
	for what, change := range map[string]func(*session.Session){
		"Login of a visitor":     func(s *session.Session) { s.End(); note.Set(s, "kept"); s.Login("ann") },
		"Login of another owner": func(s *session.Session) { s.Login("bob") },
		"Login once more":        func(s *session.Session) { s.Login("ann") },
		"StepUp":                 func(s *session.Session) { s.StepUp(2) },
		"End":                    func(s *session.Session) { s.End(); note.Set(s, "new") },
		"ClearValues":            func(s *session.Session) { s.ClearValues() },
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				everyKindInside(t, func(site *sessiontest.Site) {
					ann := site.Browser(func(s *session.Session) { s.Login("ann") })
					token := open(t, ann, page)
					want(t, "before", send(ann, token), 204)
					time.Sleep(time.Second)
					ann.Change(change)
					want(t, "after", send(ann, token), 403)
					want(t, "the next page's", send(ann, open(t, ann, page)), 204)
				})
			})
		})
	}
}

// everyKindInside is everyKind without subtests, which a bubble has none of.
func everyKindInside(t *testing.T, test func(site *sessiontest.Site)) {
	test(sessiontest.New(t, session.Options{}))
	test(sealedSite(t))
}

// Who plants a session of their own in somebody's browser knows its tokens, and
// the visitor logs in under it: the values are kept, the secret with them.
func TestATokenOfTheAnonymousSessionOpensNothingAfterLogin(t *testing.T) {
	everyKind(t, func(t *testing.T, site *sessiontest.Site) {
		ann := site.Browser(nil)
		planted := open(t, ann, page)
		want(t, "the login form", send(ann, planted), 204)
		ann.Change(func(s *session.Session) { s.Login("ann") })
		want(t, "after Login", send(ann, planted), 403)
		mine := open(t, ann, page)
		if bare(t, mine) == bare(t, planted) {
			t.Error("the digest is the same before and after Login")
		}
		want(t, "the token of after", send(ann, mine), 204)
	})
}

func TestATokenIsOfItsSessionAndNoOther(t *testing.T) {
	everyKind(t, func(t *testing.T, site *sessiontest.Site) {
		login := func(s *session.Session) { s.Login("ann") }
		one, other, visitor := site.Browser(login), site.Browser(login), site.Browser(nil)
		token := open(t, one, page)
		open(t, other, page)
		open(t, visitor, page)
		want(t, "another session of the owner's", send(other, token), 403)
		want(t, "an anonymous session", send(visitor, token), 403)
		want(t, "no session", send(site.Browser(nil), token), 403)
		want(t, "its own", send(one, token), 204)
	})
}

func TestATokenMadeAfterALoginInTheSameRequestWorks(t *testing.T) {
	everyKind(t, func(t *testing.T, site *sessiontest.Site) {
		ann := site.Browser(nil)
		w := ann.Serve(handle(func(s *session.Session, w http.ResponseWriter) {
			s.Login("ann")
			show(s, w)
		}), ann.Request("POST", "/login", nil))
		want(t, "the form on the first page", send(ann, w.Body.String()), 204)
	})
}

func TestNothingIsStoredForWhoIsShownNoForm(t *testing.T) {
	st := memstore.New(memstore.Options{})
	site := sessiontest.NewWithStore(t, st, session.Options{})
	b, p := site.Browser(nil), protect(t, csrf.Options{AlwaysToken: true})
	for _, method := range []string{"GET", "HEAD", "POST"} {
		if w := b.Serve(p.Handler(done), b.Request(method, "/", nil)); len(w.Result().Cookies()) > 0 {
			t.Errorf("%s sets a cookie", method)
		}
	}
	if n := st.Stats().Sessions; n != 0 {
		t.Errorf("%d sessions are stored", n)
	}
	if w := b.Serve(p.Handler(page), b.Request("GET", "/", nil)); len(w.Result().Cookies()) != 1 || st.Stats().Sessions != 1 {
		t.Errorf("a form: %d cookies, %d sessions; want one", len(w.Result().Cookies()), st.Stats().Sessions)
	}
	if w := b.Serve(p.Handler(page), b.Request("GET", "/", nil)); len(w.Result().Cookies()) != 0 {
		t.Error("the second form of the session sets a cookie again")
	}
}

// The clock of "last recognised" ticks in milliseconds, and the doc says so.
func TestRecognitionsOfOneOwnerInOneMillisecondAreOneToAToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		everyKindInside(t, func(site *sessiontest.Site) {
			ann := site.Browser(nil)
			planted := open(t, ann, page)
			ann.Change(func(s *session.Session) { s.Login("ann") })
			want(t, "nobody's, at the same time", send(ann, planted), 403)
			token := open(t, ann, page)
			ann.Change(func(s *session.Session) { s.StepUp(2) })
			want(t, "StepUp in the same millisecond", send(ann, token), 204)
			time.Sleep(time.Millisecond)
			ann.Change(func(s *session.Session) { s.Login("ann") })
			want(t, "Login in the next", send(ann, token), 403)

			token = open(t, ann, page)
			ann.Change(func(s *session.Session) { s.Login("bob") })
			want(t, "another owner in the same", send(ann, token), 403)
			open(t, ann, page)
			want(t, "another owner who was shown a form", send(ann, token), 403)
		})
	})
}
