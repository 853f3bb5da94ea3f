package rueidis

import (
	"github.com/redis/rueidis"

	"github.com/sojourn-go/session/store/redisstore"
)

var (
	_ redisstore.Pinner  = (*single)(nil)
	_ redisstore.Pinner  = (*cluster)(nil)
	_ redisstore.Cluster = (*cluster)(nil)
)

// Client returns c as package redisstore wants it, for tools of the
// application's own; a store is made by [New]. It is a redisstore.Pinner, and
// that of a client of a Cluster also a redisstore.Cluster. c stays the caller's,
// and must not be closed as long as the Client is in use. Of nil, Client is
// nil.
func Client(c rueidis.Client) redisstore.Client { return newClient(c, false) }

// newClient is Client; pipelines says that c was made with AlwaysPipelining.
func newClient(c rueidis.Client, pipelines bool) redisstore.Client {
	switch {
	case c == nil:
		return nil
	case c.Mode() == rueidis.ClientModeCluster:
		return &cluster{newSender(c, pipelines, lanes)}
	}
	return &single{newSender(c, pipelines, 1)}
}

// single is one server, or the master that Sentinel knows, or one node of a
// Cluster.
type single struct{ *sender }

func isGet(cmd redisstore.Command) bool {
	return cmd.Key == 1 && len(cmd.Args) == 2 && cmd.Args[0] == "GET"
}

// command returns the command as rueidis has it, with strings of its own.
// Whatever is Arbitrary rueidis sends once, and again only if a server says that
// the key is elsewhere. alone asks for a connection that nobody else uses
// meanwhile.
func command(b rueidis.Builder, cmd redisstore.Command, alone bool) rueidis.Completed {
	head, key, rest := cmd.Args, cmd.Args[:0], cmd.Args[:0]
	if k := cmd.Key; k > 0 && k < len(cmd.Args) {
		head, key, rest = cmd.Args[:k], cmd.Args[k:k+1], cmd.Args[k+1:]
	}
	c := b.Arbitrary(head...).Keys(key...).Args(rest...)
	if alone {
		return c.Blocking()
	}
	return c.Build()
}
