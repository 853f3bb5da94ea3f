package clienttest_test

import (
	"context"
	"errors"
	"testing"

	"github.com/sojourn-go/session/internal/redisserver"
	"github.com/sojourn-go/session/store/redisstore"
)

// A cluster is the contract of a Cluster, for one that does not change.
type cluster struct{ nodes []*reference }

var (
	_ redisstore.Cluster = (*cluster)(nil)
	_ redisstore.Pinner  = (*cluster)(nil)
)

// node returns the node for a command: each has its part of the slots, in
// order.
func (c *cluster) node(cmd redisstore.Command) *reference {
	if cmd.Key == 0 {
		return c.nodes[0]
	}
	return c.nodes[redisserver.Slot(cmd.Args[cmd.Key])*len(c.nodes)/16384]
}

func (c *cluster) Do(ctx context.Context, cmd redisstore.Command) (any, error) {
	return c.node(cmd).Do(ctx, cmd)
}

func (c *cluster) DoPinned(ctx context.Context, cmds ...redisstore.Command) []redisstore.Reply {
	return c.node(cmds[0]).DoPinned(ctx, cmds...)
}

func (c *cluster) Masters(context.Context) ([]redisstore.Client, error) {
	var masters []redisstore.Client
	for _, node := range c.nodes {
		masters = append(masters, node)
	}
	return masters, nil
}

// startCluster starts a cluster for the test, and returns a function that opens
// clients of it.
func startCluster(t *testing.T) func(*testing.T) *cluster {
	t.Helper()
	servers, err := redisserver.StartCluster(3, 0)
	must(t, err)
	t.Cleanup(func() { must(t, servers.Stop()) })
	return func(t *testing.T) *cluster {
		c := &cluster{}
		for _, addr := range servers.Addrs() {
			r := newReference(addr)
			t.Cleanup(r.Close)
			c.nodes = append(c.nodes, r)
		}
		return c
	}
}

// startServer starts a server for the test, and returns a function that opens
// clients of it.
func startServer(t *testing.T) func(*testing.T) *reference {
	t.Helper()
	server, err := redisserver.Start()
	must(t, err)
	t.Cleanup(func() { must(t, server.Stop()) })
	return func(t *testing.T) *reference {
		r := newReference(server.Addr())
		t.Cleanup(r.Close)
		return r
	}
}

// must ends the test, without a failure where no server is installed.
func must(t *testing.T, err error) {
	t.Helper()
	if errors.Is(err, redisserver.ErrMissing) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
}
