package redis

import (
	"os"
	"testing"
	"time"

	"github.com/sojourn-go/session/proof/stories/crowd"
)

// A master that gets a slot tells of changes from then on, and the one that had
// it that the keys are gone. And what was answered from memory does not outlive
// a master that is lost by more than the bound.
func TestFailovers_cached_reads_of_a_Cluster_keep_to_the_bound(t *testing.T) {
	t.Parallel()
	crises := map[string]func(*testing.T){"slots move": slotsMoveUnderCaches}
	if os.Getenv("SOJOURN_LONG") != "" {
		crises["a master is lost"] = masterIsLostUnderCaches
	}
	for name, crisis := range crises {
		t.Run(name, crisis)
	}
}

func slotsMoveUnderCaches(t *testing.T) {
	servers := startCluster(t, 0)
	c := letInCached(t, &crowd.Crowd{}, clusterURL(servers), clusterURL(servers))
	moveSlots(t, c, servers)
	c.Closes()
}

func masterIsLostUnderCaches(t *testing.T) {
	servers := startCluster(t, 1)
	c := letInCached(t, &crowd.Crowd{Loses: crowd.Verbs}, clusterURL(servers), clusterURL(servers))
	master, err := servers.Master(0)
	must(t, err)
	c.Expect(crowd.Troubled)
	must(t, master.Kill())
	must(t, servers.WaitReady())
	t.Logf("all was well %v after another one was promoted", c.Recovers(10*time.Second))
	c.Closes()
}
