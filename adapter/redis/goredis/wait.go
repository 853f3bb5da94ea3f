package goredis

import (
	"context"
	"slices"
	"time"

	"github.com/sojourn-go/session/store/redisstore"
)

// A sender is a Client, except that the cancelling of a context does not end its
// wait for an answer: go-redis only looks at deadlines then.
type sender interface {
	send(ctx context.Context, cmd redisstore.Command) (any, error)
}

// patience is the longest wait that a cancelled context need not end: that of a
// Store for a context without a deadline.
const patience = 5 * time.Second

// do is Do of a Client. Where the deadline is near, as in the calls of sessions,
// no goroutine is spent on an earlier end.
func do(ctx context.Context, s sender, cmd redisstore.Command) (any, error) {
	if endsSoon(ctx) {
		return s.send(ctx, cmd)
	}
	r := aside(ctx, []redisstore.Command{cmd}, func(cmds []redisstore.Command) []redisstore.Reply {
		val, err := s.send(ctx, cmds[0])
		return []redisstore.Reply{{Value: val, Err: err}}
	})[0]
	return r.Value, r.Err
}

// endsSoon reports whether a call may wait for an answer until its deadline.
func endsSoon(ctx context.Context) bool {
	if at, ok := ctx.Deadline(); ok && time.Until(at) <= patience {
		return true
	}
	return ctx.Done() == nil
}

// aside has the commands sent by a goroutine, which stays behind until it has
// the answers, or ReadTimeout is over, if the context is done before.
func aside(ctx context.Context, cmds []redisstore.Command, send func([]redisstore.Command) []redisstore.Reply) []redisstore.Reply {
	own := slices.Clone(cmds) // the caller may change them once this has returned
	for i := range own {
		own[i].Args = slices.Clone(own[i].Args)
	}
	answers := make(chan []redisstore.Reply, 1)
	go func() { answers <- send(own) }()
	select {
	case replies := <-answers:
		return replies
	case <-ctx.Done():
		replies := make([]redisstore.Reply, len(cmds))
		for i := range replies {
			replies[i].Err = ctx.Err()
		}
		return replies
	}
}

// pinnedSender is a sender over one connection.
type pinnedSender interface {
	sendPinned(ctx context.Context, cmds []redisstore.Command) []redisstore.Reply
}

// doPinned is DoPinned of a Pinner.
func doPinned(ctx context.Context, s pinnedSender, cmds []redisstore.Command) []redisstore.Reply {
	if endsSoon(ctx) {
		return s.sendPinned(ctx, cmds)
	}
	return aside(ctx, cmds, func(cmds []redisstore.Command) []redisstore.Reply { return s.sendPinned(ctx, cmds) })
}
