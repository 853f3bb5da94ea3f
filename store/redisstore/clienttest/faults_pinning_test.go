package clienttest_test

import (
	"context"
	"errors"
	"slices"

	"github.com/sojourn-go/session/store/redisstore"
)

// apart sends pinned commands one by one, over the connections there are, all
// to the server of the first one's key.
func apart(b *broken) {
	b.pinned = func(ctx context.Context, cmds ...redisstore.Command) []redisstore.Reply {
		replies := make([]redisstore.Reply, len(cmds))
		for i, cmd := range cmds {
			replies[i].Value, replies[i].Err = b.node(cmds[0]).Do(ctx, cmd)
		}
		return replies
	}
}

var faultsOfPinning = []fault{
	{"each pinned command has a connection of its own",
		"pinned commands go over one connection",
		func(b *broken) {
			b.pinned = func(ctx context.Context, cmds ...redisstore.Command) []redisstore.Reply {
				replies := make([]redisstore.Reply, len(cmds))
				for i, cmd := range cmds {
					r := newReference(b.node(cmds[0]).addr)
					replies[i].Value, replies[i].Err = r.Do(ctx, cmd)
					r.Close()
				}
				return replies
			}
		}},
	{"a reply too few",
		"pinned commands are carried out and answered in order",
		pinning(func(replies []redisstore.Reply) []redisstore.Reply { return replies[1:] })},
	{"replies are in the reverse order",
		"pinned commands are carried out and answered in order",
		pinning(func(replies []redisstore.Reply) []redisstore.Reply { slices.Reverse(replies); return replies })},
	{"a nil reply to a pinned command is an error",
		"pinned commands are carried out and answered in order",
		pinning(func(replies []redisstore.Reply) []redisstore.Reply {
			for i := range replies {
				if replies[i] == (redisstore.Reply{}) {
					replies[i].Err = errNil
				}
			}
			return replies
		})},
	{"pinned commands after a refusal are not sent",
		"a refusal of a pinned command does not keep back the others",
		func(b *broken) {
			pinned := b.pinned
			b.pinned = func(ctx context.Context, cmds ...redisstore.Command) []redisstore.Reply {
				var replies []redisstore.Reply
				for i, cmd := range cmds {
					if replies = append(replies, pinned(ctx, cmd)...); replies[i].Err != nil {
						return append(replies, failed(len(cmds)-i-1, replies[i].Err)...)
					}
				}
				return replies
			}
		}},
	{"a refusal of a pinned command is an error of the library's own",
		"a refusal of a pinned command does not keep back the others",
		pinning(func(replies []redisstore.Reply) []redisstore.Reply {
			for i, r := range replies {
				if r.Err != nil {
					replies[i].Err = errors.New(r.Err.Error())
				}
			}
			return replies
		})},
	{"pinned commands go to any server",
		"pinned commands go to the server of the first one's key",
		func(b *broken) { b.pinned = b.nodes[0].DoPinned }},
	{"pinned commands share the connections of all",
		"nobody else uses a pinned connection meanwhile",
		apart},
	{"pinned connections are kept for good",
		"pinned connections are given back",
		func(b *broken) {
			var kept []*reference
			b.pinned = func(ctx context.Context, cmds ...redisstore.Command) []redisstore.Reply {
				r := newReference(b.node(cmds[0]).addr)
				kept = append(kept, r)
				return r.DoPinned(ctx, cmds...)
			}
		}},
	{"pinned commands are sent with a done context",
		"with a done context no pinned command is sent",
		func(b *broken) {
			pinned := b.pinned
			b.pinned = func(ctx context.Context, cmds ...redisstore.Command) []redisstore.Reply {
				replies := pinned(context.WithoutCancel(ctx), cmds...)
				if ctx.Err() != nil {
					return failed(len(cmds), ctx.Err())
				}
				return replies
			}
		}},
	{"pinned commands do not see the deadline",
		"DoPinned returns soon after its deadline",
		func(b *broken) {
			pinned := b.pinned
			b.pinned = func(ctx context.Context, cmds ...redisstore.Command) []redisstore.Reply {
				return pinned(context.WithoutCancel(ctx), cmds...)
			}
		}},
	{"a lost connection is a refusal",
		"a lost connection is no Error, and is replaced",
		pinning(func(replies []redisstore.Reply) []redisstore.Reply {
			for i, r := range replies {
				if _, ok := errors.AsType[redisstore.Error](r.Err); r.Err != nil && !ok {
					replies[i].Err = redisstore.Error("ERR " + r.Err.Error())
				}
			}
			return replies
		})},
	{"a client that lost a connection has lost the server",
		"a lost connection is no Error, and is replaced",
		func(b *broken) {
			pinned := b.pinned
			var lost error
			b.pinned = func(ctx context.Context, cmds ...redisstore.Command) []redisstore.Reply {
				if lost != nil {
					return failed(len(cmds), lost)
				}
				replies := pinned(ctx, cmds...)
				lost = replies[0].Err
				return replies
			}
		}},
}

var faultsOfClusters = []fault{
	{"no master is known",
		"each of the masters answers for itself",
		func(b *broken) {
			b.masters = func(context.Context) ([]redisstore.Client, error) { return nil, nil }
		}},
	{"each master is the whole cluster",
		"each of the masters answers for itself",
		func(b *broken) {
			b.masters = func(context.Context) ([]redisstore.Client, error) {
				return []redisstore.Client{b, b, b}, nil
			}
		}},
	{"a master is left out",
		"the masters together hold every key once",
		func(b *broken) {
			masters := b.masters
			b.masters = func(ctx context.Context) ([]redisstore.Client, error) {
				all, err := masters(ctx)
				return all[1:], err
			}
		}},
}
