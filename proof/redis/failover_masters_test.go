package redis

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/internal/redisserver"
	"github.com/sojourn-go/session/proof/stories/crowd"
	"github.com/sojourn-go/session/store/redisstore"
)

// A topology is what survives the loss of a master.
type topology struct {
	url     string
	servers interface{ WaitReady() error }
	find    func() (master *redisserver.Server, replicas []*redisserver.Server, err error)
}

// A failover may lose what was acknowledged, since replicas are told of it
// later: that is counted, and shown with -v. Where logins, renewals and logouts
// wait for all replicas, whichever is promoted has them: none may be lost.
func TestFailovers_behind_Sentinel_lose_nothing_that_replicas_were_waited_for(t *testing.T) {
	t.Parallel()
	for _, d := range drivers(withGoredis) {
		failOver(t, d, func(t *testing.T) topology {
			s, err := redisserver.StartSentinel()
			started(t, s, err)
			url := "redis+sentinel://" + strings.Join(s.Addrs(), ",") + "/" + s.MasterName()
			return topology{url, s, func() (*redisserver.Server, []*redisserver.Server, error) {
				m, err := s.Master()
				return m, slices.DeleteFunc(s.Servers(), func(r *redisserver.Server) bool { return r == m }), err
			}}
		})
	}
}

func TestFailovers_in_a_Cluster_lose_nothing_that_replicas_were_waited_for(t *testing.T) {
	t.Parallel()
	for _, d := range drivers(withRueidis) {
		failOver(t, d, func(t *testing.T) topology {
			c := startCluster(t, 1)
			return topology{clusterURL(c), c, func() (m *redisserver.Server, r []*redisserver.Server, err error) {
				if m, err = c.Master(0); err == nil {
					r, err = c.ReplicasOf(m)
				}
				return m, r, err
			}}
		})
	}
}

func startCluster(t *testing.T, replicas int) *redisserver.Cluster {
	t.Helper()
	c, err := redisserver.StartCluster(3, replicas)
	started(t, c, err)
	return c
}

func clusterURL(c *redisserver.Cluster) string {
	return "redis+cluster://" + strings.Join(c.Addrs(), ",")
}

// failOver kills the master of a topology under two crowds: what one does waits
// for no replica, the logins, renewals and logouts of the other for all.
func failOver(t *testing.T, d driver, start func(t *testing.T) topology) {
	ways := []bool{true}
	if os.Getenv("SOJOURN_LONG") != "" {
		ways = append(ways, false)
	}
	for _, behind := range ways {
		t.Run(fmt.Sprintf("%s/replicas are behind: %v", d.name, behind), func(t *testing.T) {
			top := start(t)
			master, replicas, err := top.find()
			must(t, err)
			follow(t, master, replicas)
			fast := crowd.LetIn(t, d.twice(t, top.url, redisstore.Options{}), session.Options{}, &crowd.Crowd{Loses: crowd.Verbs})
			safe := crowd.LetIn(t, d.twice(t, top.url, redisstore.Options{
				Prefix: "safe:", Replicas: len(replicas), ReplicaTimeout: time.Second,
			}), session.Options{}, &crowd.Crowd{Loses: []crowd.Verb{crowd.Add}})
			fast.Expect(crowd.Troubled)
			safe.Expect(crowd.Troubled)
			killMaster(t, fast, master, replicas, behind)
			begun := time.Now()
			must(t, top.servers.WaitReady())
			promoted := time.Since(begun)
			fast.Recovers(10 * time.Second)
			t.Logf("another master after %v, and all was well after %v", promoted, time.Since(begun))
			must(t, master.Restart()) // as many replicas as are waited for have to be there again
			must(t, top.servers.WaitReady())
			safe.Recovers(10 * time.Second)
			fast.Closes()
			safe.Closes()
			t.Logf("nothing waits: %s", losses(fast))
			t.Logf("logins, renewals and logouts wait for %d: %s", len(replicas), losses(safe))
			if behind && fast.Gone[crowd.Add] == 0 {
				t.Error("no update was lost: the replicas were not behind")
			}
		})
	}
}

// follow waits until replicas get what is written: one that is new says that it
// is connected a while before.
func follow(t *testing.T, master *redisserver.Server, replicas []*redisserver.Server) {
	t.Helper()
	command(t, master, "PUBLISH", "anything", "for the replicas")
	for _, r := range replicas {
		caughtUp(t, master, r)
	}
}

// killMaster kills a master. If the replicas are to be behind, they know nothing
// of what it acknowledged last.
func killMaster(t *testing.T, c *crowd.Crowd, master *redisserver.Server, replicas []*redisserver.Server, behind bool) {
	t.Helper()
	if behind {
		for _, r := range replicas {
			must(t, r.Freeze())
		}
		command(t, master, "CLIENT", "KILL", "TYPE", "replica") // nothing is on its way to them
		c.GoesOn(3)
	}
	must(t, master.Kill())
	if behind {
		for _, r := range replicas {
			must(t, r.Thaw())
		}
	}
}

// losses is a table of what was answered 200, and of what of it was lost.
func losses(c *crowd.Crowd) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n| what | answered 200 | lost |\n|---|---|---|")
	for _, v := range crowd.Verbs[1:] {
		fmt.Fprintf(&b, "\n| %s | %d | %d |", v, c.Tally[fmt.Sprintf("%s 200", v)], c.Gone[v])
	}
	return b.String()
}

// Slots with sessions that are in use move to another master and back, and
// halt half-way. Nobody notices.
func TestFailovers_slots_that_move_lose_nothing(t *testing.T) {
	t.Parallel()
	for _, d := range drivers(withRueidis) {
		t.Run(d.name, func(t *testing.T) {
			servers := startCluster(t, 0)
			c := crowd.New(t, d.twice(t, clusterURL(servers), redisstore.Options{}), session.Options{})
			moveSlots(t, c, servers)
			c.Closes()
		})
	}
}

// moveSlots moves the slots of some visitors' sessions, or in the long form of
// all.
func moveSlots(t *testing.T, c *crowd.Crowd, servers *redisserver.Cluster) {
	t.Helper()
	visitors := c.Visitors
	if os.Getenv("SOJOURN_LONG") == "" {
		visitors = visitors[:8]
	}
	for _, v := range visitors {
		token := v.Token()
		if token == "" {
			continue
		}
		slot := redisserver.Slot("session:" + crowd.IDOf(token))
		move(t, c, servers, slot)
		move(t, c, servers, slot)
	}
}

// move moves a slot to a master that does not have it.
func move(t *testing.T, c *crowd.Crowd, servers *redisserver.Cluster, slot int) {
	t.Helper()
	from, err := servers.Master(slot)
	must(t, err)
	masters, err := servers.Masters()
	must(t, err)
	to := masters[slices.IndexFunc(masters, func(s *redisserver.Server) bool { return s != from })]
	must(t, servers.BeginMove(slot, from, to))
	c.GoesOn(2)
	must(t, servers.FinishMove(slot, from, to))
	c.GoesOn(2)
}
