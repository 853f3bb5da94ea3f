package session_test

import (
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
)

func TestPeers_the_store_is_called_for_what_is_done_and_nothing_else(t *testing.T) {
	nothing := func(*session.Session) {}
	read := func(s *session.Session) { peerName.Get(s) }
	write := func(s *session.Session) { peerName.Set(s, "bob") }
	same := func(s *session.Session) { peerName.Set(s, "ann") }
	for _, c := range []struct {
		name, method string
		cookie       string
		use          func(*session.Session)
		want         string
	}{
		{"no cookie, untouched", "GET", "none", nothing, "0 loads, 0 saves"},
		{"no cookie, read", "GET", "none", read, "0 loads, 0 saves"},
		{"no cookie, posted", "POST", "none", nothing, "0 loads, 0 saves"},
		{"no cookie, first write", "POST", "none", write, "0 loads, 1 saves"},
		{"untouched", "GET", "good", nothing, "0 loads, 0 saves"},
		{"untouched HEAD", "HEAD", "good", nothing, "0 loads, 0 saves"},
		{"untouched POST", "POST", "good", nothing, "1 loads, 0 saves"},
		{"read", "GET", "good", read, "1 loads, 0 saves"},
		{"read twice", "GET", "good", func(s *session.Session) { read(s); read(s); s.ID() }, "1 loads, 0 saves"},
		{"write", "GET", "good", write, "1 loads, 1 saves"},
		{"write of two values", "POST", "good", func(s *session.Session) { write(s); peerCount.Set(s, 2) }, "1 loads, 1 saves"},
		{"write of what it is already", "GET", "good", same, "1 loads, 0 saves"},
		{"write there and back", "GET", "good", func(s *session.Session) { write(s); same(s) }, "1 loads, 0 saves"},
		{"update to what it is already", "GET", "good", func(s *session.Session) {
			peerName.Update(s, func(name string) string { return name })
		}, "1 loads, 0 saves"},
		{"delete of what is not there", "GET", "good", func(s *session.Session) { peerCount.Delete(s) }, "1 loads, 0 saves"},
		{"garbage, untouched", "GET", "garbage", nothing, "0 loads, 0 saves"},
		{"garbage, read", "GET", "garbage", read, "0 loads, 0 saves"},
		{"garbage, posted", "POST", "garbage", read, "0 loads, 0 saves"},
	} {
		t.Run(c.name, func(t *testing.T) {
			site := newPeerSite(t, session.Options{})
			v := map[string]func() *peerVisitor{
				"none": site.visitor, "good": site.regular,
				"garbage": func() *peerVisitor { v := site.visitor(); v.jar[peerCookie] = "x"; return v },
			}[c.cookie]()
			res := v.do(c.method, func(_ http.ResponseWriter, r *http.Request) { c.use(session.From(r.Context())) })
			expect(t, "status", res.StatusCode, http.StatusOK)
			expect(t, "calls of the store", site.store.calls(), c.want)
		})
	}
}

// 1000 visits of a crawler are 1000 sessions to fiber.
func TestPeers_visitors_without_values_get_no_cookie_and_no_record(t *testing.T) {
	onEverySite(t, func(t *testing.T, newPeerSite siteMaker) {
		site := newPeerSite(t, session.Options{})
		for name, use := range map[string]func(*session.Session){
			"nothing":         func(*session.Session) {},
			"reading":         func(s *session.Session) { peerName.Get(s); s.Owner(); s.ID(); s.Expires() },
			"deleting":        func(s *session.Session) { peerName.Delete(s) },
			"taking":          func(s *session.Session) { peerName.Take(s) },
			"set and deleted": func(s *session.Session) { peerName.Set(s, "ann"); peerName.Delete(s) },
			"cleared":         func(s *session.Session) { peerName.Set(s, "ann"); s.ClearValues() },
			"renewed":         func(s *session.Session) { s.Renew() },
			"ended":           func(s *session.Session) { peerName.Set(s, "ann"); s.End() },
		} {
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				res := site.visitor().do(method, func(w http.ResponseWriter, r *http.Request) {
					use(session.From(r.Context()))
					io.WriteString(w, "page")
				})
				expect(t, name+": status", res.StatusCode, http.StatusOK)
				expectCookies(t, res, 0)
			}
		}
		expect(t, "calls of the store", site.store.calls(), "0 loads, 0 saves")
	})
}

// scs writes on every request once there is an idle timeout.
func TestPeers_a_touch_is_written_at_most_once_a_tenth_of_Idle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := newPeerSite(t, session.Options{Idle: 10 * time.Minute})
		v := site.regular()
		for range 60 { // an hour, in steps of a minute
			time.Sleep(time.Minute)
			for range 20 {
				expect(t, "name", v.name(), "ann")
				time.Sleep(time.Millisecond)
			}
		}
		if got := site.store.saves.Load(); got < 30 || got > 60 {
			t.Errorf("touches in an hour of ten minutes' idle: got %d, want at most 60, and no fewer than keep it alive", got)
		}
		site.store.calls()
		for range 59 {
			time.Sleep(time.Second)
			v.name()
		}
		if got := site.store.saves.Load(); got > 1 {
			t.Errorf("touches in a minute: got %d, want at most 1", got)
		}
		time.Sleep(10*time.Minute + time.Second)
		expect(t, "name after the idle time", v.name(), "")
	})
}

func TestPeers_a_touch_that_fails_is_an_event_and_no_failure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := newPeerSite(t, session.Options{})
		v := site.regular()
		time.Sleep(4 * time.Minute)
		site.store.saveFail.Store(true)
		began := time.Now()
		res := v.get(func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, peerName.Get(session.From(r.Context())))
		})
		expect(t, "status", res.StatusCode, http.StatusOK)
		expect(t, "body", bodyOf(t, res), "ann")
		expectCookies(t, res, 0)
		expect(t, "calls of the store", site.store.calls(), "1 loads, 1 saves")
		expect(t, "time lost", time.Since(began), 0)
		expectEvents(t, site, session.Failed, 1)
	})
}
