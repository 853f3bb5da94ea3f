package redis

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/internal/redisserver"
	"github.com/sojourn-go/session/proof/stories/crowd"
	"github.com/sojourn-go/session/store/redisstore"
)

// One master of a Cluster stands still, and the others do not give it up. Whose
// session is on these notices nothing; the rest are answered in time, and go on
// where they were.
func TestFailovers_a_frozen_master_is_no_trouble_of_sessions_on_others(t *testing.T) {
	t.Parallel()
	for _, d := range drivers(withRueidis) {
		t.Run(d.name, func(t *testing.T) {
			servers, err := redisserver.StartCluster(3, 0, "cluster-node-timeout 60000")
			started(t, servers, err)
			n := crowd.NewNode(t, d.open(t, clusterURL(servers), redisstore.Options{}), session.Options{})
			frozen, err := servers.Master(0)
			must(t, err)
			there, elsewhere := spread(t, n, servers, frozen)
			must(t, frozen.Freeze())
			var wg sync.WaitGroup
			end := time.Now().Add(3 * crowd.Timeout / 2)
			for _, token := range there {
				wg.Go(func() { uses(t, n, token, end, http.StatusServiceUnavailable, crowd.Timeout+time.Second) })
			}
			for _, token := range elsewhere {
				wg.Go(func() { uses(t, n, token, end, http.StatusOK, crowd.Timeout+time.Second) })
			}
			wg.Wait()
			must(t, frozen.Thaw())
			for _, token := range append(there, elsewhere...) {
				uses(t, n, token, time.Now(), http.StatusOK, crowd.Timeout+time.Second)
			}
		})
	}
}

// spread makes sessions, and returns the tokens of those on a master, and of the
// others.
func spread(t *testing.T, n *crowd.Node, servers *redisserver.Cluster, master *redisserver.Server) (on, off []string) {
	t.Helper()
	for range 30 {
		a := crowd.Send(n, crowd.Add, "", "")
		if a.Cookie == nil {
			t.Fatalf("add: got %d (%s), want a cookie", a.Status, a.Why)
		}
		token := a.Cookie.Value
		its, err := servers.Master(redisserver.Slot("session:" + crowd.IDOf(token)))
		must(t, err)
		if its == master {
			on = append(on, token)
		} else {
			off = append(off, token)
		}
	}
	if len(on) == 0 || len(off) == 0 {
		t.Fatalf("%d sessions are on one master, and %d on the others", len(on), len(off))
	}
	return on, off
}

// uses sends looks and updates, at least one of each, and wants them answered
// with a status, and soon.
func uses(t *testing.T, n *crowd.Node, token string, until time.Time, status int, most time.Duration) {
	for first := true; first || time.Now().Before(until); first = false {
		for _, what := range []crowd.Verb{crowd.Look, crowd.Add} {
			begun := time.Now()
			a := crowd.Send(n, what, token, "")
			if took := time.Since(begun); a.Status != status || took > most {
				t.Errorf("%s: got %d (%s) after %v, want %d within %v", what, a.Status, a.Why, took, status, most)
				return
			}
		}
		<-time.After(crowd.Pace)
	}
}
