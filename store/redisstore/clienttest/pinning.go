package clienttest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sojourn-go/session/store/redisstore"
)

// pinned sends commands over one connection, and wants as many replies.
func (c *check) pinned(ctx context.Context, cmds ...redisstore.Command) []redisstore.Reply {
	replies := c.Client.(redisstore.Pinner).DoPinned(ctx, cmds...)
	if len(replies) != len(cmds) {
		c.failf("DoPinned of %d commands: got %d replies", len(cmds), len(replies))
	}
	return replies
}

// wantPinned wants one reply to be so.
func (c *check) wantPinned(r redisstore.Reply, want any, what string) {
	if diff := difference(r.Value, want); r.Err != nil || diff != "" {
		c.failf("%s: got error %v; %s", what, r.Err, diff)
	}
}

// connection returns the number of the connection that pinned commands about
// the key go over.
func (c *check) connection(key string) string {
	r := c.pinned(c.ctx, about(1, "GET", key), about(0, "CLIENT", "ID"))[1]
	id, ok := r.Value.(int64)
	if r.Err != nil || !ok {
		c.failf("CLIENT ID: got %v, error %v, want a number", r.Value, r.Err)
	}
	return strconv.FormatInt(id, 10)
}

// pinning is for a [redisstore.Pinner].
var pinning = []rule{
	{"pinned commands go over one connection", func(c *check) {
		key, id := c.key(), about(0, "CLIENT", "ID")
		for range 10 {
			replies := c.pinned(c.ctx, about(1, "SET", key, "value"), id, id, about(1, "GET", key), id)
			for _, r := range []redisstore.Reply{replies[1], replies[2], replies[4]} {
				if _, ok := r.Value.(int64); !ok || r.Err != nil || r.Value != replies[1].Value {
					c.failf("CLIENT ID: got %v, error %v, want %v as before", r.Value, r.Err, replies[1].Value)
				}
			}
		}
	}},

	{"pinned commands are carried out and answered in order", func(c *check) {
		key := c.key()
		replies := c.pinned(c.ctx, about(1, "SET", key, "1"), about(1, "INCR", key), about(1, "GET", key),
			about(1, "GETDEL", key), about(1, "GET", key), about(1, "MGET", key))
		for i, want := range []any{"OK", int64(2), bulk("2"), bulk("2"), nil, []any{nil}} {
			c.wantPinned(replies[i], want, fmt.Sprint("pinned command ", i))
		}
	}},

	{"a refusal of a pinned command does not keep back the others", func(c *check) {
		key := c.key()
		replies := c.pinned(c.ctx, about(1, "SET", key, "a"), about(1, "LPUSH", key, "b"), about(1, "SET", key, "c"))
		c.wantPinned(replies[0], "OK", "SET before a refusal")
		c.refused("WRONGTYPE", replies[1].Err, "pinned LPUSH onto a string")
		c.wantPinned(replies[2], "OK", "SET after a refusal")
		c.want(bulk("c"), 1, "GET", key)
	}},

	{"pinned commands go to the server of the first one's key", func(c *check) {
		for range 20 {
			key := c.set("value")
			replies := c.pinned(c.ctx, about(1, "GET", key), about(0, "WAIT", "0", "1"))
			c.wantPinned(replies[0], bulk("value"), "pinned GET")
			if _, ok := replies[1].Value.(int64); !ok || replies[1].Err != nil {
				c.failf("pinned WAIT: got %v, error %v, want an integer", replies[1].Value, replies[1].Err)
			}
		}
	}},

	{"nobody else uses a pinned connection meanwhile", func(c *check) {
		key := c.key()
		c.together(16, func(i int) error {
			name := fmt.Sprint("caller-", i)
			for range 20 {
				replies := c.Client.(redisstore.Pinner).DoPinned(c.ctx, about(1, "GET", key),
					about(0, "CLIENT", "SETNAME", name), about(0, "ECHO", "a"), about(0, "ECHO", "b"),
					about(0, "CLIENT", "GETNAME"), about(0, "CLIENT", "SETNAME", ""))
				if len(replies) != 6 {
					return fmt.Errorf("DoPinned of 6 commands: got %d replies", len(replies))
				}
				if diff := difference(replies[4].Value, bulk(name)); replies[4].Err != nil || diff != "" {
					return fmt.Errorf("the name given to the connection: error %v; %s", replies[4].Err, diff)
				}
			}
			return nil
		})
	}},

	{"pinned connections are given back", func(c *check) {
		key := c.key()
		const calls, few = 100, 20
		var ids []string
		for range calls {
			ids = append(ids, c.connection(key))
		}
		slices.Sort(ids)
		ids = append([]string{"CLIENT", "LIST", "ID"}, slices.Compact(ids)...)
		r := c.pinned(c.ctx, about(1, "GET", key), about(0, ids...))[1]
		list, ok := asText(r.Value)
		if open := strings.Count(list, " addr="); r.Err != nil || !ok || open > few {
			c.failf("after %d calls of DoPinned: got %d of their connections still open, error %v, want a few", calls, open, r.Err)
		}
	}},

	{"with a done context no pinned command is sent", func(c *check) {
		key := c.key()
		for _, ctx := range doneContexts(c.ctx) {
			for _, r := range c.pinned(ctx, about(1, "INCR", key), about(1, "INCR", key)) {
				c.unknown(r.Err, "DoPinned with a done context")
				if !errors.Is(r.Err, ctx.Err()) {
					c.failf("DoPinned with a done context: got error %v, want %v", r.Err, ctx.Err())
				}
			}
		}
		for range 20 { // some time for what should not come
			c.want(nil, 1, "GET", key)
		}
	}},

	{"DoPinned returns soon after its deadline", func(c *check) {
		c.givesUp(func(cmd []string) error {
			ctx, cancel := context.WithTimeout(c.ctx, shortly)
			defer cancel()
			return c.pinned(ctx, about(1, "GET", cmd[3]), about(3, cmd...))[1].Err
		})
	}},

	{"a lost connection is no Error, and is replaced", func(c *check) {
		key := c.set("value")
		for range 3 {
			kill := about(0, "CLIENT", "KILL", "ID", c.connection(key), "SKIPME", "no")
			r := c.pinned(c.ctx, about(1, "GET", key), kill)[1]
			if _, ok := r.Value.(int64); !ok || r.Err != nil {
				c.failf("CLIENT KILL of the client's own connection: got %v, error %v, want an integer", r.Value, r.Err)
			}
			var err error
			// Some calls may meet a connection that is lost: as many as are
			// quicker than the client, who notices in a moment of its own.
			for late, n := time.Now().Add(2*time.Second), 0; n < 20 || err != nil && time.Now().Before(late); n++ {
				if n >= 20 {
					time.Sleep(5 * time.Millisecond)
				}
				r := c.pinned(c.ctx, about(1, "GET", key))[0]
				if err = r.Err; err != nil {
					c.unknown(err, "a call after a connection was lost")
				} else {
					c.wantPinned(r, bulk("value"), "a call after a connection was lost")
				}
			}
			if err != nil {
				c.failf("two seconds after a connection was lost: got error %v, want none any more", err)
			}
		}
	}},
}
