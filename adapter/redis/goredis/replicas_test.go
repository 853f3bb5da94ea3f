package goredis_test

import (
	"errors"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/sojourn-go/session/adapter/redis/goredis"
	"github.com/sojourn-go/session/internal/redisserver"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/redisstore"
)

func TestADurableSaveWaitsForReplicas(t *testing.T) {
	s := shared(t, sentinels)
	o := redisstore.Options{Prefix: prefix(t), Replicas: 1, ReplicaTimeout: 500 * time.Millisecond}
	opened := open(t, sentinel.url(t), o)
	given, err := goredis.New(closing(t, sentinel.client(t, true)), o)
	must(t, err)
	stores := []store.Store{opened, given}
	for _, st := range stores {
		// Several at once, so that there are connections that have written nothing.
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Go(func() {
				if _, err := save(t.Context(), st, "n"+strconv.Itoa(i), store.Record{Durable: true}); err != nil && !errors.Is(err, store.ErrConflict) {
					t.Errorf("with replicas: got error %v", err)
				}
			})
		}
		wg.Wait()
	}
	replicas := frozenReplicas(t, s)
	for i, st := range stores {
		id := "frozen" + strconv.Itoa(i)
		for version := uint64(0); ; {
			next, err := save(t.Context(), st, id, store.Record{Version: version, Durable: true, Data: []byte(id)})
			if !errors.Is(err, store.ErrNotDurable) || next == 0 {
				t.Fatalf("with %d replicas frozen: got version %d, error %v, want ErrNotDurable", replicas, next, err)
			}
			if rec, err := st.Load(t.Context(), id); err != nil || rec.Version != next {
				t.Errorf("Load: got version %d, error %v, want %d: a Save that is not durable is applied", rec.Version, err, next)
			}
			if version != 0 {
				break
			}
			version = next // and once more, with the script
		}
		if _, err := save(t.Context(), st, id+"-light", store.Record{}); err != nil {
			t.Errorf("a Save that need not be durable: got error %v", err)
		}
	}
}

// frozenReplicas freezes the replicas until the test is over.
func frozenReplicas(t *testing.T, s *redisserver.Sentinels) (n int) {
	t.Helper()
	master, err := s.Master()
	must(t, err)
	replicas := slices.DeleteFunc(s.Servers(), func(r *redisserver.Server) bool { return r == master })
	t.Cleanup(func() {
		for _, r := range replicas {
			must(t, r.Thaw())
		}
		must(t, s.WaitReady())
	})
	for _, r := range replicas {
		must(t, r.Freeze())
	}
	return len(replicas)
}

func TestAStoreFollowsSentinelToAnotherMaster(t *testing.T) {
	s := shared(t, sentinels)
	st := open(t, sentinel.url(t), redisstore.Options{Prefix: prefix(t), Replicas: 1})
	if _, err := save(t.Context(), st, "kept", store.Record{Durable: true, Data: []byte("kept")}); err != nil {
		t.Fatal(err)
	}
	must(t, s.Failover())
	eventually(t, "the store to serve from the other master", func() bool {
		rec, err := st.Load(within(t, time.Second), "kept")
		if err != nil {
			return false
		}
		_, err = save(within(t, time.Second), st, "kept", store.Record{Version: rec.Version, Durable: true, Data: rec.Data})
		return err == nil
	})
	if rec, err := st.Load(t.Context(), "kept"); err != nil || string(rec.Data) != "kept" {
		t.Errorf("got %q, error %v, want what was saved before", rec.Data, err)
	}
}

// WAIT answers on another connection than that of the write at once, as if all
// were well. A client with a single free connection for pipelines falls back on
// others.
func TestWaitSpeaksOfItsOwnConnection(t *testing.T) {
	s := shared(t, sentinels)
	master, err := s.Master()
	must(t, err)
	c := goredis.Client(closing(t, redis.NewClient(&redis.Options{Addr: master.Addr(), PipelinePoolSize: 1}))).(redisstore.Pinner)
	frozenReplicas(t, s)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			got := c.DoPinned(t.Context(), command(1, "SET", "wait:"+strconv.Itoa(i), "v"), command(0, "WAIT", "1", "100"))
			if len(got) != 2 || got[0].Value != "OK" || got[1] != (redisstore.Reply{Value: int64(0)}) {
				t.Errorf("got %v, want OK and 0", got)
			}
		})
	}
	wg.Wait()
}
