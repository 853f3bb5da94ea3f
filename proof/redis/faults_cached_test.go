package redis

import (
	"net/http"
	"testing"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/adapter/redis/rueidis"
	"github.com/sojourn-go/session/proof/stories/crowd"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/nearcache"
	"github.com/sojourn-go/session/store/redisstore"
)

// bound is how old a page may be, where reads are cached.
const bound = time.Second

// newCachedCrowd lets visitors in to a node at each address. In what they do,
// the checks of a crowd hold, except that a page may be as old as the bound, if
// another node has written since.
func newCachedCrowd(t *testing.T, addrs ...string) *crowd.Crowd {
	t.Helper()
	var urls []string
	for _, addr := range addrs {
		urls = append(urls, "redis://"+addr)
	}
	return letInCached(t, &crowd.Crowd{}, urls...)
}

// letInCached is newCachedCrowd for any URLs, with settings of the test's own.
func letInCached(t *testing.T, c *crowd.Crowd, urls ...string) *crowd.Crowd {
	t.Helper()
	var stores []store.Store
	var caches []*rueidis.CachedStore
	for _, url := range urls {
		st, err := rueidis.OpenCached(url, redisstore.Options{}, nearcache.Options{Bound: bound})
		must(t, err)
		t.Cleanup(func() { st.Close() })
		stores, caches = append(stores, st), append(caches, st)
	}
	c.Slack, c.Looks = bound, 85
	crowd.LetIn(t, stores, session.Options{}, c)
	t.Cleanup(func() {
		for i, st := range caches {
			stats := st.Stats()
			t.Logf("node %d: %d pages from memory, %d not", i, stats.Hits, stats.Misses)
			if stats.Hits < 100 {
				t.Errorf("node %d: %d pages came from memory, want 100 at least", i, stats.Hits)
			}
		}
	})
	return c
}

func TestFaults_cached_reads_of_a_frozen_server_keep_to_the_bound(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c := newCachedCrowd(t, s.Addr(), s.Addr())
	crowd.Freeze(t, s, c, bound+2*crowd.Timeout)
	c.Closes()
}

func TestFaults_cached_reads_over_connections_that_are_closed_keep_to_the_bound(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c := newCachedCrowd(t, s.Addr(), s.Addr())
	c.Expect(crowd.Troubled)
	for range 20 {
		killClients(t, s)
		c.GoesOn(4)
	}
	c.Recovers(3 * time.Second)
	c.Closes()
}

// One node is cut off. The other goes on writing, and nobody tells the first.
func TestFaults_cached_reads_of_a_node_that_is_cut_off_keep_to_the_bound(t *testing.T) {
	t.Parallel()
	s, p := proxied(t)
	c := newCachedCrowd(t, s.Addr(), p.Addr())
	writer, deaf := c.Nodes[0], c.Nodes[1]
	v := c.Visitor("reader")
	v.Does(crowd.Login, writer)
	for range 10 {
		v.Does(crowd.Look, deaf)
	}
	c.Expect(crowd.Troubled)
	p.Partition()
	since, stale := time.Now(), 0
	for a := v.Does(crowd.Look, deaf); a.Status == http.StatusOK; a = v.Does(crowd.Look, deaf) {
		if a.Count < v.Kept() {
			stale++
		}
		if time.Since(since) > 2*bound {
			t.Fatalf("the node that is cut off still shows pages after %v", time.Since(since))
		}
		if a := v.Does(crowd.Add, writer); a.Status != http.StatusOK {
			t.Errorf("an update on the other node: got %d (%s), want 200", a.Status, a.Why)
		}
	}
	c.GoesOn(2)
	if t.Logf("%d pages of the node that was cut off were stale", stale); stale == 0 {
		t.Error("it showed none from memory")
	}
	p.Heal()
	c.Recovers(10 * time.Second)
	c.Closes()
}
