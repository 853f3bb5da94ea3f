package goredis_test

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/sojourn-go/session/adapter/redis/goredis"
	"github.com/sojourn-go/session/store/redisstore"
)

func TestAnAnswerIsTheSameInBothProtocols(t *testing.T) {
	s := shared(t, alone)
	must(t, toServer(t, s).Set(t.Context(), "answer:text", "a\x00b", 0).Err())
	for _, protocol := range []int{2, 3} {
		c := goredis.Client(closing(t, redis.NewClient(&redis.Options{Addr: s.Addr(), Protocol: protocol})))
		for script, want := range map[string]any{
			`return nil`:                                     nil,
			`return 7`:                                       int64(7),
			`return redis.status_reply('FINE')`:              "FINE",
			`return redis.call('GET', KEYS[1])`:              "a\x00b",
			`return {1, 'b', {}, {'c'}}`:                     []any{int64(1), "b", []any{}, []any{"c"}},
			`return {'a', redis.call('GET', 'answer:no')}`:   []any{"a", nil},
			`redis.setresp(3); return {double=2.5}`:          "2.5",
			`redis.setresp(3); return {map={a={map={b=1}}}}`: []any{"a", []any{"b", int64(1)}},
			`redis.setresp(3); return {true}`:                []any{int64(1)},
		} {
			got, err := c.Do(t.Context(), command(3, "EVAL", script, "1", "answer:text"))
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("protocol %d: %s: got %#v, error %v, want %#v", protocol, script, got, err, want)
			}
		}
	}
}

func TestWhatAServerRefusesIsAnError(t *testing.T) {
	s := shared(t, alone)
	c := goredis.Client(toServer(t, s))
	for code, cmd := range map[string]redisstore.Command{
		"ERR":      command(0, "NOSUCHCOMMAND"),
		"MINE":     command(0, "EVAL", `return redis.error_reply('MINE, and no other')`, "0"),
		"NOSCRIPT": command(3, "EVALSHA", "0000000000000000000000000000000000000000", "1", "k"),
	} {
		_, err := c.Do(t.Context(), cmd)
		if refused, ok := errors.AsType[redisstore.Error](err); !ok || refused.Code() != code && refused.Code() != code+"," {
			t.Errorf("%q: got %#v, want an Error of code %s", cmd.Args, err, code)
		}
	}
	locked := own(t, "requirepass secret")
	_, err := goredis.Client(toServer(t, locked)).Do(t.Context(), command(1, "GET", "k"))
	if refused, ok := errors.AsType[redisstore.Error](err); !ok || refused.Code() != "NOAUTH" {
		t.Errorf("without the password: got %#v, want an Error of code NOAUTH", err)
	}
}

func TestALostServerIsNoAnswer(t *testing.T) {
	s := own(t)
	c := goredis.Client(toServer(t, s)).(redisstore.Pinner)
	if _, err := c.Do(t.Context(), command(1, "GET", "k")); err != nil {
		t.Fatal(err)
	}
	must(t, s.Kill())
	_, err := c.Do(t.Context(), command(1, "SET", "k", "v"))
	errs := []error{err}
	for _, r := range c.DoPinned(t.Context(), command(1, "SET", "k", "v"), command(0, "WAIT", "0", "1")) {
		errs = append(errs, r.Err)
	}
	for _, err := range errs {
		if _, ok := errors.AsType[redisstore.Error](err); ok || err == nil {
			t.Errorf("got %#v, want an error that is no answer", err)
		}
	}
}

// go-redis stamps the error of a lost connection on every command of a pipeline.
// A write that was answered would count as not known.
func TestWhatWasAnsweredBeforeTheConnectionWasLostStaysAnswered(t *testing.T) {
	s := shared(t, alone)
	client := closing(t, redis.NewClient(&redis.Options{Addr: s.Addr(), ContextTimeoutEnabled: true}))
	c := goredis.Client(client).(redisstore.Pinner)
	got := c.DoPinned(within(t, 300*time.Millisecond),
		command(1, "SET", "stays", "answered"),
		command(1, "GET", "stays-not-there"),
		command(0, "WAIT", "1", "20000"),
		command(1, "SET", "stays", "later"))
	if len(got) != 4 {
		t.Fatalf("got %d replies, want 4", len(got))
	}
	if got[0] != (redisstore.Reply{Value: "OK"}) || got[1] != (redisstore.Reply{}) {
		t.Errorf("of those that were answered: got %v and %v, want OK and nil", got[0], got[1])
	}
	if got[2].Err == nil || got[3].Err == nil {
		t.Errorf("of those that were not: got %v and %v, want errors", got[2], got[3])
	}
}

func TestPinnedCommandsGoOnAfterARefusal(t *testing.T) {
	c := goredis.Client(toServer(t, shared(t, alone))).(redisstore.Pinner)
	got := c.DoPinned(t.Context(), command(0, "NOSUCHCOMMAND"), command(1, "SET", "after", "1"), command(1, "GET", "after"))
	if len(got) != 3 {
		t.Fatalf("got %d replies, want 3", len(got))
	}
	if _, ok := errors.AsType[redisstore.Error](got[0].Err); !ok || got[1].Value != "OK" || got[2].Value != "1" {
		t.Errorf("got %v, want an Error, OK and 1", got)
	}
	if got := c.DoPinned(t.Context()); len(got) != 0 {
		t.Errorf("of no commands: got %d replies, want none", len(got))
	}
}

func TestAClientIsAsMuchAsItCanBe(t *testing.T) {
	single := closing(t, redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"}))
	cluster := closing(t, redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{"127.0.0.1:1"}}))
	for _, test := range []struct {
		name             string
		client           redis.UniversalClient
		pinner, clusters bool
	}{
		{"a single client", single, true, false},
		{"a cluster", cluster, true, true},
		{"one that wraps another", wrapped{single}, false, false},
	} {
		c := goredis.Client(test.client)
		_, pinner := c.(redisstore.Pinner)
		_, clusters := c.(redisstore.Cluster)
		if pinner != test.pinner || clusters != test.clusters {
			t.Errorf("%s: got a Pinner: %t, a Cluster: %t, want %t, %t", test.name, pinner, clusters, test.pinner, test.clusters)
		}
	}
	for _, c := range []redis.UniversalClient{nil, (*redis.Client)(nil), (*redis.ClusterClient)(nil), (*redis.Ring)(nil)} {
		if got := goredis.Client(c); got != nil {
			t.Errorf("of a nil %T: got %v, want nil", c, got)
		}
	}
}

// wrapped is an application's own UniversalClient.
type wrapped struct{ redis.UniversalClient }

func TestAWrappedClientServes(t *testing.T) {
	st, err := goredis.New(wrapped{toServer(t, shared(t, alone))}, redisstore.Options{})
	must(t, err)
	storeServes(t, st)
}
