package goredis

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/redis/go-redis/v9"

	"github.com/sojourn-go/session/store/redisstore"
)

// hops is how often a command is sent on to another server.
const hops = 3

var errNoMasters = errors.New("goredis: the cluster has no masters")

// cluster sends each command to the master of its key. It follows servers that
// say the key is elsewhere itself, and not by ClusterClient.Process: that may
// take commands apart (DEL), and send them again.
type cluster struct {
	client *redis.ClusterClient

	// The masters by their addresses, as they were when one was last looked for
	// and not found.
	known atomic.Pointer[map[string]*redis.Client]
}

func (c *cluster) Do(ctx context.Context, cmd redisstore.Command) (any, error) {
	return do(ctx, c, cmd)
}

func (c *cluster) DoPinned(ctx context.Context, cmds ...redisstore.Command) []redisstore.Reply {
	return doPinned(ctx, c, cmds)
}

func (c *cluster) send(ctx context.Context, cmd redisstore.Command) (any, error) {
	var val any
	err := c.follow(ctx, cmd, func(node *redis.Client, ask bool) (err error) {
		if !ask {
			val, err = process(ctx, node, cmd)
			return err
		}
		replies, err := processPinned(ctx, node, ask, []redisstore.Command{cmd})
		val = replies[0].Value
		return err
	})
	r := reply(ctx, val, err)
	return r.Value, r.Err
}

func (c *cluster) sendPinned(ctx context.Context, cmds []redisstore.Command) (replies []redisstore.Reply) {
	if len(cmds) == 0 {
		return nil
	}
	err := c.follow(ctx, cmds[0], func(node *redis.Client, ask bool) (err error) {
		replies, err = processPinned(ctx, node, ask, cmds)
		return err
	})
	if replies == nil { // no server was found
		replies = make([]redisstore.Reply, len(cmds))
		for i := range replies {
			replies[i] = reply(ctx, nil, err)
		}
	}
	return replies
}

// follow has a command sent to the master of its key, and on to where that one
// says the key is. A command without a key goes to some master.
func (c *cluster) follow(ctx context.Context, cmd redisstore.Command, send func(node *redis.Client, ask bool) error) error {
	key := ""
	if cmd.Key > 0 && cmd.Key < len(cmd.Args) {
		key = cmd.Args[cmd.Key]
	}
	node, err := c.client.MasterForKey(ctx, key)
	if err != nil {
		return err
	}
	ask := false
	for range hops {
		if err = send(node, ask); err == nil || errors.Is(err, redis.Nil) {
			return err
		}
		if node, ask = c.elsewhere(ctx, key, node, err); node == nil {
			return err
		}
	}
	return send(node, ask)
}

// elsewhere returns the server to send a command to that was not carried out,
// nil if there is none, or if it may have been carried out.
func (c *cluster) elsewhere(ctx context.Context, key string, node *redis.Client, err error) (next *redis.Client, ask bool) {
	if addr, ok := redis.IsAskError(err); ok {
		return c.at(ctx, addr), true
	}
	if addr, ok := redis.IsMovedError(err); ok {
		c.client.ReloadState(ctx) // later, by go-redis itself
		if next := c.at(ctx, addr); next != nil {
			return next, false
		}
		return c.other(ctx, key, node), false
	}
	if errors.Is(err, redis.ErrClosed) { // the server has left the cluster; nothing was sent
		if _, err := c.masters(ctx); err != nil {
			return nil, false
		}
		return c.other(ctx, key, node), false
	}
	if _, refused := errors.AsType[redis.Error](err); !refused || redis.IsReadOnlyError(err) {
		c.client.ReloadState(ctx) // it may be lost, and a replica in its place
	}
	return nil, false
}

// other returns the master of the key, if it is not the one that was asked.
func (c *cluster) other(ctx context.Context, key string, node *redis.Client) *redis.Client {
	if next, err := c.client.MasterForKey(ctx, key); err == nil && next != node {
		return next
	}
	return nil
}

// at returns the master at an address, nil if there is none.
func (c *cluster) at(ctx context.Context, addr string) *redis.Client {
	if known := c.known.Load(); known != nil && (*known)[addr] != nil {
		return (*known)[addr]
	}
	masters, err := c.masters(ctx)
	if err != nil {
		return nil
	}
	known := make(map[string]*redis.Client, 2*len(masters))
	for _, m := range masters {
		known[m.Options().Addr] = m
		known[m.NodeAddress()] = m // where the cluster itself has it
	}
	c.known.Store(&known)
	return known[addr]
}

// masters asks the cluster for its masters.
func (c *cluster) masters(ctx context.Context) (all []*redis.Client, err error) {
	var mu sync.Mutex
	err = c.client.ForEachMaster(ctx, func(_ context.Context, node *redis.Client) error {
		mu.Lock()
		defer mu.Unlock()
		all = append(all, node)
		return nil
	})
	if err == nil && len(all) == 0 {
		err = errNoMasters
	}
	return all, err
}

// Masters implements redisstore.Cluster.
func (c *cluster) Masters(ctx context.Context) ([]redisstore.Client, error) {
	masters, err := c.masters(ctx)
	all := make([]redisstore.Client, len(masters))
	for i, m := range masters {
		all[i] = single{m}
	}
	return all, err
}
