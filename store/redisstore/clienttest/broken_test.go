package clienttest_test

import (
	"context"
	"slices"

	"github.com/sojourn-go/session/store/redisstore"
)

// A broken is a client of a cluster of which a fault has replaced some methods.
type broken struct {
	*cluster
	do      func(context.Context, redisstore.Command) (any, error)
	pinned  func(context.Context, ...redisstore.Command) []redisstore.Reply
	masters func(context.Context) ([]redisstore.Client, error)
}

// breakIt returns a client with the fault.
func breakIt(c *cluster, fault func(*broken)) *broken {
	b := &broken{c, c.Do, c.DoPinned, c.Masters}
	fault(b)
	return b
}

func (b *broken) Do(ctx context.Context, cmd redisstore.Command) (any, error) { return b.do(ctx, cmd) }

func (b *broken) DoPinned(ctx context.Context, cmds ...redisstore.Command) []redisstore.Reply {
	return b.pinned(ctx, cmds...)
}

func (b *broken) Masters(ctx context.Context) ([]redisstore.Client, error) { return b.masters(ctx) }

// answering is a fault of Do, which changes what it returns.
func answering(change func(value any, err error) (any, error)) func(*broken) {
	return func(b *broken) {
		do := b.do
		b.do = func(ctx context.Context, cmd redisstore.Command) (any, error) { return change(do(ctx, cmd)) }
	}
}

// asking is a fault of Do, which changes the arguments before it sends them.
func asking(change func(arg string) string) func(*broken) {
	return func(b *broken) {
		do := b.do
		b.do = func(ctx context.Context, cmd redisstore.Command) (any, error) {
			cmd.Args = slices.Clone(cmd.Args)
			for i, arg := range cmd.Args {
				cmd.Args[i] = change(arg)
			}
			return do(ctx, cmd)
		}
	}
}

// values is a fault of Do, which changes the values that SET stores.
func values(change func(value string) string) func(*broken) {
	return func(b *broken) {
		do := b.do
		b.do = func(ctx context.Context, cmd redisstore.Command) (any, error) {
			if cmd.Args[0] == "SET" {
				cmd.Args = slices.Clone(cmd.Args)
				cmd.Args[2] = change(cmd.Args[2])
			}
			return do(ctx, cmd)
		}
	}
}

// mapped replaces answers, those within arrays, too.
func mapped(value any, change func(any) any) any {
	if all, ok := value.([]any); ok {
		for i := range all {
			all[i] = mapped(all[i], change)
		}
	}
	return change(value)
}

// onValues is a fault of Do, which changes the answers it returns.
func onValues(change func(any) any) func(*broken) {
	return answering(func(value any, err error) (any, error) { return mapped(value, change), err })
}

// onErrors is a fault of Do, which changes the errors it returns.
func onErrors(change func(error) error) func(*broken) {
	return answering(func(value any, err error) (any, error) {
		if err != nil {
			err = change(err)
		}
		return value, err
	})
}

// pinning is a fault of DoPinned, which changes the replies it returns.
func pinning(change func(replies []redisstore.Reply) []redisstore.Reply) func(*broken) {
	return func(b *broken) {
		pinned := b.pinned
		b.pinned = func(ctx context.Context, cmds ...redisstore.Command) []redisstore.Reply {
			return change(pinned(ctx, cmds...))
		}
	}
}
