package rueidis_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	client "github.com/redis/rueidis"

	"github.com/sojourn-go/session/adapter/redis/rueidis"
	"github.com/sojourn-go/session/internal/redisserver"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/nearcache"
	"github.com/sojourn-go/session/store/redisstore"
)

// Servers that several tests use are started by the first one of them.
var (
	alone     = sync.OnceValues(func() (*redisserver.Server, error) { return redisserver.Start() })
	sentinels = sync.OnceValues(func() (*redisserver.Sentinels, error) { return redisserver.StartSentinel() })
	cluster   = sync.OnceValues(func() (*redisserver.Cluster, error) { return redisserver.StartCluster(3, 1) })
)

// started are the servers that there are in the end. A OnceValues that is asked
// at the end would start them.
var started []interface{ Stop() error }

func TestMain(m *testing.M) {
	code := m.Run()
	for _, s := range started {
		if err := s.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// shared returns servers for several tests.
func shared[S interface {
	comparable
	Stop() error
}](t testing.TB, start func() (S, error)) S {
	t.Helper()
	s, err := start()
	must(t, err)
	for _, other := range started {
		if other == any(s) {
			return s
		}
	}
	started = append(started, s)
	return s
}

// must ends the test, without a failure where no server is installed.
func must(t testing.TB, err error) {
	t.Helper()
	if errors.Is(err, redisserver.ErrMissing) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// own starts a server for one test.
func own(t testing.TB, config ...string) *redisserver.Server {
	t.Helper()
	s, err := redisserver.Start(config...)
	must(t, err)
	t.Cleanup(func() { s.Stop() })
	return s
}

// open returns a store from a URL for one test.
func open(t testing.TB, url string, o redisstore.Options) *rueidis.Store {
	t.Helper()
	st, err := rueidis.Open(url, o)
	must(t, err)
	t.Cleanup(func() { st.Close() })
	return st
}

// openCached returns a store with cached reads for one test.
func openCached(t testing.TB, url string, o redisstore.Options, near nearcache.Options) *rueidis.CachedStore {
	t.Helper()
	st, err := rueidis.OpenCached(url, o, near)
	must(t, err)
	t.Cleanup(func() { st.Close() })
	return st
}

// connect returns rueidis's client as it is without settings.
func connect(t testing.TB, addrs ...string) client.Client {
	t.Helper()
	c, err := client.NewClient(client.ClientOption{InitAddress: addrs})
	must(t, err)
	t.Cleanup(c.Close)
	return c
}

func within(t testing.TB, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func save(ctx context.Context, st store.Store, id string, rec store.Record) (uint64, error) {
	if rec.Expires.IsZero() {
		rec.Expires = time.Now().Add(time.Hour)
	}
	return st.Save(ctx, id, rec)
}

// renew returns the version of a record that is new.
func renew(t testing.TB, st store.Store, id, data string) uint64 {
	t.Helper()
	must(t, st.Delete(t.Context(), id))
	return again(t, st, id, data, 0)
}

func again(t testing.TB, st store.Store, id, data string, version uint64) uint64 {
	t.Helper()
	version, err := save(t.Context(), st, id, store.Record{Data: []byte(data), Version: version})
	must(t, err)
	return version
}

func command(key int, args ...string) redisstore.Command {
	return redisstore.Command{Args: args, Key: key}
}

// eventually waits until f is true.
func eventually(t testing.TB, what string, f func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !f(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited 30 s for %s", what)
		}
	}
}

func record(data string, version uint64) store.Record {
	return store.Record{Data: []byte(data), Version: version}
}
