package session_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
)

// A bouncer shuts out addresses from which many tokens of no session, or with a
// wrong secret, have come: more than most in a minute. It counts by whole
// minutes, and forgets them.
type bouncer struct {
	most int

	mu     sync.Mutex
	minute int64
	seen   map[string]int
}

func (b *bouncer) count(remote string, by int) int {
	host, _, _ := net.SplitHostPort(remote)
	b.mu.Lock()
	defer b.mu.Unlock()
	if now := time.Now().Unix() / 60; now != b.minute {
		b.minute, b.seen = now, map[string]int{}
	}
	if by > 0 {
		b.seen[host] += by
	}
	return b.seen[host]
}

func (b *bouncer) observe(_ context.Context, e session.Event) {
	if e.Kind == session.Unknown || e.Kind == session.Refused {
		b.count(e.Remote, 1)
	}
}

func (b *bouncer) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if b.count(r.RemoteAddr, 0) > b.most {
			http.Error(w, "Please wait a minute.", http.StatusTooManyRequests)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// guess is a token that nobody was given.
func guess(r *rand.Rand) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	var token [64]byte
	for i := range token {
		token[i] = alphabet[r.IntN(len(alphabet))]
	}
	return string(token[:])
}

func (v *visitor) guesses(method, token, from string) *http.Request {
	v.cookie = &http.Cookie{Name: "__Host-Http-session", Value: token}
	r := v.request(method)
	r.RemoteAddr = from
	return r
}

// Audit rows S28 and S39.
func TestA_storm_of_guessed_tokens_makes_no_session_and_no_write_and_an_event_each_with_its_source(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // all in one minute
		const storm = 10_000
		l := newLab(t, session.Options{})
		random := rand.New(rand.NewPCG(1, 2))
		sources := []string{"192.0.2.1:4711", "198.51.100.7:80", "[2001:db8::1]:443"}
		look := l.m.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			s := session.From(r.Context())
			if s.Owner() != "" || count.Get(s) != 0 || !s.IsNew() {
				t.Error("a guessed token opened a session")
			}
		}))
		var ids []string
		for i := range storm {
			method := []string{"GET", "POST"}[i%2]
			r := l.visitor().guesses(method, guess(random), sources[i%3])
			ids = append(ids, strings.TrimPrefix(r.Header.Get("Cookie"), "__Host-Http-session=")[:24])
			if res := serve(look, r); res.StatusCode != http.StatusOK || len(res.Cookies()) > 0 {
				t.Fatalf("got status %d and %d cookies", res.StatusCode, len(res.Cookies()))
			}
		}
		want(t, "saves", l.saves.Load(), 0)
		for range l.m.All(t.Context()) {
			t.Error("there is a session")
		}
		want(t, "events", len(l.events), storm)
		for i, e := range l.events {
			want(t, "event", e, session.Event{Kind: session.Unknown, ID: ids[i], Remote: sources[i%3]})
		}
	})
}

// An id that nobody knows is not adopted, whatever is then kept (CVE-2024-38513
// was one that was).
func TestA_guessed_token_is_never_the_token_of_the_session_that_begins(t *testing.T) {
	l := newLab(t, session.Options{})
	v, token := l.visitor(), guess(rand.New(rand.NewPCG(3, 4)))
	serve(l.m.Handler(http.NotFoundHandler()), v.guesses("GET", token, "192.0.2.1:1"))
	v.posts(func(s *session.Session) { s.Login("ann") })
	want(t, "the id is the guess's", v.cookie.Value[:24] == token[:24], false)
	want(t, "the secret is the guess's", v.cookie.Value[24:] == token[24:], false)
	want(t, "events", l.count(session.Unknown), 1)
}

func TestAn_observer_that_counts_can_shut_a_guesser_out(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &bouncer{most: 20}
		m, err := session.New(newLab(t, session.Options{}).labStore, session.Options{Observe: b.observe})
		if err != nil {
			t.Fatal(err)
		}
		site := b.guard(m.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { session.From(r.Context()).Owner() })))
		random := rand.New(rand.NewPCG(5, 6))
		from := func(address string) int {
			return serve(site, (&visitor{}).guesses("GET", guess(random), address)).StatusCode
		}
		shut := 0
		for range 100 {
			if from("192.0.2.1:4711") == http.StatusTooManyRequests {
				shut++
			}
		}
		want(t, "shut out", shut, 79) // of the 21st the first answer is the last
		want(t, "another address", from("198.51.100.7:80"), http.StatusOK)
		time.Sleep(time.Minute)
		want(t, "a minute later", from("192.0.2.1:4711"), http.StatusOK)
	})
}

// A browser keeps the cookie of a session that is long gone, and sends it with
// everything: that is no guesser.
func TestA_token_of_no_session_that_comes_again_and_again_is_one_event_a_minute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, session.Options{})
		v, random := l.visitor(), rand.New(rand.NewPCG(7, 8))
		stale := v.guesses("GET", guess(random), "192.0.2.1:1")
		look := l.m.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { session.From(r.Context()).Owner() }))
		for range 60 {
			serve(look, stale.Clone(t.Context()))
			time.Sleep(time.Second)
		}
		want(t, "events of a minute", l.count(session.Unknown), 1)
		serve(look, stale.Clone(t.Context()))
		want(t, "events", l.count(session.Unknown), 2)
	})
}

func TestRefused_tells_where_it_came_from(t *testing.T) {
	everywhere(t, func(t *testing.T, newLab labMaker) {
		l := newLab(t, session.Options{})
		v := l.login("ann")
		token := v.cookie.Value
		r := l.visitor().guesses("GET", token[:len(token)-4]+"AAAA", "[2001:db8::1]:443")
		serve(l.m.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { session.From(r.Context()).Owner() })), r)
		last := l.events[len(l.events)-1]
		want(t, "kind", last.Kind, session.Refused)
		want(t, "source", last.Remote, "[2001:db8::1]:443")
		text := fmt.Sprint(last.LogValue())
		want(t, "it is logged: "+text, strings.Contains(text, "remote=[2001:db8::1]:443"), true)
	})
}

func TestA_guessed_token_costs_no_more_than_a_cookie_that_is_none_when_nobody_observes(t *testing.T) {
	p := newShop(t, 1, "", session.Options{})
	h, w, random := p.handler(read), &nowhere{h: http.Header{}}, rand.New(rand.NewPCG(9, 10))
	costs := func(value func() string) (allocs, bytes float64) {
		lines := make([]string, 6100) // another one each time
		for i := range lines {
			lines[i] = p.cookie.Name + "=" + value()
		}
		r, n := p.request(), 0
		return cost(func() {
			clear(w.h)
			r.Header["Cookie"][0] = lines[n]
			n++
			h.ServeHTTP(w, r)
		})
	}
	allocs, bytes := costs(func() string { return "no token" })
	if a, b := costs(func() string { return guess(random) }); a > allocs+raceAllocs || b > bytes+128*raceAllocs+8 {
		t.Errorf("got %v allocations, %v bytes; want at most %v and %v", a, b, allocs, bytes)
	}
}
