package session_test

import (
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
)

// sendTokens has f answer a request with these tokens, one cookie each.
func (site *peerSite) sendTokens(method string, f http.HandlerFunc, tokens ...string) *http.Response {
	v := site.visitor()
	r := v.request(method)
	for _, token := range tokens {
		r.AddCookie(&http.Cookie{Name: peerCookie, Value: token})
	}
	return v.send(site.Handler(f), r)
}

func expectName(t *testing.T, want string) http.HandlerFunc {
	return func(_ http.ResponseWriter, r *http.Request) {
		t.Helper()
		expect(t, "name", peerName.Get(session.From(r.Context())), want)
	}
}

// All peers take the first, and so a cookie that somebody planted for a
// narrower path.
func TestPeers_duplicate_cookies_the_one_that_opens_a_session_is_taken_wherever_it_stands(t *testing.T) {
	onEverySite(t, func(t *testing.T, newPeerSite siteMaker) {
		site := newPeerSite(t, session.Options{})
		genuine, wrong := site.regular().token(), peerNoToken[:peerIDLen+1]+strings.Repeat("A", 64-peerIDLen-1)
		for name, tokens := range map[string][]string{
			"first of two":    {genuine, peerNoToken},
			"second of two":   {peerNoToken, genuine},
			"second of three": {peerNoToken, genuine, wrong},
			"third of three":  {wrong, peerNoToken, genuine},
			"behind garbage":  {"garbage", "", strings.Repeat("x", 64) + "!", "{}", genuine},
		} {
			t.Run(name, func(t *testing.T) {
				for _, method := range []string{http.MethodGet, http.MethodPost} {
					res := site.sendTokens(method, expectName(t, "ann"), tokens...)
					expectCookies(t, res, 0)
				}
			})
		}
	})
}

func TestPeers_duplicate_cookies_of_which_one_opens_a_session_are_no_event(t *testing.T) {
	site := newPeerSite(t, session.Options{})
	site.sendTokens(http.MethodGet, expectName(t, "ann"), peerNoToken, site.regular().token())
	expectEvents(t, site, session.Refused, 0)
}

func TestPeers_duplicate_cookies_of_two_sessions_choose_neither(t *testing.T) {
	onEverySite(t, func(t *testing.T, newPeerSite siteMaker) {
		site := newPeerSite(t, session.Options{})
		mine, planted := site.regular(), site.regular()
		for _, tokens := range [][]string{
			{mine.token(), planted.token()},
			{planted.token(), mine.token()},
			{planted.token(), peerNoToken, mine.token()},
		} {
			told := len(site.log.of(session.Refused))
			site.sendTokens(http.MethodGet, expectName(t, ""), tokens...)
			if len(site.log.of(session.Refused)) == told {
				t.Errorf("%d cookies: no event", len(tokens))
			}
		}
		expect(t, "name in the visitor's own session", mine.name(), "ann")
	})
}

func TestPeers_duplicate_cookies_of_more_than_three_are_not_tried(t *testing.T) {
	onEverySite(t, func(t *testing.T, newPeerSite siteMaker) {
		site := newPeerSite(t, session.Options{})
		token := site.regular().token()
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			res := site.sendTokens(method, expectName(t, ""), token, peerNoToken, peerNoToken, peerNoToken)
			expect(t, "status", res.StatusCode, http.StatusOK)
			expectCookies(t, res, 0)
		}
		expect(t, "calls of the store", site.store.calls(), "0 loads, 0 saves")
		expectEvents(t, site, session.Refused, 2)
	})
}

func TestPeers_a_wrong_secret_costs_one_load_and_adopts_nothing(t *testing.T) {
	site := newPeerSite(t, session.Options{})
	v := site.regular()
	forged := v.id() + strings.Repeat("A", 64-peerIDLen)
	res := site.sendTokens(http.MethodGet, func(_ http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		expect(t, "name", peerName.Get(s), "")
		expect(t, "id", s.ID(), "")
		expect(t, "new", s.IsNew(), true)
	}, forged)
	expect(t, "status", res.StatusCode, http.StatusOK)
	expectCookies(t, res, 0)
	expect(t, "calls of the store", site.store.calls(), "1 loads, 0 saves")
	if e := site.log.of(session.Refused); len(e) != 1 || e[0].ID != v.id() {
		t.Errorf("refused events: got %v, want one with the id", e)
	}
	expect(t, "name in the session that was aimed at", v.name(), "ann")
}

func TestPeers_a_wrong_secret_is_reported_once_a_minute_for_each_id(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := newPeerSite(t, session.Options{})
		v := site.regular()
		forge := func() {
			site.sendTokens(http.MethodGet, expectName(t, ""), v.id()+strings.Repeat("A", 64-peerIDLen))
		}
		for range 59 {
			forge()
			time.Sleep(time.Second)
		}
		expectEvents(t, site, session.Refused, 1)
		time.Sleep(time.Second)
		forge()
		expectEvents(t, site, session.Refused, 2)
	})
}

// kataras, iris, flamego and gf adopt it: whoever plants it knows the session
// of whoever signs in with it.
func TestPeers_a_made_up_token_costs_one_load_and_is_never_adopted(t *testing.T) {
	onEverySite(t, func(t *testing.T, newPeerSite siteMaker) {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			site := newPeerSite(t, session.Options{})
			v := site.visitor()
			site.sendTokens(method, expectName(t, ""), peerNoToken)
			if loads := site.store.loads.Load(); loads > 1 {
				t.Errorf("loads: got %d, want at most 1", loads)
			}
			v.jar[peerCookie] = peerNoToken
			res := v.do(method, func(_ http.ResponseWriter, r *http.Request) {
				s := session.From(r.Context())
				expect(t, "name", peerName.Get(s), "")
				peerName.Set(s, "ann")
				expectError(t, "Login", s.Login("ann"), nil)
			})
			expectCookies(t, res, 1)
			for _, part := range []string{peerNoToken[:peerIDLen], peerNoToken[peerIDLen:]} {
				if strings.Contains(v.token(), part) || v.sessionID() == part {
					t.Errorf("token of the new session: got %s, want nothing of the one made up", v.token())
				}
			}
			site.sendTokens(method, expectName(t, ""), peerNoToken)
			expect(t, "name in the new session", v.name(), "ann")
		}
	})
}

// A sink is a writer that allocates nothing.
type sink struct{ h http.Header }

func (s sink) Header() http.Header         { return s.h }
func (s sink) Write(p []byte) (int, error) { return len(p), nil }
func (s sink) WriteHeader(int)             {}

// scs asks its store about every one of them.
func TestPeers_garbage_cookies_cost_no_store_call_and_hardly_any_memory(t *testing.T) {
	site := newPeerSite(t, session.Options{})
	token := site.regular().token()
	garbage := map[string]string{
		"truncated by one":     peerCookie + "=" + token[:63],
		"too long by one":      peerCookie + "=" + token + "A",
		"the id alone":         peerCookie + "=" + token[:peerIDLen],
		"quoted":               peerCookie + `="` + token + `"`,
		"1 MB of base64":       peerCookie + "=" + strings.Repeat(token, 1<<14),
		"1 MB of other names":  strings.Repeat("a=b; ", 200_000) + "c=d",
		"1 MB of empty tokens": strings.Repeat(peerCookie+"=; ", 45_000),
		"1 MB of semicolons":   strings.Repeat(";", 1<<20),
		"1 MB of NUL":          peerCookie + "=" + strings.Repeat("\x00", 1<<20),
		"another case":         "__HOST-HTTP-SESSION=" + token,
		"a space in front":     "\u2000" + peerCookie + "=" + token,
		"empty":                peerCookie + "=",
		"no equals sign":       peerCookie,
		"one bad character":    peerCookie + "=" + token[:63] + "+",
	}
	for name, line := range garbage {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "https://shop.example/", nil)
			r.Header["Cookie"] = []string{line}
			expectCheap(t, site, r, func(http.ResponseWriter, *http.Request) {})
			r.Method = http.MethodPost
			expectCheap(t, site, r, func(_ http.ResponseWriter, r *http.Request) {
				if peerName.Get(session.From(r.Context())) != "" {
					t.Error("garbage opened a session")
				}
			})
		})
	}
	expect(t, "calls of the store", site.store.calls(), "0 loads, 0 saves")
	if n := len(site.log.events); n != 1 {
		t.Errorf("events: got %d, want none but the creation of the session", n)
	}
}

// expectCheap allows a request 4 allocations and 2 KB of ours.
func expectCheap(t *testing.T, site *peerSite, r *http.Request, f http.HandlerFunc) {
	t.Helper()
	const runs = 4
	h, w := site.Handler(f), sink{http.Header{}}
	once := func() {
		clear(w.h)
		h.ServeHTTP(w, r)
	}
	if got := testing.AllocsPerRun(runs, once); got > 4 {
		t.Errorf("allocations: got %v a request, want at most 4", got)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		once()
	}
	runtime.ReadMemStats(&after)
	if got := (after.TotalAlloc - before.TotalAlloc) / runs; got > 2<<10 {
		t.Errorf("allocated: got %d bytes a request, want at most 2048", got)
	}
}
