package rueidis_test

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	client "github.com/redis/rueidis"

	"github.com/sojourn-go/session/adapter/redis/rueidis"
	"github.com/sojourn-go/session/internal/redisserver"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/nearcache"
	"github.com/sojourn-go/session/store/redisstore"
)

// pinned sends INCR and WAIT over one connection.
func pinned(t *testing.T, c redisstore.Client, key string) []redisstore.Reply {
	t.Helper()
	got := c.(redisstore.Pinner).DoPinned(within(t, 20*time.Second), command(1, "INCR", key), command(0, "WAIT", "1", "200"))
	if len(got) != 2 {
		t.Fatalf("got %d replies to 2 commands", len(got))
	}
	return got
}

// between returns where a slot is, and another master.
func between(t *testing.T, c *redisserver.Cluster, slot int) (from, to *redisserver.Server) {
	t.Helper()
	from, err := c.Master(slot)
	must(t, err)
	masters, err := c.Masters()
	must(t, err)
	return from, masters[(slices.Index(masters, from)+1)%len(masters)]
}

func TestPinnedCommandsFollowTheirKeyTogether(t *testing.T) {
	c := shared(t, cluster)
	rc := rueidis.Client(connect(t, c.Addrs()...))
	key := "moves"
	from, to := between(t, c, redisserver.Slot(key))
	if got := pinned(t, rc, key); got[0] != (redisstore.Reply{Value: int64(1)}) || got[1] != (redisstore.Reply{Value: int64(1)}) {
		t.Fatalf("got %v, want 1 and a replica that has it", got)
	}
	slot := redisserver.Slot(key)
	must(t, c.MoveSlot(slot, from, to))
	t.Cleanup(func() { must(t, c.MoveSlot(slot, to, from)) })
	frozenReplicas(t, c, to)
	// The replica of the master of before would answer WAIT at once.
	if got := pinned(t, rc, key); got[0] != (redisstore.Reply{Value: int64(2)}) || got[1] != (redisstore.Reply{Value: int64(0)}) {
		t.Errorf("after the slot has moved: got %v, want 2 and no replica that has it", got)
	}
}

// frozenReplicas freezes the replicas of a master until the test is over.
func frozenReplicas(t *testing.T, c *redisserver.Cluster, master *redisserver.Server) {
	t.Helper()
	replicas, err := c.ReplicasOf(master)
	must(t, err)
	if len(replicas) == 0 {
		t.Fatal("the master has no replica")
	}
	for _, r := range replicas {
		must(t, r.Freeze())
	}
	t.Cleanup(func() {
		for _, r := range replicas {
			must(t, r.Thaw())
		}
		must(t, c.WaitReady())
	})
}

func TestPinnedCommandsAreAskedForWhereTheSlotIsOnItsWay(t *testing.T) {
	c := shared(t, cluster)
	rc := rueidis.Client(connect(t, c.Addrs()...))
	key := "on-its-way"
	slot := redisserver.Slot(key)
	from, to := between(t, c, slot)
	must(t, c.BeginMove(slot, from, to))
	t.Cleanup(func() {
		must(t, c.FinishMove(slot, from, to))
		must(t, c.MoveSlot(slot, to, from))
	})
	for i := range int64(2) { // the first one makes the key, over there
		if got := pinned(t, rc, key); got[0] != (redisstore.Reply{Value: i + 1}) || got[1].Err != nil {
			t.Errorf("got %v, want %d", got, i+1)
		}
	}
}

// WAIT answers on another connection than that of the write at once, as if all
// were well.
func TestADurableSaveWaitsForReplicas(t *testing.T) {
	c := shared(t, cluster)
	o := redisstore.Options{Prefix: fmt.Sprintf("{durable}%d:", time.Now().UnixNano()), Replicas: 1, ReplicaTimeout: 600 * time.Millisecond}
	given, err := rueidis.New(connect(t, c.Addrs()...), o)
	must(t, err)
	stores := []store.Store{open(t, clustered.url(t), o), given, openCached(t, clustered.url(t), o, nearcache.Options{})}
	for i, st := range stores {
		var wg sync.WaitGroup // several connections that have written nothing of the next
		for n := range 4 {
			wg.Go(func() {
				if _, err := save(t.Context(), st, fmt.Sprintf("d%d-%d", i, n), store.Record{Durable: true}); err != nil && !errors.Is(err, store.ErrConflict) {
					t.Errorf("with a replica: got error %v", err)
				}
			})
		}
		wg.Wait()
	}
	master, err := c.Master(redisserver.Slot("{durable}:d"))
	must(t, err)
	frozenReplicas(t, c, master)
	for i, st := range stores {
		version, err := save(t.Context(), st, fmt.Sprintf("frozen%d", i), store.Record{Durable: true})
		if !errors.Is(err, store.ErrNotDurable) || version == 0 {
			t.Errorf("%T, the replica frozen: got version %d, error %v, want ErrNotDurable", st, version, err)
		}
		if _, err := save(t.Context(), st, fmt.Sprintf("frozen%d", i), store.Record{Durable: true, Version: version}); !errors.Is(err, store.ErrNotDurable) {
			t.Errorf("%T, the replica frozen, by script: got error %v, want ErrNotDurable", st, err)
		}
	}
}

func TestTheMastersOfAClusterAreItsMasters(t *testing.T) {
	c := shared(t, cluster)
	for _, rc := range []client.Client{connect(t, c.Addrs()...), connect(t, c.Nodes()[0].Addr())} {
		masters, err := rueidis.Client(rc).(redisstore.Cluster).Masters(t.Context())
		must(t, err)
		for _, m := range masters {
			role, err := m.Do(t.Context(), command(0, "ROLE"))
			if list, ok := role.([]any); err != nil || !ok || list[0] != "master" {
				t.Errorf("got role %v, error %v, want master", role, err)
			}
		}
		if len(masters) != 3 {
			t.Errorf("got %d masters, want 3", len(masters))
		}
	}
}

// A session whose key moves to another master is told of by that one.
func TestTheFeedFollowsASlot(t *testing.T) {
	c := shared(t, cluster)
	o := redisstore.Options{Prefix: "follows:"}
	st := openCached(t, clustered.url(t), o, nearcache.Options{Bound: 10 * time.Second})
	other := open(t, clustered.url(t), o)
	version := renew(t, other, "moving", "0")
	wantHit(t, st, "moving", "0")
	slot := redisserver.Slot("follows:moving")
	from, to := between(t, c, slot)
	for i, way := range [][2]*redisserver.Server{{from, to}, {to, from}} {
		must(t, c.MoveSlot(slot, way[0], way[1]))
		version = again(t, other, "moving", strconv.Itoa(i+1), version)
		wantHit(t, st, "moving", strconv.Itoa(i+1))
	}
}

func TestTheFeedFollowsAFailover(t *testing.T) {
	c := shared(t, cluster)
	o := redisstore.Options{Prefix: "{failover}:"}
	st := openCached(t, clustered.url(t), o, nearcache.Options{Bound: 2 * time.Second})
	other := open(t, clustered.url(t), redisstore.Options{Prefix: "{failover}:", Replicas: 1})
	_, err := save(t.Context(), other, "stays", store.Record{Data: []byte("old"), Durable: true})
	must(t, err)
	wantHit(t, st, "stays", "old")
	master, err := c.Master(redisserver.Slot("{failover}:stays"))
	must(t, err)
	must(t, master.Kill())
	t.Cleanup(func() {
		must(t, master.Restart())
		must(t, c.WaitReady())
	})
	var next uint64
	eventually(t, "the replica to take over", func() bool {
		rec, err := other.Load(within(t, time.Second), "stays")
		if err != nil {
			return false
		}
		next, err = save(within(t, time.Second), other, "stays", record("new", rec.Version))
		return err == nil
	})
	saved := time.Now()
	eventually(t, "the change at the new master", func() bool {
		asked := time.Now()
		rec, err := st.LoadCached(within(t, time.Second), "stays")
		if err == nil && rec.Version != next && asked.Sub(saved) > 2*time.Second {
			t.Fatalf("%v after the change: got the old state", asked.Sub(saved))
		}
		return err == nil && rec.Version == next
	})
	wantHit(t, st, "stays", "new")
}
