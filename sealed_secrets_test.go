package session_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
)

// An earshot is a visitor with a sealed session, of whom every cookie is noted,
// and all that anybody is told of them.
type earshot struct {
	*peerVisitor
	cookies map[string]bool
	told    strings.Builder
}

func newEarshot(t *testing.T) *earshot {
	e := &earshot{cookies: map[string]bool{}}
	site := newPeerSiteSealed(t, session.Options{ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
		fmt.Fprintf(&e.told, "%v %+v\n", err, err)
		w.WriteHeader(session.StatusCode(err))
	}})
	e.peerVisitor = site.visitor()
	return e
}

func (e *earshot) does(method string, use func(w http.ResponseWriter, s *session.Session)) {
	e.do(method, func(w http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		use(w, s)
		fmt.Fprintln(&e.told, s.ID(), s.Err(), s.Info())
	})
	if e.token() != "" {
		e.cookies[e.token()] = true
	}
}

// misuse does whatever makes an event, a log line or an error.
func (e *earshot) misuse() {
	reads := func(_ http.ResponseWriter, s *session.Session) { s.Owner() }
	e.does("POST", func(_ http.ResponseWriter, s *session.Session) { s.Login("ann"); peerName.Set(s, "ann's secret") })
	e.does("POST", func(_ http.ResponseWriter, s *session.Session) { s.Renew() })
	e.does("POST", func(_ http.ResponseWriter, s *session.Session) { peerName.Set(s, strings.Repeat("x", 5000)) })
	e.does("GET", func(w http.ResponseWriter, s *session.Session) { w.WriteHeader(http.StatusOK); s.End() })
	e.does("GET", func(w http.ResponseWriter, s *session.Session) {
		w.Header().Set("Cache-Control", "public")
		session.NewKey[int]("name").Get(s)
	})
	whole := e.token()
	for _, bad := range []string{whole[:200], whole + "A", whole[:100] + "!" + whole[101:], strings.ToLower(whole)} {
		e.jar[peerCookie] = bad
		e.does("GET", reads)
	}
	e.jar[peerCookie] = whole
	e.site.store.loadsFail.Store(true)
	e.does("POST", reads)
	e.site.store.loadsFail.Store(false)
	e.does("POST", func(_ http.ResponseWriter, s *session.Session) { s.End() })
	e.jar[peerCookie] = whole
	time.Sleep(31 * time.Minute)
	e.does("GET", reads)
}

// A cookie is the session: whoever reads it in a log has it.
func TestSealed_no_cookie_is_in_any_event_log_line_or_error(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEarshot(t)
		e.misuse()
		told := e.told.String() + e.site.log.String() + fmt.Sprintf("%+v", e.site.log.events)
		for cookie := range e.cookies {
			if strings.Contains(told, cookie[20:60]) || strings.Contains(told, cookie[len(cookie)-40:]) {
				t.Errorf("a part of the cookie %s is told", cookie)
			}
		}
		if len(e.cookies) < 6 || strings.Contains(told, "ann's secret") {
			t.Errorf("%d cookies to look for; a value is told: %v", len(e.cookies), strings.Contains(told, "ann's secret"))
		}
		for _, kind := range []session.Kind{
			session.Created, session.Renewed, session.Ended, session.Expired, session.Refused,
			session.Unreadable, session.Late, session.Failed, session.Exposed,
		} {
			if len(e.site.log.of(kind)) == 0 {
				t.Errorf("events of kind %s: got none", kind)
			}
		}
	})
}
