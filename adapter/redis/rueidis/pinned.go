package rueidis

import (
	"context"
	"slices"

	"github.com/redis/rueidis"

	"github.com/sojourn-go/session/store/redisstore"
)

// A pin sends commands over one connection. done is called when the answers are
// out: what it takes to hand the connection back is nobody's wait.
type pin func() (results []rueidis.RedisResult, done func())

// through returns the replies of a pin, or the context's error for each command
// if that is done first.
func through(ctx context.Context, n int, p pin) []redisstore.Reply {
	if err := ctx.Err(); err != nil {
		return failed(n, err)
	}
	answers := make(chan []redisstore.Reply, 1)
	go func() {
		results, done := p()
		replies := make([]redisstore.Reply, len(results))
		for i, r := range results {
			replies[i].Value, replies[i].Err = answer(r, false)
		}
		answers <- replies
		done()
	}()
	select {
	case replies := <-answers:
		return replies
	case <-ctx.Done():
		return failed(n, ctx.Err())
	}
}

func failed(n int, err error) []redisstore.Reply {
	replies := make([]redisstore.Reply, n)
	for i := range replies {
		replies[i].Err = err
	}
	return replies
}

// own returns the commands with arguments that are nobody else's, since they may
// be looked at after the call has returned.
func own(cmds []redisstore.Command) []redisstore.Command {
	cmds = slices.Clone(cmds)
	for i := range cmds {
		cmds[i].Args = slices.Clone(cmds[i].Args)
	}
	return cmds
}

// commands builds what is sent over one connection. Where slots are of interest,
// all of them are of the first one's. To rueidis the last one is a command that
// blocks, as WAIT is: those are sent over a connection from a pool, which has no
// other user meanwhile, and are waited for as long as the context lasts.
func commands(b rueidis.Builder, cmds []redisstore.Command, slots bool) []rueidis.Completed {
	all := make([]rueidis.Completed, len(cmds))
	first := cmds[0]
	for i, cmd := range cmds {
		all[i] = command(b, cmd, i == len(cmds)-1)
		if slots && first.Key > 0 && first.Key < len(first.Args) {
			all[i] = all[i].SetSlot(first.Args[first.Key])
		}
	}
	return all
}

func nothing() {}

// DoPinned implements redisstore.Pinner.
func (s *single) DoPinned(ctx context.Context, cmds ...redisstore.Command) []redisstore.Reply {
	if len(cmds) == 0 {
		return nil
	}
	cmds = own(cmds)
	return through(ctx, len(cmds), func() ([]rueidis.RedisResult, func()) {
		return s.client.DoMulti(ctx, commands(s.client.B(), cmds, false)...), nothing
	})
}

// DoPinned implements redisstore.Pinner. rueidis itself would follow a server
// that says the key is elsewhere with the first command alone, and leave the
// WAIT where it was, to be answered at once; so the connection is a dedicated
// one, with which rueidis follows nobody.
func (c *cluster) DoPinned(ctx context.Context, cmds ...redisstore.Command) []redisstore.Reply {
	if len(cmds) == 0 {
		return nil
	}
	cmds = own(cmds)
	return through(ctx, len(cmds), func() ([]rueidis.RedisResult, func()) {
		conn, release := c.client.Dedicate()
		results := conn.DoMulti(ctx, commands(conn.B(), cmds, true)...)
		done := release
		if results[0].NonRedisError() != nil {
			done = conn.Close
		}
		return c.follow(ctx, cmds, results), done
	})
}

// hops is how often commands are sent on to another server.
const hops = 3

// follow sends the commands to where the answer to the first one says the key
// is.
func (c *cluster) follow(ctx context.Context, cmds []redisstore.Command, results []rueidis.RedisResult) []rueidis.RedisResult {
	for range hops {
		refused, ok := rueidis.IsRedisErr(results[0].Error())
		if !ok {
			break
		}
		addr, moved := refused.IsMoved()
		ask := false
		if !moved {
			addr, ask = refused.IsAsk()
		}
		if !moved && !ask {
			break
		}
		node := c.at(ctx, addr, cmds[0])
		if node == nil {
			break
		}
		all := commands(node.B(), cmds, true)
		if ask {
			all = append([]rueidis.Completed{node.B().Arbitrary("ASKING").Build()}, all...)
		}
		results = node.DoMulti(ctx, all...)
		if ask {
			results = results[1:]
		}
	}
	return results
}

// at returns the node at an address, nil if rueidis does not know it. A read of
// the key makes it known: rueidis follows that one.
func (c *cluster) at(ctx context.Context, addr string, first redisstore.Command) rueidis.Client {
	if node := c.client.Nodes()[addr]; node != nil {
		return node
	}
	c.client.Do(ctx, c.client.B().Exists().Key(first.Args[first.Key]).Build())
	return c.client.Nodes()[addr]
}
