package redis

import (
	"net/http"
	"testing"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/adapter/redis/rueidis"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/nearcache"
	"github.com/sojourn-go/session/store/redisstore"
)

// bound is how old a page may be, where reads are cached.
const bound = time.Second

// newCachedCrowd lets visitors in to a node at each address. In what they do,
// the checks of a crowd hold, except that a page may be as old as the bound, if
// another node has written since.
func newCachedCrowd(t *testing.T, addrs ...string) *crowd {
	t.Helper()
	var urls []string
	for _, addr := range addrs {
		urls = append(urls, "redis://"+addr)
	}
	return letInCached(t, &crowd{}, urls...)
}

// letInCached is newCachedCrowd for any URLs, with settings of the test's own.
func letInCached(t *testing.T, c *crowd, urls ...string) *crowd {
	t.Helper()
	var stores []store.Store
	var caches []*rueidis.CachedStore
	for _, url := range urls {
		st, err := rueidis.OpenCached(url, redisstore.Options{}, nearcache.Options{Bound: bound})
		must(t, err)
		t.Cleanup(func() { st.Close() })
		stores, caches = append(stores, st), append(caches, st)
	}
	c.slack, c.looks = bound, 85
	letIn(t, stores, session.Options{}, c)
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
	freeze(t, s, c, bound+2*timeout)
	c.closes()
}

func TestFaults_cached_reads_over_connections_that_are_closed_keep_to_the_bound(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c := newCachedCrowd(t, s.Addr(), s.Addr())
	c.expect(troubled)
	for range 20 {
		killClients(t, s)
		c.goesOn(4)
	}
	c.recovers(3 * time.Second)
	c.closes()
}

// One node is cut off. The other goes on writing, and nobody tells the first.
func TestFaults_cached_reads_of_a_node_that_is_cut_off_keep_to_the_bound(t *testing.T) {
	t.Parallel()
	s, p := proxied(t)
	c := newCachedCrowd(t, s.Addr(), p.Addr())
	writer, deaf := c.nodes[0], c.nodes[1]
	v := &visitor{crowd: c, name: "reader"}
	v.does(login, writer)
	for range 10 {
		v.does(look, deaf)
	}
	c.expect(troubled)
	p.Partition()
	since, stale := time.Now(), 0
	for a := v.does(look, deaf); a.status == http.StatusOK; a = v.does(look, deaf) {
		if a.count < v.kept {
			stale++
		}
		if time.Since(since) > 2*bound {
			t.Fatalf("the node that is cut off still shows pages after %v", time.Since(since))
		}
		if a := v.does(add, writer); a.status != http.StatusOK {
			t.Errorf("an update on the other node: got %d (%s), want 200", a.status, a.why)
		}
	}
	c.goesOn(2)
	if t.Logf("%d pages of the node that was cut off were stale", stale); stale == 0 {
		t.Error("it showed none from memory")
	}
	p.Heal()
	c.recovers(10 * time.Second)
	c.closes()
}
