package session_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
)

// A wiretap is a visitor of whom every secret is noted, on the way in and out.
type wiretap struct {
	*peerVisitor
	heard map[string]bool
}

func (w *wiretap) hear(token string) {
	if len(token) == 64 {
		w.heard[token] = true
		w.heard[token[peerIDLen:]] = true
	}
}

func (w *wiretap) does(method string, use func(http.ResponseWriter, *session.Session)) {
	w.hear(w.token())
	aborted(func() {
		res := w.do(method, func(rw http.ResponseWriter, r *http.Request) { use(rw, session.From(r.Context())) })
		for _, c := range res.Cookies() {
			w.hear(c.Value)
		}
	})
	w.hear(w.token())
}

func (w *wiretap) login(owner string) {
	time.Sleep(time.Second) // of two logins in one millisecond neither is the older
	w.does(http.MethodPost, func(_ http.ResponseWriter, s *session.Session) {
		peerName.Set(s, owner)
		expectError(w.site.t, "Login", s.Login(owner), nil)
	})
}

// misuse does whatever makes an event or a log line.
func (w *wiretap) misuse(other *wiretap) {
	site := w.site
	w.login("ann")
	w.does(http.MethodGet, func(rw http.ResponseWriter, s *session.Session) { // exposed, unreadable
		rw.Header().Set("Cache-Control", "public")
		session.NewKey[int]("name").Get(s)
	})
	w.does(http.MethodGet, func(rw http.ResponseWriter, s *session.Session) { // late
		io.WriteString(rw, "page")
		peerCount.Set(s, 1)
		expectError(site.t, "Login", s.Login("ann"), session.ErrLate)
	})
	w.does(http.MethodGet, func(_ http.ResponseWriter, s *session.Session) { // overwritten, conflict
		peerName.Get(s)
		other.jar[peerCookie] = w.token()
		other.does(http.MethodGet, func(_ http.ResponseWriter, s *session.Session) { peerName.Set(s, "eve") })
		peerName.Set(s, "bob")
	})
	old := w.token()
	w.does(http.MethodPost, func(_ http.ResponseWriter, s *session.Session) { s.Renew() })
	other.jar[peerCookie] = old // superseded
	other.does(http.MethodPost, func(_ http.ResponseWriter, s *session.Session) { peerName.Set(s, "eve") })
	for _, bad := range []string{old[:peerIDLen] + peerNoToken[peerIDLen:], peerNoToken, old[:60], w.token() + "x"} {
		other.jar[peerCookie] = bad // refused, unknown, garbage
		other.does(http.MethodPost, func(_ http.ResponseWriter, s *session.Session) { peerName.Get(s) })
	}
	for range 5 {
		clear(other.jar)
		other.login("ann") // evicted
	}
	w.login("ann")
	w.does(http.MethodPost, func(_ http.ResponseWriter, s *session.Session) { s.End() })
	other.does(http.MethodPost, func(_ http.ResponseWriter, s *session.Session) { peerName.Set(s, "bob") })
	time.Sleep(31 * time.Minute)
	other.does(http.MethodGet, func(_ http.ResponseWriter, s *session.Session) { peerName.Get(s) }) // expired
}

// outages does whatever fails.
func (w *wiretap) outages() {
	st := w.site.store
	w.login("ann")
	time.Sleep(5 * time.Minute)
	st.saveFail.Store(true)
	w.does(http.MethodGet, func(_ http.ResponseWriter, s *session.Session) { peerName.Get(s) }) // touch
	w.does(http.MethodPost, func(_ http.ResponseWriter, s *session.Session) { s.Renew() })
	w.does(http.MethodPost, func(rw http.ResponseWriter, s *session.Session) {
		io.WriteString(rw, "page")
		peerName.Set(s, "bob")
	})
	st.loadsFail.Store(true)
	w.does(http.MethodPost, func(http.ResponseWriter, *session.Session) {})
	w.does(http.MethodGet, func(_ http.ResponseWriter, s *session.Session) { peerName.Get(s) })
	st.saveFail.Store(false)
	st.loadsFail.Store(false)
	w.login("ann")
	w.rewrite(func(data []byte) []byte { data[0]++; return data })
	w.does(http.MethodGet, func(_ http.ResponseWriter, s *session.Session) { peerName.Get(s) })
	w.rewrite(func([]byte) []byte { return []byte("nonsense") })
	w.does(http.MethodGet, func(_ http.ResponseWriter, s *session.Session) { peerName.Get(s) })
}

func TestNoTokenIsInAnyEventOrLogLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := newPeerSite(t, session.Options{Limit: 3})
		heard := map[string]bool{}
		ann, other := &wiretap{site.visitor(), heard}, &wiretap{site.visitor(), heard}
		ann.misuse(other)
		ann.outages()
		twice := newPeerSite(t, session.Options{}).Handler(site.Handler(http.NotFoundHandler()))
		ann.send(twice, ann.request(http.MethodGet)) // misplaced
		r := ann.request(http.MethodGet)
		r.TLS = nil
		ann.send(site.Handler(http.NotFoundHandler()), r) // a warning that the browser drops the cookie
		four := []string{ann.token(), ann.token(), ann.token(), ann.token()}
		site.sendTokens(http.MethodPost, func(http.ResponseWriter, *http.Request) {}, four...)

		told := site.log.String() + fmt.Sprintf("%+v", site.log.events)
		for secret := range heard {
			if strings.Contains(told, secret) {
				t.Errorf("%q, a token or the secret of one, is in an event or a log line", secret)
			}
		}
		if len(heard) < 20 {
			t.Errorf("secrets heard: got %d, want some 20 to look for", len(heard))
		}
		for _, kind := range []session.Kind{
			session.Created, session.LoggedIn, session.Renewed, session.Ended, session.Expired, session.Conflict,
			session.Overwritten, session.Superseded, session.Refused, session.Unreadable, session.Late,
			session.Evicted, session.Failed, session.Exposed, session.Misplaced,
		} {
			if len(site.log.of(kind)) == 0 {
				t.Errorf("events of kind %s: got none, want every kind to have been looked at", kind)
			}
		}
		if log := site.log.String(); !strings.Contains(log, "plain HTTP") || !strings.Contains(log, ann.id()) {
			t.Errorf("log: got %d bytes without the warning or the id, want both", len(log))
		}
	})
}
