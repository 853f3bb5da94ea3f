package redis_test

import (
	"os"
	"strings"
	"testing"

	"github.com/sojourn-go/session/adapter/redis/goredis"
	"github.com/sojourn-go/session/adapter/redis/rueidis"
	"github.com/sojourn-go/session/internal/redisserver"
	"github.com/sojourn-go/session/proof/stories"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/nearcache"
	"github.com/sojourn-go/session/store/redisstore"
)

// The stories of package stories, and its histories, over Redis.

func TestMain(m *testing.M) {
	stories.Serve(clients)
	os.Exit(m.Run())
}

// clients are the ways to reach the Redis.
var clients = map[string]stories.Way{
	"rueidis": func(url string) (stories.Store, error) { return rueidis.Open(url, redisstore.Options{}) },
	"goredis": func(url string) (stories.Store, error) { return goredis.Open(url, redisstore.Options{}) },
	"rueidis, cached": func(url string) (stories.Store, error) {
		return rueidis.OpenCached(url, redisstore.Options{}, nearcache.Options{})
	},
}

// ways are the clients that the stories are told with.
func ways() []string {
	if os.Getenv("SOJOURN_LONG") != "" {
		return []string{"rueidis", "goredis", "rueidis, cached"}
	}
	return []string{"rueidis", "rueidis, cached"}
}

func TestStories_of_two_processes(t *testing.T) {
	for _, way := range ways() {
		t.Run(way, func(t *testing.T) {
			url := "redis://" + startServer(t).Addr()
			stories.Run(t, stories.Start(t, way, [2]string{url, url}))
		})
	}
}

func TestStories_of_a_process_that_is_cut_off(t *testing.T) {
	addr := startServer(t).Addr()
	proxy, err := redisserver.StartProxy(addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { proxy.Stop() })
	w := stories.Start(t, "rueidis, cached", [2]string{"redis://" + addr, "redis://" + proxy.Addr()})
	stories.CutOff(t, w, proxy.Partition, proxy.Heal)
}

func histories() int {
	if os.Getenv("SOJOURN_LONG") != "" {
		return 5000
	}
	return 500
}

// openTwice opens two stores with clients of their own, for two nodes.
func openTwice(t *testing.T, way, addr string) [2]store.Store {
	t.Helper()
	var stores [2]store.Store
	for i := range stores {
		st, err := clients[way]("redis://" + addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { st.Close() })
		stores[i] = st
	}
	return stores
}

func TestHistories_over_Redis_are_linearizable(t *testing.T) {
	for _, way := range ways() {
		t.Run(way, func(t *testing.T) {
			redis := startServer(t)
			var all []store.Store
			_, bad := stories.Tell(t, histories(), func() [2]store.Store {
				two := openTwice(t, way, redis.Addr())
				all = append(all, two[:]...)
				return two
			})
			if bad != "" {
				t.Error(bad)
			}
			hits := uint64(0)
			for _, st := range all {
				if near, ok := st.(*rueidis.CachedStore); ok {
					hits += near.Stats().Hits
				}
			}
			if cached := strings.HasSuffix(way, "cached"); cached != (hits > 0) {
				t.Errorf("%d answers came from memory", hits)
			}
			t.Logf("%d answers came from memory", hits)
		})
	}
}

// TestHistories_over_Redis_with_lost_answers: of each few writes the answer is
// swallowed, and the connection closed, with all that was under way on it.
func TestHistories_over_Redis_with_lost_answers(t *testing.T) {
	for _, way := range ways() {
		t.Run(way, func(t *testing.T) {
			proxy, err := redisserver.StartProxy(startServer(t).Addr())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { proxy.Stop() })
			open := func() [2]store.Store { return openTwice(t, way, proxy.Addr()) }
			proxy.Lose(redisserver.Loss{Commands: []string{"SET", "EVAL", "EVALSHA"}, Every: 7})
			n := histories() / 2
			judged, bad := stories.Tell(t, n, open)
			if bad != "" {
				t.Error(bad)
			}
			if lost := proxy.Lost(); lost < n || judged < int64(n/2) {
				t.Errorf("%d answers were lost, and %d histories of %d judged: this has shown little", lost, judged, n)
			}
			t.Logf("%d answers were lost", proxy.Lost())
		})
	}
}

func TestHistories_over_Redis_show_what_a_store_does_wrong(t *testing.T) {
	redis := startServer(t)
	stories.Spoilt(t, func() [2]store.Store { return openTwice(t, "rueidis", redis.Addr()) })
}
