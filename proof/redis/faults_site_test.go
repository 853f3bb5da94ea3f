package redis

import (
	"errors"
	"os"
	"testing"

	goredisv9 "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	rueidisv1 "github.com/redis/rueidis"

	"github.com/sojourn-go/session/adapter/redis/goredis"
	"github.com/sojourn-go/session/adapter/redis/rueidis"
	"github.com/sojourn-go/session/internal/redisserver"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/redisstore"
)

// A driver is a client library. Both ways of opening register the closing.
type driver struct {
	name string

	// open is Open of the adapter.
	open func(t *testing.T, url string, o redisstore.Options) store.Store

	// plain is New of the adapter, over a client as it is if nobody sets
	// anything.
	plain func(t *testing.T, addr string) store.Store
}

var (
	withRueidis = driver{"rueidis", openRueidis, plainRueidis}
	withGoredis = driver{"goredis", openGoredis, plainGoredis}
)

// drivers returns the one that is given, or in the long form both.
func drivers(short driver) []driver {
	if os.Getenv("SOJOURN_LONG") == "" {
		return []driver{short}
	}
	return []driver{withRueidis, withGoredis}
}

func openRueidis(t *testing.T, url string, o redisstore.Options) store.Store {
	t.Helper()
	st, err := rueidis.Open(url, o)
	must(t, err)
	t.Cleanup(func() { st.Close() })
	return st
}

func plainRueidis(t *testing.T, addr string) store.Store {
	t.Helper()
	c, err := rueidisv1.NewClient(rueidisv1.ClientOption{InitAddress: []string{addr}})
	must(t, err)
	t.Cleanup(c.Close)
	st, err := rueidis.New(c, redisstore.Options{})
	must(t, err)
	return st
}

func openGoredis(t *testing.T, url string, o redisstore.Options) store.Store {
	t.Helper()
	st, err := goredis.Open(url, o)
	must(t, err)
	t.Cleanup(func() { st.Close() })
	return st
}

func plainGoredis(t *testing.T, addr string) store.Store {
	t.Helper()
	c := goredisv9.NewClient(&goredisv9.Options{Addr: addr})
	t.Cleanup(func() { c.Close() })
	st, err := goredis.New(c, redisstore.Options{})
	must(t, err)
	return st
}

// go-redis would tell the standard error of every connection that is lost.
func init() { logging.Disable() }

// serve starts a server of its own for a test.
func serve(t *testing.T, config ...string) *redisserver.Server {
	t.Helper()
	s, err := redisserver.Start(config...)
	started(t, s, err)
	return s
}

// started skips the test if there is no Redis, and otherwise stops it when the
// test is over.
func started(t *testing.T, s interface{ Stop() error }, err error) {
	t.Helper()
	if errors.Is(err, redisserver.ErrMissing) {
		t.Skip(err)
	}
	must(t, err)
	t.Cleanup(func() { must(t, s.Stop()) })
}

// command sends a command to a server.
func command(t *testing.T, s *redisserver.Server, args ...string) any {
	t.Helper()
	reply, err := s.Do(args...)
	if err != nil {
		t.Fatalf("%s: %v", args[0], err)
	}
	return reply
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func urlOf(s *redisserver.Server) string { return "redis://" + s.Addr() }

// twice opens two stores at a URL, for two nodes.
func (d driver) twice(t *testing.T, url string, o redisstore.Options) []store.Store {
	t.Helper()
	return []store.Store{d.open(t, url, o), d.open(t, url, o)}
}
