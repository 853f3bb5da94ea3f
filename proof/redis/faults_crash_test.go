package redis

import (
	"math"
	"net/http"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/internal/redisserver"
	"github.com/sojourn-go/session/store/redisstore"
)

// With appendfsync always what was acknowledged is on disk.
func TestFaults_what_was_answered_survives_a_crash_of_a_server_with_a_log(t *testing.T) {
	t.Parallel()
	for _, d := range drivers(withRueidis) {
		t.Run(d.name, func(t *testing.T) {
			s := serve(t, "appendonly yes", "appendfsync always")
			c := newCrowd(t, d.twice(t, urlOf(s), redisstore.Options{}), session.Options{})
			for range 2 {
				c.expect(troubled)
				before := c.refusals(verbs...)
				must(t, s.Kill())
				c.goesOn(1)
				if c.refusals(verbs...) == before {
					t.Error("nobody noticed that the server was killed")
				}
				must(t, s.Restart())
				t.Logf("all was well %v after the restart", c.recovers(5*time.Second))
			}
			c.closes()
		})
	}
}

// Nobody is taken for anonymous as long as the server is away. When it is back,
// and empty, everybody is.
func TestFaults_a_server_that_keeps_nothing_forgets_sessions_only_when_it_is_back(t *testing.T) {
	t.Parallel()
	for _, d := range drivers(withRueidis) {
		t.Run(d.name, func(t *testing.T) {
			s := serve(t)
			n := newNode(t, d.open(t, urlOf(s), redisstore.Options{}), session.Options{Timeout: timeout / 3})
			a := send(n, login, "", "ann")
			if a.status != http.StatusOK || a.cookie == nil {
				t.Fatalf("login: got %d (%s), want 200 with a cookie", a.status, a.why)
			}
			token := a.cookie.Value
			must(t, s.Kill())
			for _, v := range verbs {
				if a := send(n, v, token, "ann"); a.status != http.StatusServiceUnavailable {
					t.Errorf("%s without a server: got %d, want 503", v, a.status)
				}
			}
			must(t, s.Restart())
			deadline := time.Now().Add(5 * time.Second)
			for a = send(n, look, token, ""); a.status != http.StatusOK && time.Now().Before(deadline); {
				a = send(n, look, token, "")
			}
			if a.status != http.StatusOK || a.owner != "" {
				t.Errorf("look with an empty server: got %d (%s) of owner %q, want 200 of nobody", a.status, a.why, a.owner)
			}
			a = send(n, add, token, "")
			if a.status != http.StatusOK || a.cookie == nil || idOf(a.cookie.Value) == idOf(token) {
				t.Errorf("add with an empty server: got %d (%s) and cookie %v, want 200 and a new session", a.status, a.why, a.cookie)
			}
		})
	}
}

// It counts goroutines, and is alone therefore.
func TestFaults_a_frozen_server_holds_up_nobody_for_long(t *testing.T) {
	for _, d := range drivers(withRueidis) {
		t.Run(d.name, func(t *testing.T) {
			s := serve(t)
			c := newCrowd(t, d.twice(t, urlOf(s), redisstore.Options{}), session.Options{})
			end := c.silence()
			idle := runtime.NumGoroutine() // with the tabs, and no request
			end()
			peak := watch(t)
			freeze(t, s, c, 5*time.Second)
			t.Logf("goroutines: %d without a request, %d at most", idle, peak.Load())
			if want := idle + len(c.tabs) + 10*len(c.nodes); peak.Load() > int64(want) { // each node stands for a process
				t.Errorf("goroutines: want %d at most: a request under way of each of %d tabs, and 10 in each of %d processes", want, len(c.tabs), len(c.nodes))
			}
			c.closes()
		})
	}
}

// freeze halts a server under a crowd for a while. Answers come nevertheless,
// and soon after it goes on all is well.
func freeze(t *testing.T, s *redisserver.Server, c *crowd, d time.Duration) {
	t.Helper()
	c.expect(troubled)
	must(t, s.Freeze())
	c.expect(rule{reads: either, writes: either, most: timeout + time.Second})
	before := c.refusals(verbs...)
	<-time.After(d)
	c.expect(troubled)
	if c.refusals(verbs...) < before+len(c.tabs) {
		t.Error("few noticed that the server stood still")
	}
	must(t, s.Thaw())
	t.Logf("all was well %v after SIGCONT", c.recovers(3*time.Second))
}

// watch notes the greatest number of goroutines that were there for a while,
// until the test is over. Each timer that fires is one for a moment.
func watch(t *testing.T) *atomic.Int64 {
	var peak atomic.Int64
	done, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			stayed := math.MaxInt
			for range 10 {
				select {
				case <-done:
					return
				case <-tick.C:
				}
				stayed = min(stayed, runtime.NumGoroutine()-1) // without this one
			}
			peak.Store(max(peak.Load(), int64(stayed)))
		}
	}()
	t.Cleanup(func() { close(done); <-over })
	return &peak
}
