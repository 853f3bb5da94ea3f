package goredis_test

import (
	"context"
	"errors"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/sojourn-go/session/adapter/redis/goredis"
	"github.com/sojourn-go/session/store/redisstore"
)

var errOpen = errors.New("the circuit is open")

// A breaker is an application's hook that lets nothing pass.
type breaker struct{}

func (breaker) DialHook(next redis.DialHook) redis.DialHook { return next }

func (breaker) ProcessHook(redis.ProcessHook) redis.ProcessHook {
	return func(context.Context, redis.Cmder) error { return errOpen }
}

func (breaker) ProcessPipelineHook(redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(context.Context, []redis.Cmder) error { return errOpen }
}

// go-redis does not tell the commands of a pipeline what a hook came to. They
// looked like answered with nil: a Save that nobody had sent.
func TestWhatAHookKeepsBackIsNotAnswered(t *testing.T) {
	client := closing(t, redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"}))
	client.AddHook(breaker{})
	c := goredis.Client(client).(redisstore.Pinner)
	if _, err := c.Do(t.Context(), command(1, "GET", "k")); !errors.Is(err, errOpen) {
		t.Errorf("Do: got error %v, want that of the hook", err)
	}
	replies := c.DoPinned(t.Context(), command(1, "SET", "k", "v"), command(0, "WAIT", "1", "1"))
	if len(replies) != 2 {
		t.Fatalf("got %d replies, want 2", len(replies))
	}
	for _, r := range replies {
		if !errors.Is(r.Err, errOpen) {
			t.Errorf("DoPinned: got %v, want the error of the hook", r)
		}
	}
}

// A seer is an application's hook that looks at commands.
type seer struct {
	breaker
	seen *[]string
}

func (s seer) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if name := cmd.Name(); name == "get" || name == "del" { // not those that set up a connection
			*s.seen = append(*s.seen, name+" "+cmd.Args()[1].(string))
		}
		return next(ctx, cmd)
	}
}

func (seer) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func TestHooksSeeCommandsAsTheyAre(t *testing.T) {
	var single, node []string
	s := shared(t, alone)
	client := toServer(t, s)
	client.AddHook(seer{seen: &single})
	cluster := oneSlotMap(t, redis.ClusterOptions{}, s.Addr())
	cluster.OnNewNode(func(client *redis.Client) { client.AddHook(seer{seen: &node}) })
	for seen, c := range map[*[]string]redis.UniversalClient{&single: client, &node: cluster} {
		for _, cmd := range []redisstore.Command{command(1, "GET", "hooked"), command(1, "DEL", "hooked")} {
			_, err := goredis.Client(c).Do(t.Context(), cmd)
			must(t, err)
		}
		if len(*seen) != 2 || (*seen)[0] != "get hooked" || (*seen)[1] != "del hooked" {
			t.Errorf("on a %T: got %q, want get hooked and del hooked", c, *seen)
		}
	}
}
