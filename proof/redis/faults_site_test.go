package redis

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"testing"
	"time"

	goredisv9 "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	rueidisv1 "github.com/redis/rueidis"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/adapter/redis/goredis"
	"github.com/sojourn-go/session/adapter/redis/rueidis"
	"github.com/sojourn-go/session/internal/redisserver"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/redisstore"
)

// timeout is session.Options.Timeout of all managers here.
const timeout = time.Second

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

// A node is a process, as far as sessions can tell: a manager upon a store with
// a client of its own, and the application.
type node struct{ http.Handler }

func newNode(t *testing.T, st store.Store, o session.Options) *node {
	t.Helper()
	o.Logger, o.ErrorHandler = slog.New(slog.DiscardHandler), explain
	if o.Timeout == 0 {
		o.Timeout = timeout
	}
	m, err := session.New(st, o)
	must(t, err)
	return &node{m.Handler(application)}
}

const cookieName = "__Host-Http-session"

// explain answers with the status that is the default, and says why.
func explain(w http.ResponseWriter, _ *http.Request, err error) {
	w.Header().Set("X-Why", err.Error())
	w.WriteHeader(session.StatusCode(err))
}

var count = session.NewKey[int]("count")

var application = newApplication()

func newApplication() http.Handler {
	mux := http.NewServeMux()
	handle := func(v verb, h func(s *session.Session, r *http.Request) error) {
		mux.HandleFunc(v.pattern(), func(w http.ResponseWriter, r *http.Request) {
			s := session.From(r.Context())
			if err := h(s, r); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			fmt.Fprintf(w, "%d %s", count.Get(s), s.Owner())
		})
	}
	handle(look, func(s *session.Session, _ *http.Request) error { return nil })
	handle(add, func(s *session.Session, _ *http.Request) error {
		count.Update(s, func(n int) int { return n + 1 })
		return nil
	})
	handle(login, func(s *session.Session, r *http.Request) error { return s.Login(r.URL.Query().Get("as")) })
	handle(renew, func(s *session.Session, _ *http.Request) error { s.Renew(); return nil })
	handle(logout, func(s *session.Session, _ *http.Request) error { s.End(); return nil })
	return mux
}

// A verb is what a request does.
type verb string

const (
	look   verb = "look"
	add    verb = "add"
	login  verb = "login"
	renew  verb = "renew"
	logout verb = "logout"
)

var verbs = []verb{look, add, login, renew, logout}

func (v verb) method() string {
	if v == look {
		return http.MethodGet
	}
	return http.MethodPost
}

func (v verb) pattern() string { return v.method() + " /" + string(v) }

// idOf returns the id of the session that a token opens.
func idOf(token string) string { return token[:24] }
