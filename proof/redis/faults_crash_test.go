package redis

import (
	"net/http"
	"runtime"
	"testing"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/proof/stories/crowd"
	"github.com/sojourn-go/session/store/redisstore"
)

// With appendfsync always what was acknowledged is on disk.
func TestFaults_what_was_answered_survives_a_crash_of_a_server_with_a_log(t *testing.T) {
	t.Parallel()
	for _, d := range drivers(withRueidis) {
		t.Run(d.name, func(t *testing.T) {
			s := serve(t, "appendonly yes", "appendfsync always")
			c := crowd.New(t, d.twice(t, urlOf(s), redisstore.Options{}), session.Options{})
			for range 2 {
				c.Expect(crowd.Troubled)
				before := c.Refusals(crowd.Verbs...)
				must(t, s.Kill())
				c.GoesOn(1)
				if c.Refusals(crowd.Verbs...) == before {
					t.Error("nobody noticed that the server was killed")
				}
				must(t, s.Restart())
				t.Logf("all was well %v after the restart", c.Recovers(5*time.Second))
			}
			c.Closes()
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
			n := crowd.NewNode(t, d.open(t, urlOf(s), redisstore.Options{}), session.Options{Timeout: crowd.Timeout / 3})
			a := crowd.Send(n, crowd.Login, "", "ann")
			if a.Status != http.StatusOK || a.Cookie == nil {
				t.Fatalf("login: got %d (%s), want 200 with a cookie", a.Status, a.Why)
			}
			token := a.Cookie.Value
			must(t, s.Kill())
			for _, v := range crowd.Verbs {
				if a := crowd.Send(n, v, token, "ann"); a.Status != http.StatusServiceUnavailable {
					t.Errorf("%s without a server: got %d, want 503", v, a.Status)
				}
			}
			must(t, s.Restart())
			deadline := time.Now().Add(5 * time.Second)
			for a = crowd.Send(n, crowd.Look, token, ""); a.Status != http.StatusOK && time.Now().Before(deadline); {
				a = crowd.Send(n, crowd.Look, token, "")
			}
			if a.Status != http.StatusOK || a.Owner != "" {
				t.Errorf("look with an empty server: got %d (%s) of owner %q, want 200 of nobody", a.Status, a.Why, a.Owner)
			}
			a = crowd.Send(n, crowd.Add, token, "")
			if a.Status != http.StatusOK || a.Cookie == nil || crowd.IDOf(a.Cookie.Value) == crowd.IDOf(token) {
				t.Errorf("add with an empty server: got %d (%s) and cookie %v, want 200 and a new session", a.Status, a.Why, a.Cookie)
			}
		})
	}
}

// It counts goroutines, and is alone therefore.
func TestFaults_a_frozen_server_holds_up_nobody_for_long(t *testing.T) {
	for _, d := range drivers(withRueidis) {
		t.Run(d.name, func(t *testing.T) {
			s := serve(t)
			c := crowd.New(t, d.twice(t, urlOf(s), redisstore.Options{}), session.Options{})
			end := c.Silence()
			idle := runtime.NumGoroutine() // with the tabs, and no request
			end()
			peak := crowd.Watch(t)
			crowd.Freeze(t, s, c, 5*time.Second)
			t.Logf("goroutines: %d without a request, %d at most", idle, peak.Load())
			if want := idle + c.Tabs() + 10*len(c.Nodes); peak.Load() > int64(want) { // each node stands for a process
				t.Errorf("goroutines: want %d at most: a request under way of each of %d tabs, and 10 in each of %d processes", want, c.Tabs(), len(c.Nodes))
			}
			c.Closes()
		})
	}
}
