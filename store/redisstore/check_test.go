package redisstore_test

import (
	"context"
	"errors"
	"log"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sojourn-go/session/internal/redisserver"
	"github.com/sojourn-go/session/store/redisstore"
)

// plainClient is a Client with a connection for each command.
type plainClient struct{ server *redisserver.Server }

func (c plainClient) Do(_ context.Context, cmd redisstore.Command) (any, error) {
	value, err := c.server.Do(cmd.Args...)
	if refused, ok := errors.AsType[redisserver.Error](err); ok {
		return nil, redisstore.Error(refused)
	}
	return value, err
}

func (c plainClient) DoPinned(ctx context.Context, cmds ...redisstore.Command) (all []redisstore.Reply) {
	for _, cmd := range cmds {
		value, err := c.Do(ctx, cmd)
		all = append(all, redisstore.Reply{Value: value, Err: err})
	}
	return all
}

// plainCluster is a Cluster in that it has several masters.
type plainCluster struct {
	plainClient
	masters []redisstore.Client
}

func (c plainCluster) Masters(context.Context) ([]redisstore.Client, error) { return c.masters, nil }

// saying is a Client that answers the same to everything.
type saying struct {
	value any
	err   error
}

func (c saying) Do(context.Context, redisstore.Command) (any, error) { return c.value, c.err }

func startServer(t *testing.T, config ...string) *redisserver.Server {
	t.Helper()
	s, err := redisserver.Start(config...)
	if errors.Is(err, redisserver.ErrMissing) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Stop() })
	return s
}

// At the start of a program, so that somebody reads it in time.
func ExampleStore_Check() {
	var client redisstore.Client // of adapter/redis/rueidis, say
	st, err := redisstore.New(client, redisstore.Options{})
	if err != nil {
		log.Fatal(err)
	}
	if err := st.Check(context.Background()); err != nil {
		log.Print(err) // no reason not to start
	}
}

func check(t *testing.T, c redisstore.Client, o redisstore.Options) error {
	t.Helper()
	s, err := redisstore.New(c, o)
	if err != nil {
		t.Fatal(err)
	}
	return s.Check(t.Context())
}

func TestCheck_tells_what_a_server_would_evict(t *testing.T) {
	s := startServer(t)
	for policy, want := range map[string]string{
		"noeviction":      "",
		"allkeys-lru":     "maxmemory-policy is allkeys-lru: when its memory (8388608 bytes) is full, it drops any session",
		"allkeys-random":  "it drops any session",
		"volatile-lru":    "maxmemory-policy is volatile-lru: when its memory (8388608 bytes) is full, it drops sessions that end some time",
		"volatile-ttl":    "it drops sessions that end some time",
		"volatile-random": "volatile-random",
	} {
		if _, err := s.Do("CONFIG", "SET", "maxmemory", "8mb", "maxmemory-policy", policy); err != nil {
			t.Fatal(err)
		}
		err := check(t, plainClient{s}, redisstore.Options{})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %v, want %q", policy, err, want)
		}
		if _, err := s.Do("CONFIG", "SET", "maxmemory", "0"); err != nil {
			t.Fatal(err)
		}
		if err := check(t, plainClient{s}, redisstore.Options{}); err != nil {
			t.Errorf("%s, without a bound: %v, though nothing is ever evicted", policy, err)
		}
	}
}

func TestCheck_tells_a_replica_from_a_master_and_counts_replicas(t *testing.T) {
	s := startServer(t)
	err := check(t, plainClient{s}, redisstore.Options{Replicas: 1})
	if err == nil || !strings.Contains(err.Error(), "it has 0 replicas, and Options.Replicas waits for 1") {
		t.Errorf("a master alone: %v", err)
	}
	replica := startServer(t, "replicaof 127.0.0.1 "+strconv.Itoa(s.Port()))
	err = check(t, plainClient{replica}, redisstore.Options{})
	if err == nil || !strings.Contains(err.Error(), "it is a replica") {
		t.Errorf("a replica: %v", err)
	}
	deadline := time.Now().Add(20 * time.Second)
	for {
		if err = check(t, plainClient{s}, redisstore.Options{Replicas: 1}); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("a master with a replica: %v", err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestCheck_tells_a_client_of_one_server_that_this_one_is_of_a_Cluster(t *testing.T) {
	s := startServer(t, "cluster-enabled yes")
	err := check(t, plainClient{s}, redisstore.Options{})
	if err == nil || !strings.Contains(err.Error(), "redis+cluster://") {
		t.Errorf("got %v", err)
	}
	if err := check(t, plainCluster{plainClient{s}, []redisstore.Client{plainClient{s}}}, redisstore.Options{}); err != nil {
		t.Errorf("a client for Clusters: %v", err)
	}
}

func TestCheck_asks_every_master_and_tells_everything(t *testing.T) {
	good, bad := startServer(t), startServer(t, "maxmemory 8mb", "maxmemory-policy allkeys-lfu")
	err := check(t, plainCluster{masters: []redisstore.Client{plainClient{bad}, plainClient{good}}, plainClient: plainClient{good}},
		redisstore.Options{Replicas: 2})
	if err == nil {
		t.Fatal("no error")
	}
	for i, want := range []string{"master 1 of 2: maxmemory-policy", "master 1 of 2: it has 0 replicas", "master 2 of 2: it has 0 replicas"} {
		if lines := strings.Split(err.Error(), "\n"); len(lines) != 3 || !strings.HasPrefix(lines[i], "redisstore: "+want) {
			t.Errorf("got %q, want %q in line %d of 3", lines, want, i+1)
		}
	}
}

func TestCheck_says_that_it_cannot_tell(t *testing.T) {
	s := startServer(t)
	if _, err := s.Do("ACL", "SETUSER", "default", "-info"); err != nil {
		t.Fatal(err)
	}
	err := check(t, plainClient{s}, redisstore.Options{})
	refused, ok := errors.AsType[redisstore.Error](err)
	if !ok || refused.Code() != "NOPERM" || !strings.Contains(err.Error(), "cannot be told") {
		t.Errorf("INFO is forbidden: %v", err)
	}
	for what, c := range map[string]saying{
		"nothing of it":  {value: []byte("# Memory\r\nused_memory:7\r\n")},
		"no text at all": {value: int64(1)},
		"nothing":        {},
		"no answer":      {err: net.ErrClosed},
	} {
		if err := check(t, c, redisstore.Options{}); err == nil || c.err != nil && !errors.Is(err, c.err) {
			t.Errorf("the server says %s: %v", what, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	st, err := redisstore.New(saying{}, redisstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Check(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("the context is done: %v", err)
	}
}
