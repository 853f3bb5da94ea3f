package rueidis_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"reflect"
	"strings"
	"testing"
	"time"

	client "github.com/redis/rueidis"

	"github.com/sojourn-go/session/adapter/redis/rueidis"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/redisstore"
	"github.com/sojourn-go/session/store/redisstore/clienttest"
)

func TestAClientKeepsItsContract(t *testing.T) {
	s := shared(t, alone)
	for name, option := range map[string]client.ClientOption{
		"without settings":      {},
		"on fewer connections":  {DisableCache: true, PipelineMultiplex: -1, AlwaysPipelining: true},
		"without pipelines":     {DisableCache: true, DisableAutoPipelining: true},
		"in the older protocol": {DisableCache: true, AlwaysRESP2: true},
	} {
		t.Run(name, func(t *testing.T) {
			option.InitAddress = []string{s.Addr()}
			clienttest.Run(t, func(t *testing.T) redisstore.Client {
				c, err := client.NewClient(option)
				must(t, err)
				t.Cleanup(c.Close)
				return rueidis.Client(c)
			})
		})
	}
}

func TestTheClientOfAClusterKeepsItsContract(t *testing.T) {
	addrs := shared(t, cluster).Addrs()
	clienttest.Run(t, func(t *testing.T) redisstore.Client { return rueidis.Client(connect(t, addrs...)) })
}

func TestAnAnswerIsTheSameInBothProtocols(t *testing.T) {
	s := shared(t, alone)
	if _, err := s.Do("SET", "answer:text", "a\x00b"); err != nil {
		t.Fatal(err)
	}
	for _, old := range []bool{false, true} {
		rc, err := client.NewClient(client.ClientOption{InitAddress: []string{s.Addr()}, DisableCache: true, AlwaysRESP2: old})
		must(t, err)
		t.Cleanup(rc.Close)
		c := rueidis.Client(rc)
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
				t.Errorf("RESP2: %t: %s: got %#v, error %v, want %#v", old, script, got, err, want)
			}
		}
	}
}

// Redis 6 puts a second "-" before what its scripts hand on; so does this script.
func TestARefusalHasItsCode(t *testing.T) {
	c := rueidis.Client(connect(t, shared(t, alone).Addr()))
	for text, want := range map[string]redisstore.Error{
		"OOM full":  "OOM full",
		"-OOM full": "OOM full",
		"ERR no":    "ERR no",
		"-ERR no":   "ERR no",
	} {
		_, err := c.Do(t.Context(), command(0, "EVAL", "return {err = ARGV[1]}", "0", text))
		got, ok := errors.AsType[redisstore.Error](err)
		if code, _, _ := strings.Cut(string(want), " "); !ok || got != want || got.Code() != code {
			t.Errorf("%q: got error %q of code %q, want %q", text, err, got.Code(), want)
		}
	}
}

func TestAClientIsAsMuchAsItCanBe(t *testing.T) {
	if c := rueidis.Client(nil); c != nil {
		t.Errorf("of nil: got %v, want nil", c)
	}
	c := rueidis.Client(connect(t, shared(t, alone).Addr()))
	if _, ok := c.(redisstore.Cluster); ok {
		t.Error("the client of one server is a Cluster")
	}
	if _, ok := c.(redisstore.Pinner); !ok {
		t.Error("the client of one server is no Pinner")
	}
}

// A connection that several calls wait for is made with the context of one of
// them. That one's end must not be the others'.
func TestACallIsNotCancelledWithAnotherOne(t *testing.T) {
	s := own(t)
	dialled := make(chan bool, 100)
	c, err := client.NewClient(client.ClientOption{
		InitAddress: []string{s.Addr()}, DisableCache: true, AlwaysPipelining: true,
		PipelineMultiplex: -1, // one connection
		DialCtxFn: func(ctx context.Context, addr string, d *net.Dialer, _ *tls.Config) (net.Conn, error) {
			conn, err := d.DialContext(ctx, "tcp", addr)
			dialled <- true
			return conn, err
		},
	})
	must(t, err)
	t.Cleanup(c.Close)
	st, err := rueidis.New(c, redisstore.Options{})
	must(t, err)
	version := renew(t, st, "steady", "v")
	for len(dialled) > 0 {
		<-dialled
	}
	must(t, s.Kill())
	must(t, s.Restart()) // the connection is gone
	must(t, s.Freeze())  // and a new one is silent
	defer s.Thaw()
	load := func(patience time.Duration) error {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		_, err := st.Load(ctx, "steady")
		return err
	}
	makes, waits := make(chan error, 1), make(chan error, 1)
	go func() { makes <- load(200 * time.Millisecond) }()
	<-dialled
	go func() {
		_, err := save(within(t, 20*time.Second), st, "steady", record("w", version))
		waits <- err
	}()
	if err := <-makes; !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the one that makes the connection: got error %v, want DeadlineExceeded", err)
	}
	must(t, s.Thaw())
	if err := <-waits; !errors.Is(err, store.ErrConflict) {
		t.Errorf("the one that waits for it: got error %v, want ErrConflict", err)
	}
}

// Over the connection that all share, a WAIT would hold up everybody.
func TestWhoWaitsForReplicasHoldsUpNobody(t *testing.T) {
	s := own(t)
	rc, err := client.NewClient(client.ClientOption{InitAddress: []string{s.Addr()}, DisableCache: true, PipelineMultiplex: -1})
	must(t, err)
	t.Cleanup(rc.Close)
	c := rueidis.Client(rc).(redisstore.Pinner)
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	waits := make(chan struct{})
	go func() {
		defer close(waits)
		c.DoPinned(ctx, command(1, "SET", "k", "v"), command(0, "WAIT", "1", "50000"))
	}()
	eventually(t, "the server to let it wait", func() bool {
		clients, err := s.Do("INFO", "clients")
		must(t, err)
		return strings.Contains(clients.(string), "blocked_clients:1")
	})
	if got, err := c.Do(within(t, 10*time.Second), command(1, "GET", "k")); err != nil || string(got.([]byte)) != "v" {
		t.Errorf("meanwhile: got %v, error %v, want v", got, err)
	}
	stop()
	<-waits
}
