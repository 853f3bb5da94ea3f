package goredis_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/sojourn-go/session/adapter/redis/goredis"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/redisstore"
)

// storeServes wants a store to save, load and delete.
func storeServes(t *testing.T, st store.Store) {
	t.Helper()
	version, err := save(t.Context(), st, "serves", store.Record{Data: []byte("one")})
	must(t, err)
	_, err = save(t.Context(), st, "serves", store.Record{Version: version, Data: []byte("two")})
	must(t, err)
	if rec, err := st.Load(t.Context(), "serves"); err != nil || string(rec.Data) != "two" {
		t.Errorf("Load: got %q, error %v, want two", rec.Data, err)
	}
	must(t, st.Delete(t.Context(), "serves"))
	if _, err := st.Load(t.Context(), "serves"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Load after Delete: got error %v, want ErrNotFound", err)
	}
}

func TestNewRefusesWhatDoesNotSuitSessions(t *testing.T) {
	addrs := []string{"127.0.0.1:1"}
	single := func(o redis.Options) redis.UniversalClient {
		o.Addr = addrs[0]
		return closing(t, redis.NewClient(&o))
	}
	inCluster := func(o redis.ClusterOptions) redis.UniversalClient {
		o.Addrs = addrs
		return closing(t, redis.NewClusterClient(&o))
	}
	failover := redis.FailoverOptions{SentinelAddrs: addrs, MasterName: "m", RouteRandomly: true}
	ring := closing(t, redis.NewRing(&redis.RingOptions{Addrs: map[string]string{"a": addrs[0]}}))
	waits := redisstore.Options{Replicas: 1}
	for _, test := range []struct {
		name   string
		client redis.UniversalClient
		o      redisstore.Options
		want   []string // in the error; none: there is none
	}{
		{"nothing", nil, redisstore.Options{}, []string{"the Client is nil"}},
		{"a nil Client", (*redis.Client)(nil), redisstore.Options{}, []string{"the Client is nil"}},
		{"a nil ClusterClient", (*redis.ClusterClient)(nil), redisstore.Options{}, []string{"the Client is nil"}},
		{"a Ring, for replicas", ring, waits, []string{"redis.Ring", "Pinner"}},
		{"ReadOnly", inCluster(redis.ClusterOptions{ReadOnly: true}), redisstore.Options{}, []string{"from replicas"}},
		{"RouteByLatency", inCluster(redis.ClusterOptions{RouteByLatency: true}), redisstore.Options{}, []string{"from replicas"}},
		{"RouteRandomly", inCluster(redis.ClusterOptions{RouteRandomly: true}), redisstore.Options{}, []string{"from replicas"}},
		{"RouteRandomly of Sentinel", closing(t, redis.NewFailoverClusterClient(&failover)), redisstore.Options{}, []string{"from replicas"}},
		{"a cache", single(redis.Options{ClientSideCacheConfig: &redis.ClientSideCacheConfig{}}), redisstore.Options{}, []string{"own cache"}},
		{"all at once", inCluster(redis.ClusterOptions{ReadOnly: true, ReadTimeout: time.Second}),
			redisstore.Options{Replicas: 1, Timeout: -1}, []string{"from replicas", "ReplicaTimeout is 1s", "Timeout is -1ns"}},
		{"a wait that outlasts the answer", single(redis.Options{ReadTimeout: time.Second}), waits, []string{"no longer than 1s (ReadTimeout"}},
		{"a wait that does not", single(redis.Options{ReadTimeout: 1001 * time.Millisecond}), waits, nil},
		{"answers without an end", single(redis.Options{ReadTimeout: -1}), waits, nil},
		{"a client without settings", single(redis.Options{}), redisstore.Options{}, nil},
		{"a cluster without settings", inCluster(redis.ClusterOptions{}), waits, nil},
	} {
		st, err := goredis.New(test.client, test.o)
		if (err == nil) != (len(test.want) == 0) || (st == nil) != (err != nil) {
			t.Errorf("%s: got a store: %t, error %v", test.name, st != nil, err)
		}
		for _, part := range test.want {
			if err != nil && !strings.Contains(err.Error(), part) {
				t.Errorf("%s: got error %q, want %q in it", test.name, err, part)
			}
		}
	}
}

func TestOpenRefusesWhatIsWrong(t *testing.T) {
	noCert := filepath.Join(t.TempDir(), "empty.pem")
	must(t, os.WriteFile(noCert, []byte("nothing\n"), 0o600))
	for _, test := range []struct {
		url  string
		o    redisstore.Options
		want string
	}{
		{"", redisstore.Options{}, "redis://"},
		{"http://localhost", redisstore.Options{}, "redis://"},
		{"redis://localhost?tls_ca=x", redisstore.Options{}, "tls_ca"},
		{"redis+sentinel://localhost", redisstore.Options{}, "master"},
		{"rediss://localhost?tls_ca=" + noCert, redisstore.Options{}, "no certificate in " + noCert},
		{"rediss://localhost?tls_ca=" + noCert + ".not", redisstore.Options{}, "no such file"},
		{"redis://localhost", redisstore.Options{Replicas: -1}, "Replicas is -1"},
		{"redis+cluster://localhost?timeout=900ms", redisstore.Options{Replicas: 1}, "in a URL timeout"},
	} {
		st, err := goredis.Open(test.url, test.o)
		if st != nil || err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: got a store: %t, error %v, want %q in it", test.url, st != nil, err, test.want)
		}
	}
}

func TestOpenTellsAllThatIsWrong(t *testing.T) {
	bad := redisstore.Options{Replicas: 1, ReplicaTimeout: time.Hour, Timeout: -1}
	for url, wants := range map[string][]string{
		"redis://localhost:99999":                   {"the port is a number", "Timeout is -1ns"},
		"rediss://localhost?tls_ca=/no/such":        {"no such file", "Timeout is -1ns", "ReplicaTimeout is 1h"},
		"redis+cluster://localhost":                 {"Timeout is -1ns", "ReplicaTimeout is 1h"},
		"rediss+cluster://localhost?tls_ca=/no/any": {"no such file", "Timeout is -1ns", "ReplicaTimeout is 1h"},
	} {
		st, err := goredis.Open(url, bad)
		for _, want := range wants {
			if st != nil || err == nil || strings.Count(err.Error(), want) != 1 {
				t.Errorf("%q: got a store: %t, error %v, want %q in it once", url, st != nil, err, want)
			}
		}
	}
}

func TestOpenDoesNotNeedAServer(t *testing.T) {
	s := own(t)
	must(t, s.Kill())
	st := open(t, "redis://"+s.Addr(), redisstore.Options{})
	if _, err := st.Load(t.Context(), "nobody"); err == nil || errors.Is(err, store.ErrNotFound) {
		t.Errorf("without a server: got error %v, want that it cannot be reached", err)
	}
	must(t, s.Restart())
	eventually(t, "the store to serve", func() bool {
		_, err := st.Load(t.Context(), "nobody")
		return errors.Is(err, store.ErrNotFound)
	})
	storeServes(t, st)
}

func TestAURLSaysWhoToBeAndWhere(t *testing.T) {
	s := own(t, "requirepass admin", "user shop on >secret ~shop:* +@all")
	st := open(t, "redis://shop:secret@"+s.Addr()+"/7?pool=3", redisstore.Options{Prefix: "shop:"})
	storeServes(t, st)
	if got, err := s.Do("INFO", "keyspace"); err != nil || strings.Contains(got.(string), "db0") {
		t.Errorf("INFO keyspace: got %q, error %v, want nothing in database 0", got, err)
	}
	_, err := save(t.Context(), st, "kept", store.Record{})
	must(t, err)
	if got, err := s.Do("INFO", "keyspace"); err != nil || !strings.Contains(got.(string), "db7:keys=1") {
		t.Errorf("INFO keyspace: got %q, error %v, want a key in database 7", got, err)
	}
	for _, who := range []string{"", "shop:other@", "default:secret@"} {
		if _, err := open(t, "redis://"+who+s.Addr(), redisstore.Options{Prefix: "shop:"}).Load(t.Context(), "kept"); err == nil || errors.Is(err, store.ErrNotFound) {
			t.Errorf("as %q: got error %v, want a refusal", who, err)
		}
	}
}

func TestAfterCloseNothingIsServed(t *testing.T) {
	st := open(t, "redis://"+shared(t, alone).Addr(), redisstore.Options{})
	must(t, st.Close())
	if _, err := st.Load(t.Context(), "nobody"); !errors.Is(err, redis.ErrClosed) {
		t.Errorf("got error %v, want ErrClosed", err)
	}
	if err := st.Close(); err != nil {
		t.Errorf("the second Close: got error %v", err)
	}
}

func TestAPrintedStoreShowsNoPassword(t *testing.T) {
	st := open(t, "redis://:geheim@127.0.0.1:1", redisstore.Options{})
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%q"} {
		if text := fmt.Sprintf(verb, st); strings.Contains(text, "geheim") {
			t.Errorf("by %s the password is shown", verb)
		}
	}
}
