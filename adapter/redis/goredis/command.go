package goredis

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/sojourn-go/session/store/redisstore"
)

// newCommand returns the command as go-redis has it.
func newCommand(ctx context.Context, cmd redisstore.Command) *redis.Cmd {
	args := make([]any, len(cmd.Args))
	for i, arg := range cmd.Args {
		args[i] = arg
	}
	c := redis.NewCmd(ctx, args...)
	c.SetFirstKeyPos(int8(cmd.Key))
	return c
}

// process sends one command to one server, or through a client that finds it.
// The result is as go-redis has it.
func process(ctx context.Context, to processor, cmd redisstore.Command) (any, error) {
	c := newCommand(ctx, cmd)
	var sent redis.Cmder = c
	if !isRead(cmd) {
		sent = once{c}
	}
	err := to.Process(ctx, sent)
	return c.Val(), err
}

// A processor is any client of go-redis.
type processor interface {
	Process(ctx context.Context, cmd redis.Cmder) error
}

// isRead tells the commands that may be sent again when their answer is lost.
func isRead(cmd redisstore.Command) bool {
	return len(cmd.Args) > 0 && (cmd.Args[0] == "GET" || cmd.Args[0] == "SCAN")
}

// once is a command that go-redis does not send again by itself, if it may have
// been sent: the single client, those of a Cluster's nodes, and pipelines of
// both ask NoRetry.
type once struct{ *redis.Cmd }

func (once) NoRetry() bool { return true }

// A pinned command is one of several. If the connection is lost before all are
// answered, go-redis gives the error to each of them, also to those that were
// answered already.
type pinned struct {
	once
	answered bool
}

// SetErr keeps the error, unless the command was answered.
func (c *pinned) SetErr(err error) {
	if c.answered {
		return
	}
	c.answered = err == nil
	c.once.SetErr(err)
}

// err is what the command came to, if the whole of them came to all.
func (c *pinned) err(all error) error {
	if err := c.Err(); err != nil || c.answered {
		return err
	}
	return errors.Join(errNotSent, all)
}

var errNotSent = errors.New("goredis: the command was not sent") // by a hook of the client

// processPinned sends the commands over one connection. ask is for a server of a
// Cluster that is about to get the key. The error is that of the first command,
// as go-redis has it.
func processPinned(ctx context.Context, to *redis.Client, ask bool, cmds []redisstore.Command) (replies []redisstore.Reply, first error) {
	pipe := to.Pipeline()
	if ask {
		pipe.Do(ctx, "ASKING")
	}
	sent := make([]*pinned, len(cmds))
	for i, cmd := range cmds {
		sent[i] = &pinned{once: once{newCommand(ctx, cmd)}}
		pipe.Process(ctx, sent[i]) // it only notes it down
	}
	_, all := pipe.Exec(ctx)
	replies = make([]redisstore.Reply, len(cmds))
	for i, c := range sent {
		err := c.err(all)
		if i == 0 {
			first = err
		}
		replies[i] = reply(ctx, c.Val(), err)
	}
	return replies, first
}

// reply returns an answer of go-redis as the contract of redisstore.Client has
// it.
func reply(ctx context.Context, val any, err error) redisstore.Reply {
	if err == nil {
		return redisstore.Reply{Value: plain(val)}
	}
	if errors.Is(err, redis.Nil) {
		return redisstore.Reply{}
	}
	if refused, ok := errors.AsType[redis.Error](err); ok {
		return redisstore.Reply{Err: redisstore.Error(refused.Error())}
	}
	// The deadline of the context is also that of the connection, which may be
	// the first of the two to be over.
	if at, ok := ctx.Deadline(); ok && ctx.Err() == nil && !time.Now().Before(at) {
		err = fmt.Errorf("%w: %w", context.DeadlineExceeded, err)
	}
	return redisstore.Reply{Err: err}
}

// plain puts what RESP3 knows, and RESP2 does not, as RESP2 has it.
func plain(val any) any {
	switch v := val.(type) {
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	case map[any]any:
		flat := make([]any, 0, 2*len(v))
		for name, value := range v {
			flat = append(flat, plain(name), plain(value))
		}
		return flat
	case bool:
		if v {
			return int64(1)
		}
		return int64(0)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case *big.Int:
		return v.String()
	case error: // of one element of an array
		return redisstore.Error(v.Error())
	}
	return val
}
