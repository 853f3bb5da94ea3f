package session_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/sojourn-go/session"
)

// together sends n requests at once, and returns how often each status came.
func (v *peerVisitor) together(srv *httptest.Server, n int, path string) map[int]int {
	v.site.t.Helper()
	srv.Client().Transport.(*http.Transport).MaxIdleConnsPerHost = n
	var mu sync.Mutex
	var wg sync.WaitGroup
	statuses := map[int]int{}
	for i := range n {
		r, _ := http.NewRequestWithContext(v.site.t.Context(), http.MethodPost, srv.URL+path+"?i="+strconv.Itoa(i), nil)
		v.withCookies(r)
		wg.Go(func() {
			res, err := srv.Client().Do(r)
			if err != nil {
				v.site.t.Error(err)
				return
			}
			io.Copy(io.Discard, res.Body)
			res.Body.Close()
			mu.Lock()
			defer mu.Unlock()
			statuses[res.StatusCode]++
			if len(res.Header["Set-Cookie"]) > 0 {
				v.site.t.Errorf("Set-Cookie: got %q, want none", res.Header["Set-Cookie"])
			}
		})
	}
	wg.Wait()
	return statuses
}

// tally counts the values i0, i1 ... that the visitor's session holds, and
// returns them with the counter.
func (v *peerVisitor) tally() (keys, count int) {
	v.get(func(_ http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		count = peerCount.Get(s)
		for name := range s.All() {
			if name[0] == 'i' {
				keys++
			}
		}
	})
	return keys, count
}

const crowd = 200

func expectTally(t *testing.T, v *peerVisitor, statuses map[int]int) {
	t.Helper()
	expect(t, "answers of 200 OK", statuses[http.StatusOK], crowd)
	keys, count := v.tally()
	expect(t, "distinct keys", keys, crowd)
	expect(t, "counter", count, crowd)
}

// Of 200 keys scs keeps 3 to 11, fiber 2 to 6, gorilla 2 to 5, and the counter
// stands at 1 to 5 in all of them, with 200 OK on every answer.
func TestPeers_two_hundred_requests_at_once_lose_nothing(t *testing.T) {
	site := newPeerSite(t, session.Options{})
	v := site.regular()
	srv := site.listen(site.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		n := peerCount.Get(s)
		time.Sleep(5 * time.Millisecond) // work
		peerCount.Update(s, func(n int) int { return n + 1 })
		session.NewKey[int]("i"+r.FormValue("i")).Set(s, n)
	})))
	expectTally(t, v, v.together(srv, crowd, "/"))
}

func TestPeers_two_hundred_requests_at_once_on_a_slow_store_share_a_few_saves(t *testing.T) {
	site := newPeerSite(t, session.Options{})
	v := site.regular()
	site.store.delay.Store(int64(10 * time.Millisecond))
	gate := newGate(crowd)
	srv := site.listen(site.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		expectError(t, "Err", s.Err(), nil)
		gate.wait()
		peerCount.Update(s, func(n int) int { return n + 1 })
		session.NewKey[string]("i"+r.FormValue("i")).Set(s, "x")
	})))
	statuses := v.together(srv, crowd, "/")
	if got := site.store.saves.Load(); got > 20 {
		t.Errorf("saves: got %d, want at most 20", got)
	}
	site.store.delay.Store(0)
	expectTally(t, v, statuses)
}

func TestPeers_ten_requests_that_take_one_value_get_it_once(t *testing.T) {
	site := newPeerSite(t, session.Options{})
	v := site.regular()
	gate := newGate(10)
	srv := site.listen(site.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		expectError(t, "Err", s.Err(), nil)
		gate.wait()
		name, ok := peerName.Take(s)
		fmt.Fprint(w, name, ok)
	})))
	statuses := v.together(srv, 10, "/")
	expect(t, "200 OK", statuses[http.StatusOK], 1)
	expect(t, "409 Conflict", statuses[http.StatusConflict], 9)
	expect(t, "name that is left", v.name(), "")
}

// A gate opens when n have come.
type gate struct{ wg sync.WaitGroup }

func newGate(n int) *gate {
	g := &gate{}
	g.wg.Add(n)
	return g
}

func (g *gate) wait() {
	g.wg.Done()
	g.wg.Wait()
}
