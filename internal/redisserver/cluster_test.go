package redisserver_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sojourn-go/session/internal/redisserver"
)

func openCluster(t *testing.T, masters, replicasEach int, config ...string) *redisserver.Cluster {
	t.Helper()
	c, err := redisserver.StartCluster(masters, replicasEach, config...)
	must(t, err)
	t.Cleanup(func() { must(t, c.Stop()) })
	return c
}

// masterOf returns the node that serves the key.
func masterOf(t *testing.T, c *redisserver.Cluster, key string) *redisserver.Server {
	t.Helper()
	s, err := c.Master(redisserver.Slot(key))
	must(t, err)
	return s
}

func TestAClusterOfThreeMastersAndThreeReplicas(t *testing.T) {
	t.Parallel() // it mostly waits, as those below do
	c := openCluster(t, 3, 1)
	masters, err := c.Masters()
	must(t, err)
	if len(c.Nodes()) != 6 || len(c.Addrs()) != 6 || len(masters) != 3 {
		t.Fatalf("got %d nodes, %d addresses and %d masters, want 6, 6 and 3", len(c.Nodes()), len(c.Addrs()), len(masters))
	}
	for _, m := range masters {
		if replicas, err := c.ReplicasOf(m); err != nil || len(replicas) != 1 || slices.Contains(masters, replicas[0]) {
			t.Errorf("the replicas of %s: got %d, error %v, want 1", m.Addr(), len(replicas), err)
		}
	}
	for i := range 30 {
		key := fmt.Sprint("key ", i)
		wantReply(t, masterOf(t, c, key), "OK", "SET", key, "value")
	}
	if t.Failed() {
		return
	}
	killAMaster(t, c)
}

// killAMaster wants a replica to take over, and the former master to return as
// a replica.
func killAMaster(t *testing.T, c *redisserver.Cluster) {
	killed := masterOf(t, c, "key 1")
	replicas, err := c.ReplicasOf(killed)
	must(t, err)
	wantReply(t, killed, int64(1), "WAIT", "1", "0") // there may have been nothing to wait for
	must(t, killed.Kill())
	must(t, c.WaitReady())
	heir := masterOf(t, c, "key 1")
	if heir != replicas[0] {
		t.Fatalf("the heir: got %s, want the replica %s", heir.Addr(), replicas[0].Addr())
	}
	wantReply(t, heir, "value", "GET", "key 1")
	must(t, killed.Restart())
	must(t, c.WaitReady())
	if replicas, err := c.ReplicasOf(heir); err != nil || !slices.Contains(replicas, killed) {
		t.Errorf("the replicas of the heir: got %d, error %v, want the former master", len(replicas), err)
	}
}

func TestASlotMovesWithItsKeys(t *testing.T) {
	t.Run("without a password", func(t *testing.T) { moveASlot(t) })
	t.Run("with a password", func(t *testing.T) { moveASlot(t, "requirepass secret") })
}

func moveASlot(t *testing.T, config ...string) {
	t.Parallel()
	c, slot := openCluster(t, 3, 0, config...), redisserver.Slot("{a}")
	from, to := masterOf(t, c, "{a}"), c.Nodes()[0]
	if to == from {
		to = c.Nodes()[1]
	}
	for i := range 250 {
		wantReply(t, from, "OK", "SET", fmt.Sprintf("{a}%d\xff\r\n", i), "value")
	}
	must(t, c.BeginMove(slot, from, to))
	if _, err := from.Do("GET", "{a}none"); err == nil || !strings.HasPrefix(err.Error(), "ASK ") {
		t.Errorf("a key that is not there, while the slot moves: got %v, want ASK", err)
	}
	must(t, c.FinishMove(slot, from, to))
	must(t, c.WaitReady())
	if got := masterOf(t, c, "{a}"); got != to {
		t.Errorf("the master afterwards: got %s, want %s", got.Addr(), to.Addr())
	}
	for i := range 250 {
		wantReply(t, to, "value", "GET", fmt.Sprintf("{a}%d\xff\r\n", i))
	}
	for _, s := range c.Nodes() {
		if _, err := s.Do("GET", "{a}1"); s != to && (err == nil || !strings.HasSuffix(err.Error(), to.Addr())) {
			t.Errorf("another node: got %v, want MOVED to %s", err, to.Addr())
		}
	}
	must(t, c.MoveSlot(slot, to, from))
	wantReply(t, from, "value", "GET", "{a}1\xff\r\n")
}

func TestAFrozenNodeOfAClusterIsReplaced(t *testing.T) {
	t.Parallel()
	c := openCluster(t, 3, 1, "cluster-node-timeout 700")
	frozen := masterOf(t, c, "a")
	must(t, frozen.Freeze())
	must(t, c.WaitReady())
	if heir := masterOf(t, c, "a"); heir == frozen {
		t.Error("the frozen node still serves")
	}
	must(t, frozen.Thaw())
	must(t, c.WaitReady())
	masters, err := c.Masters()
	must(t, err)
	if slices.Contains(masters, frozen) || len(masters) != 3 {
		t.Errorf("the masters: got %d, want 3 without the one that was frozen", len(masters))
	}
}

func TestSlotsAreThoseOfTheServer(t *testing.T) {
	t.Parallel()
	c := openCluster(t, 1, 0)
	for _, key := range []string{"", "a", "123456789", "{a}b", "x{a}y{b}", "{}a", "a{", "a{b", "a}b{c}", "{{a}}", "\x00\xff"} {
		wantReply(t, c.Nodes()[0], int64(redisserver.Slot(key)), "CLUSTER", "KEYSLOT", key)
	}
}
