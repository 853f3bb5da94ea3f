package goredis_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sojourn-go/session/adapter/redis/goredis"
	"github.com/sojourn-go/session/internal/redisserver"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/redisstore"
)

// realClusters are the real clusters to try what follows on: none in the short
// form, which leaves them to the other adapter, and has redirect_test.go.
func realClusters(t *testing.T) []*redisserver.Cluster {
	if os.Getenv("SOJOURN_LONG") == "" {
		return nil
	}
	return []*redisserver.Cluster{shared(t, cluster)}
}

func clusterStores(t *testing.T, o redisstore.Options) []store.Store {
	given, err := goredis.New(closing(t, clustered.client(t, true)), o)
	must(t, err)
	return []store.Store{open(t, clustered.url(t), o), given}
}

func TestSavesGoOnWhileASlotMoves(t *testing.T) {
	for _, c := range realClusters(t) {
		for _, replicas := range []int{0, 1} {
			for i, st := range clusterStores(t, redisstore.Options{Prefix: "{moving}" + prefix(t), Replicas: replicas}) {
				moveUnder(t, c, st, strconv.Itoa(replicas)+strconv.Itoa(i))
			}
		}
	}
}

// moveUnder moves a slot to another master and back, while sessions in it are
// saved.
func moveUnder(t *testing.T, c *redisserver.Cluster, st store.Store, id string) {
	t.Helper()
	must(t, c.WaitReady())
	slot := redisserver.Slot("{moving}")
	from, to := owners(t, c, slot)
	ctx, stop := context.WithCancel(t.Context())
	var saves sync.WaitGroup
	for n := range 4 {
		saves.Go(func() {
			id := id + "-" + strconv.Itoa(n)
			for version, round := uint64(0), 0; ctx.Err() == nil; round++ {
				next, err := save(t.Context(), st, id, store.Record{Version: version, Durable: true})
				if err != nil {
					t.Errorf("save %d of %s: got error %v", round, id, err)
					return
				}
				if version = next; round%10 == 9 { // and what is not there yet: ASK
					if version = 0; st.Delete(t.Context(), id) != nil {
						t.Errorf("Delete of %s: got an error", id)
					}
				}
			}
		})
	}
	for range 2 {
		must(t, c.BeginMove(slot, from, to))
		if _, err := save(t.Context(), st, id+"-between", store.Record{}); err != nil { // ASK
			t.Errorf("a new session between two servers: got error %v", err)
		}
		must(t, st.Delete(t.Context(), id+"-between"))
		must(t, c.FinishMove(slot, from, to))
		must(t, c.WaitReady()) // or the next move may be without an owner: epochs spread by gossip
		from, to = to, from
	}
	stop()
	saves.Wait()
}

// owners returns the master of a slot, and another one.
func owners(t *testing.T, c *redisserver.Cluster, slot int) (owner, other *redisserver.Server) {
	t.Helper()
	masters, err := c.Masters()
	must(t, err)
	i := slices.IndexFunc(masters, func(s *redisserver.Server) bool {
		_, err := s.Do("SET", "{moving}owner", "1")
		return err == nil
	})
	if i < 0 || len(masters) < 2 {
		t.Fatalf("nobody has slot %d", slot)
	}
	return masters[i], masters[(i+1)%len(masters)]
}

func TestAStoreFollowsAClusterToAnotherMaster(t *testing.T) {
	for range realClusters(t) {
		c, err := redisserver.StartCluster(3, 1)
		must(t, err)
		t.Cleanup(func() { c.Stop() })
		st := open(t, "redis+cluster://"+strings.Join(c.Addrs(), ","), redisstore.Options{})
		masters, err := c.Masters()
		must(t, err)
		for i := range 20 {
			_, err := save(t.Context(), st, "s"+strconv.Itoa(i), store.Record{})
			must(t, err)
		}
		must(t, masters[0].Kill())
		must(t, c.WaitReady())
		begin := time.Now()
		for i := range 20 {
			eventually(t, "all sessions to be saved", func() bool {
				ctx := within(t, time.Second)
				rec, err := st.Load(ctx, "s"+strconv.Itoa(i))
				if err == nil {
					_, err = save(ctx, st, "s"+strconv.Itoa(i), rec)
				}
				return err == nil || errors.Is(err, store.ErrNotFound) // what a failover may lose
			})
		}
		if took := time.Since(begin); took > 10*time.Second {
			t.Errorf("once the cluster was ready, the store took %v to be", took)
		}
	}
}

func TestAListGoesThroughAllMasters(t *testing.T) {
	for range realClusters(t) {
		for i, st := range clusterStores(t, redisstore.Options{Prefix: prefix(t)}) {
			want := map[string]bool{}
			for n := range 50 {
				id := strconv.Itoa(i) + "-" + strconv.Itoa(n)
				_, err := save(t.Context(), st, id, store.Record{})
				must(t, err)
				want[id] = true
			}
			for e, err := range st.(store.Lister).List(t.Context()) {
				must(t, err)
				if !want[e.ID] {
					t.Errorf("got %q, which was not saved, or for the second time", e.ID)
				}
				delete(want, e.ID)
				must(t, st.Delete(t.Context(), e.ID))
			}
			if len(want) > 0 {
				t.Errorf("List left out %d of 50", len(want))
			}
		}
	}
}
