package clienttest_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"

	"github.com/sojourn-go/session/store/redisstore"
)

type doFunc = func(context.Context, redisstore.Command) (any, error)

// closedAfterRefusal answers once after a refusal that it is closed.
func closedAfterRefusal(do doFunc) doFunc {
	var closed atomic.Bool
	return func(ctx context.Context, cmd redisstore.Command) (any, error) {
		if closed.Swap(false) {
			return nil, net.ErrClosed
		}
		value, err := do(ctx, cmd)
		_, refused := errors.AsType[redisstore.Error](err)
		closed.Store(refused)
		return value, err
	}
}

var faultsOfArguments = []fault{
	{"a value is kept without what is no UTF-8",
		"a value may be any bytes",
		values(func(v string) string { return strings.ToValidUTF8(v, "?") })},
	{"a value ends at its first line",
		"a value may be any bytes",
		values(func(v string) string { v, _, _ = strings.Cut(v, "\r\n"); return v })},
	{"an empty bulk reply is nil",
		"a value may be empty",
		onValues(func(value any) any {
			if text, ok := value.([]byte); ok && len(text) == 0 {
				return nil
			}
			return value
		})},
	{"a value is cut at 64 KiB",
		"a value of 1 MiB is kept to the last byte",
		values(func(v string) string { return v[:min(len(v), 1<<16)] })},
	{"a value is sent without zeros in front",
		"a value that looks like something else stays what it is",
		values(func(v string) string { return strings.TrimLeft(v, "0") })},
	{"a value is sent without spaces around",
		"a value that looks like something else stays what it is",
		values(strings.TrimSpace)},
	{"arguments are cut at NUL",
		"a key may be any bytes",
		asking(func(arg string) string { arg, _, _ = strings.Cut(arg, "\x00"); return arg })},
	{"arguments are sent without what is no UTF-8",
		"a key may be any bytes",
		asking(func(arg string) string { return strings.ToValidUTF8(arg, "") })},
	{"arguments are sent in small letters",
		"a key may be any bytes",
		asking(strings.ToLower)},
	{"the key is always the first argument",
		"a command goes to the server of its key, wherever that stands",
		func(b *broken) {
			do := b.do
			b.do = func(ctx context.Context, cmd redisstore.Command) (any, error) {
				cmd.Key = min(cmd.Key, 1)
				return do(ctx, cmd)
			}
		}},
	{"a command goes to any server",
		"a command goes to the server of its key, wherever that stands",
		func(b *broken) { b.do = b.nodes[0].Do }},
	{"a command is sent twice",
		"a command is carried out once",
		func(b *broken) {
			do := b.do
			b.do = func(ctx context.Context, cmd redisstore.Command) (any, error) {
				do(ctx, cmd)
				return do(ctx, cmd)
			}
		}},
}

var faultsOfOwnership = []fault{
	{"a command is written in capitals where it stands",
		"the arguments stay the caller's",
		func(b *broken) {
			do := b.do
			b.do = func(ctx context.Context, cmd redisstore.Command) (any, error) {
				value, err := do(ctx, cmd)
				cmd.Args[0] = strings.ToLower(cmd.Args[0])
				return value, err
			}
		}},
	{"arguments are added behind the caller's",
		"the arguments stay the caller's",
		func(b *broken) {
			do := b.do
			b.do = func(ctx context.Context, cmd redisstore.Command) (any, error) {
				if cmd.Args[0] == "SET" {
					cmd.Args = append(cmd.Args, "KEEPTTL")
				}
				return do(ctx, cmd)
			}
		}},
	{"a command is sent after Do has returned",
		"arguments may be changed when Do has returned",
		func(b *broken) {
			do := b.do
			var former redisstore.Command
			b.do = func(ctx context.Context, cmd redisstore.Command) (any, error) {
				if former.Key == 1 {
					do(ctx, former)
				}
				former = redisstore.Command{}
				if cmd.Args[0] == "SET" {
					former = cmd
					return "OK", nil
				}
				return do(ctx, cmd)
			}
		}},
	{"all answers are in one buffer",
		"an answer stays as it is",
		func(b *broken) {
			var buffer [1 << 10]byte
			answering(func(value any, err error) (any, error) {
				if text, ok := value.([]byte); ok && len(text) <= len(buffer) {
					return buffer[:copy(buffer[:], text)], err
				}
				return value, err
			})(b)
		}},
	{"answers are kept for the next caller",
		"an answer belongs to the caller",
		func(b *broken) {
			do := b.do
			kept := map[string]any{}
			b.do = func(ctx context.Context, cmd redisstore.Command) (any, error) {
				if value := kept[cmd.Args[1]]; value != nil && cmd.Args[0] == "GET" {
					return value, nil
				}
				value, err := do(ctx, cmd)
				if cmd.Args[0] == "GET" {
					kept[cmd.Args[1]] = value
				}
				return value, err
			}
		}},
}
