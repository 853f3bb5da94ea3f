package goredis_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/sojourn-go/session/adapter/redis/goredis"
	"github.com/sojourn-go/session/internal/redisserver"
	"github.com/sojourn-go/session/store/redisstore"
)

// oneSlotMap returns a cluster client for servers that are none, by a map of
// slots: the first has all of them, save the last ones, one for each of the
// others.
func oneSlotMap(t *testing.T, o redis.ClusterOptions, addrs ...string) *redis.ClusterClient {
	t.Helper()
	o.ClusterSlots = func(context.Context) (slots []redis.ClusterSlot, err error) {
		for i, addr := range addrs {
			last := 16383 - i
			first := last
			if i == 0 {
				first, last = 0, 16383-len(addrs)+1
			} else {
				first, last = last+1, last+1
			}
			slots = append(slots, redis.ClusterSlot{Start: first, End: last, Nodes: []redis.ClusterNode{{Addr: addr}}})
		}
		return slots, nil
	}
	return closing(t, redis.NewClusterClient(&o))
}

// send counts a visit, unless the server is told to send visitors elsewhere.
const send = `
local to = redis.call('GET', 'elsewhere')
if to then return redis.error_reply(to) end
return redis.call('INCR', KEYS[1])`

func TestACommandFollowsItsKey(t *testing.T) {
	first, second := own(t), own(t)
	for _, kind := range []string{"MOVED", "ASK"} {
		for _, pinned := range []bool{false, true} {
			do(t, first, "FLUSHALL")
			do(t, second, "FLUSHALL")
			do(t, first, "SET", "elsewhere", kind+" 7 "+second.Addr())
			client := oneSlotMap(t, redis.ClusterOptions{}, first.Addr(), second.Addr())
			asked := calls(t, second, "asking")
			for want := range int64(2) { // the second one knows the way
				got := visit(t, goredis.Client(client).(redisstore.Pinner), pinned)
				if got != (redisstore.Reply{Value: want + 1}) {
					t.Errorf("%s, pinned: %t: got %v, want visit %d", kind, pinned, got, want+1)
				}
			}
			if got := do(t, second, "GET", "visits"); got != "2" {
				t.Errorf("%s, pinned: %t: got %v visits there, want 2", kind, pinned, got)
			}
			if asked := calls(t, second, "asking") - asked; asked != map[string]int{"ASK": 2}[kind] {
				t.Errorf("%s, pinned: %t: got %d times ASKING", kind, pinned, asked)
			}
		}
	}
}

// visit sends one command, alone or with another one.
func visit(t *testing.T, c redisstore.Pinner, pinned bool) (r redisstore.Reply) {
	t.Helper()
	cmd := command(3, "EVAL", send, "1", "visits")
	if !pinned {
		r.Value, r.Err = c.Do(t.Context(), cmd)
		return r
	}
	replies := c.DoPinned(t.Context(), cmd, command(0, "WAIT", "0", "1"))
	if len(replies) != 2 || replies[1] != (redisstore.Reply{Value: int64(0)}) {
		t.Errorf("got %v, want 2 replies, the second of them 0", replies)
	}
	return replies[0]
}

func do(t *testing.T, s *redisserver.Server, args ...string) any {
	t.Helper()
	got, err := s.Do(args...)
	must(t, err)
	return got
}

// Two servers that send a command to each other do not do so for ever.
func TestACommandIsNotSentInCircles(t *testing.T) {
	first, second := own(t), own(t)
	do(t, first, "SET", "elsewhere", "MOVED 7 "+second.Addr())
	do(t, second, "SET", "elsewhere", "MOVED 7 "+first.Addr())
	c := goredis.Client(oneSlotMap(t, redis.ClusterOptions{}, first.Addr(), second.Addr())).(redisstore.Pinner)
	for _, pinned := range []bool{false, true} {
		got := visit(t, c, pinned)
		if refused, ok := got.Err.(redisstore.Error); !ok || refused.Code() != "MOVED" {
			t.Errorf("pinned: %t: got %v, want MOVED", pinned, got)
		}
	}
	if n := calls(t, first, "eval") + calls(t, second, "eval"); n != 8 {
		t.Errorf("got %d commands, want 4 of each visit", n)
	}
}

func TestAServerThatNobodyKnowsIsNotFollowed(t *testing.T) {
	s := own(t)
	do(t, s, "SET", "elsewhere", "MOVED 7 127.0.0.1:1")
	c := goredis.Client(oneSlotMap(t, redis.ClusterOptions{}, s.Addr())).(redisstore.Pinner)
	got := visit(t, c, false)
	if refused, ok := got.Err.(redisstore.Error); !ok || refused.Code() != "MOVED" {
		t.Errorf("got %v, want MOVED", got)
	}
}

// DEL is one of the commands that go-redis takes apart in a cluster.
func TestAClusterAnswersAsASingleServerDoes(t *testing.T) {
	s := own(t)
	c := goredis.Client(oneSlotMap(t, redis.ClusterOptions{}, s.Addr()))
	for _, test := range []struct {
		want any
		cmd  redisstore.Command
	}{
		{"OK", command(1, "SET", "k", "v")},
		{nil, command(1, "SET", "k", "v", "NX")},
		{"v", command(1, "GET", "k")},
		{int64(1), command(1, "DEL", "k")},
		{nil, command(1, "GET", "k")},
		{"PONG", command(0, "PING")},
	} {
		if got, err := c.Do(t.Context(), test.cmd); got != test.want || err != nil {
			t.Errorf("%q: got %v, error %v, want %v", test.cmd.Args, got, err, test.want)
		}
	}
}

func TestTheMastersOfAClusterAreItsMasters(t *testing.T) {
	servers := []*redisserver.Server{own(t), own(t)}
	c := goredis.Client(oneSlotMap(t, redis.ClusterOptions{}, servers[0].Addr(), servers[1].Addr())).(redisstore.Cluster)
	var want, got []string
	for i, s := range servers {
		do(t, s, "SET", "me", strconv.Itoa(i))
		want = append(want, strconv.Itoa(i))
	}
	masters, err := c.Masters(t.Context())
	must(t, err)
	for _, m := range masters {
		me, err := m.Do(t.Context(), command(1, "GET", "me"))
		must(t, err)
		got = append(got, me.(string))
	}
	if slices.Sort(got); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// go-redis closes its client of a server a while after that has left.
func TestAServerThatHasLeftIsPassedOver(t *testing.T) {
	first, second := own(t), own(t)
	var addr atomic.Value
	addr.Store(first.Addr())
	client := closing(t, redis.NewClusterClient(&redis.ClusterOptions{
		ClusterSlots: func(context.Context) ([]redis.ClusterSlot, error) {
			return []redis.ClusterSlot{{End: 16383, Nodes: []redis.ClusterNode{{Addr: addr.Load().(string)}}}}, nil
		},
	}))
	c := goredis.Client(client).(redisstore.Pinner)
	node, err := client.MasterForKey(t.Context(), "k")
	must(t, err)
	must(t, node.Close())
	addr.Store(second.Addr())
	got := c.DoPinned(t.Context(), command(1, "SET", "k", "v"))
	if len(got) != 1 || got[0] != (redisstore.Reply{Value: "OK"}) || do(t, second, "GET", "k") != "v" {
		t.Errorf("got %v, want OK of the other server", got)
	}
	client.Close() // its error is that it had been closed in part
	if _, err := c.Do(t.Context(), command(1, "GET", "k")); !errors.Is(err, redis.ErrClosed) {
		t.Errorf("after Close: got error %v, want ErrClosed", err)
	}
}
