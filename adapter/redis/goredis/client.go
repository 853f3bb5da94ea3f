package goredis

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/sojourn-go/session/store/redisstore"
)

var (
	_ redisstore.Pinner  = single{}
	_ redisstore.Pinner  = (*cluster)(nil)
	_ redisstore.Cluster = (*cluster)(nil)
)

// Client returns c as package redisstore wants it, for tools of the
// application's own; a store is made by [New], which also refuses what does not
// suit sessions. That of a *redis.Client is a redisstore.Pinner, that of a
// *redis.ClusterClient also a redisstore.Cluster. Of another UniversalClient,
// such as one that wraps these, it is neither. c stays the caller's, and must
// not be closed as long as the Client is in use. Of nil, Client is nil.
//
// A call ends at the deadline of its context if c was made with
// ContextTimeoutEnabled. If the context is cancelled before, the call ends, too,
// but one whose deadline is less than 5 s away may wait for it.
func Client(c redis.UniversalClient) redisstore.Client {
	if isNil(c) {
		return nil
	}
	switch c := c.(type) {
	case *redis.Client:
		return single{c}
	case *redis.ClusterClient:
		return &cluster{client: c}
	}
	return other{c}
}

func isNil(c redis.UniversalClient) bool {
	switch c := c.(type) {
	case nil:
		return true
	case *redis.Client:
		return c == nil
	case *redis.ClusterClient:
		return c == nil
	case *redis.Ring:
		return c == nil
	}
	return false
}

// New returns a store that sends its commands by c, which stays the caller's, to
// be closed after the store's last use. New sends nothing itself.
//
// It refuses a client that would read what has been overwritten (the package
// comment says which), and one with a ReadTimeout that ends while the store
// still waits for replicas. The error names all that is wrong with c and o.
func New(c redis.UniversalClient, o redisstore.Options) (*redisstore.Store, error) {
	st, err := redisstore.New(Client(c), o)
	if err := errors.Join(append(refusals(c, o), err)...); err != nil {
		return nil, err
	}
	return st, nil
}

// refusals returns what is wrong with a client.
func refusals(c redis.UniversalClient, o redisstore.Options) (faults []error) {
	if isNil(c) {
		return nil // redisstore says so
	}
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("goredis: "+format, args...))
	}
	var readTimeout time.Duration
	switch c := c.(type) {
	case *redis.Ring:
		fault("a redis.Ring may look for a session on another server than it was saved to")
	case *redis.ClusterClient:
		opts := c.Options()
		readTimeout = opts.ReadTimeout
		if opts.ReadOnly || opts.RouteByLatency || opts.RouteRandomly {
			fault("the client reads from replicas (ReadOnly, RouteByLatency or RouteRandomly), which may still have a session that has ended")
		}
	case *redis.Client:
		opts := c.Options()
		readTimeout = opts.ReadTimeout
		if opts.ClientSideCache != nil || opts.ClientSideCacheConfig != nil {
			fault("the client reads from its own cache (ClientSideCache), which may still have a session that has ended")
		}
	}
	if wait := replicaTimeout(o); readTimeout > 0 && readTimeout <= wait {
		fault("Options.ReplicaTimeout is %v, but the client waits for an answer no longer than %v (ReadTimeout, in a URL timeout)", wait, readTimeout)
	}
	return faults
}

// replicaTimeout is how long a Save waits for replicas, 0 if it does not.
func replicaTimeout(o redisstore.Options) time.Duration {
	switch {
	case o.Replicas <= 0:
		return 0
	case o.ReplicaTimeout == 0:
		return time.Second
	}
	return o.ReplicaTimeout
}

// single is one server, or the master that Sentinel knows.
type single struct{ client *redis.Client }

func (s single) Do(ctx context.Context, cmd redisstore.Command) (any, error) {
	return do(ctx, s, cmd)
}

func (s single) DoPinned(ctx context.Context, cmds ...redisstore.Command) []redisstore.Reply {
	return doPinned(ctx, s, cmds)
}

func (s single) send(ctx context.Context, cmd redisstore.Command) (any, error) {
	val, err := process(ctx, s.client, cmd)
	r := reply(ctx, val, err)
	return r.Value, r.Err
}

func (s single) sendPinned(ctx context.Context, cmds []redisstore.Command) []redisstore.Reply {
	replies, _ := processPinned(ctx, s.client, false, cmds)
	return replies
}

// other is a client that is not known here.
type other struct{ client redis.UniversalClient }

func (o other) Do(ctx context.Context, cmd redisstore.Command) (any, error) {
	return do(ctx, o, cmd)
}

func (o other) send(ctx context.Context, cmd redisstore.Command) (any, error) {
	val, err := process(ctx, o.client, cmd)
	r := reply(ctx, val, err)
	return r.Value, r.Err
}
