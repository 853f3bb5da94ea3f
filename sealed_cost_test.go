package session_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
)

// What cannot be a sealed text costs as little as with a store, however much of
// it there is.
func TestSealed_garbage_cookies_cost_hardly_any_memory(t *testing.T) {
	site := newPeerSiteSealed(t, session.Options{})
	text := site.regular().token()
	for name, line := range map[string]string{
		"nothing in it":        peerCookie + "=" + text[:50],
		"a stored token":       peerCookie + "=" + peerNoToken,
		"1 MB of base64":       peerCookie + "=" + strings.Repeat(text, 1<<12),
		"just too long":        peerCookie + "=" + strings.Repeat("A", 8193),
		"1 MB of other names":  strings.Repeat("a=b; ", 200_000) + "c=d",
		"1 MB of empty values": strings.Repeat(peerCookie+"=; ", 45_000),
		"another case":         "__HOST-HTTP-SESSION=" + text,
		"a space in front":     "\u2000" + peerCookie + "=" + text,
		"no equals sign":       peerCookie,
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, "https://shop.example/", nil)
			r.Header["Cookie"] = []string{line}
			expectCheap(t, site, r, func(_ http.ResponseWriter, r *http.Request) {
				if peerName.Get(session.From(r.Context())) != "" {
					t.Error("garbage opened a session")
				}
			})
		})
	}
}

func TestSealed_a_cookie_that_does_not_open_is_reported_once_a_minute_for_each_key_and_hour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := newPeerSiteSealed(t, session.Options{})
		text := site.regular().token()
		forge := func() { site.sendTokens(http.MethodGet, expectName(t, ""), text[:len(text)-1]+"_") }
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

func TestSealed_a_read_costs_3_allocations_and_a_write_8(t *testing.T) {
	m, err := session.NewSealed(newKeys(t), session.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p := newShopOf(t, m, 3, "")
	for _, c := range []struct {
		name string
		use  func(*session.Session)
		most float64
	}{
		{"untouched", nil, 1}, {"read", read, 3}, {"write", add, 8},
	} {
		h, r, w := p.handler(c.use), p.request(), &nowhere{h: http.Header{}}
		allocs, bytes := cost(func() { clear(w.h); h.ServeHTTP(w, r) })
		if allocs > c.most+raceAllocs {
			t.Errorf("%s: got %v allocations, %v bytes, want at most %v", c.name, allocs, bytes, c.most)
		}
	}
}
