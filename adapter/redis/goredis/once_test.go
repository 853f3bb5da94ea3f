package goredis_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/sojourn-go/session/adapter/redis/goredis"
	"github.com/sojourn-go/session/internal/redisserver"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/redisstore"
)

// A waiter is a store of one of the kinds that an application may have.
type waiter struct {
	name string
	open func(t *testing.T, addr string, o redisstore.Options) store.Store
}

var waiters = []waiter{
	{"opened", func(t *testing.T, addr string, o redisstore.Options) store.Store {
		return open(t, "redis://"+addr, o)
	}},
	{"on a client without settings", func(t *testing.T, addr string, o redisstore.Options) store.Store {
		st, err := goredis.New(closing(t, redis.NewClient(&redis.Options{Addr: addr})), o)
		must(t, err)
		return st
	}},
	{"on a cluster client", func(t *testing.T, addr string, o redisstore.Options) store.Store {
		st, err := goredis.New(oneSlotMap(t, redis.ClusterOptions{}, addr), o)
		must(t, err)
		return st
	}},
}

func proxied(t *testing.T, s *redisserver.Server) *redisserver.Proxy {
	t.Helper()
	p, err := redisserver.StartProxy(s.Addr())
	must(t, err)
	t.Cleanup(func() { p.Stop() })
	return p
}

// go-redis sends a command again when the connection is closed instead of an
// answer, three times unless told otherwise. A Save would then conflict with
// itself.
func TestASaveIsSentOnceWhenItsAnswerIsLost(t *testing.T) {
	p := proxied(t, shared(t, alone))
	for _, w := range waiters {
		for _, durable := range []bool{false, true} {
			o := redisstore.Options{}
			if durable {
				o.Replicas, o.ReplicaTimeout = 1, 10*time.Millisecond
			}
			sentOnce(t, w, p, o)
		}
	}
}

func sentOnce(t *testing.T, w waiter, p *redisserver.Proxy, o redisstore.Options) {
	t.Helper()
	st := w.open(t, p.Addr(), o)
	for command, next := range map[string]func(version uint64) error{
		"EVALSHA": func(version uint64) error {
			_, err := save(t.Context(), st, "once", store.Record{Version: version, Durable: true})
			return err
		},
		"SET": func(uint64) error {
			_, err := save(t.Context(), st, "once-new", store.Record{Durable: true})
			return err
		},
		"DEL": func(uint64) error { return st.Delete(t.Context(), "once") },
	} {
		must(t, st.Delete(t.Context(), "once-new"))
		version := renew(t, st, "once")
		version = again(t, st, "once", version) // the server knows the script now
		p.Reset()
		p.Lose(redisserver.Loss{Commands: []string{command}})
		err := next(version)
		if err == nil || errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrNotDurable) {
			t.Errorf("%s, %d replicas: %s without its answer: got error %v, want that it is not known", w.name, o.Replicas, command, err)
		}
		if n := p.Counts()[command]; n != 1 {
			t.Errorf("%s, %d replicas: %s was sent %d times, want once", w.name, o.Replicas, command, n)
		}
	}
}

// renew returns the version of a record that is new.
func renew(t *testing.T, st store.Store, id string) uint64 {
	t.Helper()
	must(t, st.Delete(t.Context(), id))
	return again(t, st, id, 0)
}

func again(t *testing.T, st store.Store, id string, version uint64) uint64 {
	t.Helper()
	version, err := save(t.Context(), st, id, store.Record{Version: version})
	must(t, err)
	return version
}

// The proof that the test above can fail: a read is sent again.
func TestALoadIsSentAgainAsTheClientsMaxRetriesSays(t *testing.T) {
	p := proxied(t, shared(t, alone))
	st, err := goredis.New(closing(t, redis.NewClient(&redis.Options{Addr: p.Addr()})), redisstore.Options{})
	must(t, err)
	p.Lose(redisserver.Loss{Commands: []string{"GET"}})
	if _, err := st.Load(t.Context(), "nobody"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("got error %v, want ErrNotFound of the second GET", err)
	}
	if n := p.Counts()["GET"]; n != 2 {
		t.Errorf("GET was sent %d times, want twice", n)
	}
}

// A server that is silent for longer than the time-out gets what was sent to it
// when it wakes up.
func TestASaveIsSentOnceToAServerThatIsSilent(t *testing.T) {
	s := own(t)
	st, err := goredis.New(closing(t, redis.NewClient(&redis.Options{
		Addr: s.Addr(), ReadTimeout: 100 * time.Millisecond, MaxRetryBackoff: time.Millisecond,
	})), redisstore.Options{})
	must(t, err)
	version := again(t, st, "silent", renew(t, st, "silent"))
	before := calls(t, s, "evalsha")
	must(t, s.Freeze())
	if _, err := save(t.Context(), st, "silent", store.Record{Version: version}); err == nil {
		t.Error("from a server that is silent: got no error")
	}
	must(t, s.Thaw())
	eventually(t, "the server to carry out what it was sent", func() bool { return calls(t, s, "evalsha") > before })
	if n := calls(t, s, "evalsha") - before; n != 1 {
		t.Errorf("EVALSHA was carried out %d times, want once", n)
	}
}

func TestAnOpenedStoreKeepsToTheDeadlineOfItsContext(t *testing.T) {
	s := own(t)
	st := open(t, "redis://"+s.Addr()+"?pool=2&timeout=15s", redisstore.Options{})
	version := renew(t, st, "frozen")
	must(t, s.Freeze())
	defer s.Thaw()
	const calls = 8 // more than there are connections
	ctx, cancel := context.WithTimeout(t.Context(), 250*time.Millisecond)
	defer cancel()
	begin := time.Now()
	errs := make(chan error, 2*calls)
	for range calls {
		go func() {
			_, err := st.Load(ctx, "frozen")
			errs <- err
		}()
		go func() {
			_, err := save(ctx, st, "frozen", store.Record{Version: version})
			errs <- err
		}()
	}
	for range 2 * calls {
		if err := <-errs; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got error %v, want DeadlineExceeded", err)
		}
	}
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("calls with 250 ms took %v", took)
	}
	must(t, s.Thaw())
	eventually(t, "the store to serve again", func() bool {
		_, err := st.Load(within(t, time.Second), "frozen")
		return err == nil
	})
}

func TestAnOpenedStoreKeepsToTheTimeoutOfItsURL(t *testing.T) {
	s := own(t)
	st := open(t, "redis://"+s.Addr()+"?timeout=100ms", redisstore.Options{Timeout: time.Hour})
	renew(t, st, "frozen")
	must(t, s.Freeze())
	defer s.Thaw()
	begin := time.Now()
	if _, err := st.Load(t.Context(), "frozen"); err == nil || errors.Is(err, store.ErrNotFound) {
		t.Errorf("got error %v, want that there is no answer", err)
	}
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("a call with 100 ms took %v", took)
	}
}

func TestACancelledContextEndsAWaitThatWouldBeLong(t *testing.T) {
	s := own(t)
	c := goredis.Client(closing(t, redis.NewClient(&redis.Options{Addr: s.Addr(), ReadTimeout: 15 * time.Second, ContextTimeoutEnabled: true}))).(redisstore.Pinner)
	if _, err := c.Do(t.Context(), command(0, "PING")); err != nil {
		t.Fatal(err)
	}
	must(t, s.Freeze())
	defer s.Thaw()
	begin := time.Now()
	for _, parent := range []context.Context{t.Context(), within(t, time.Hour)} {
		ctx, cancel := context.WithCancel(parent)
		time.AfterFunc(50*time.Millisecond, cancel)
		if _, err := c.Do(ctx, command(1, "GET", "k")); !errors.Is(err, context.Canceled) {
			t.Errorf("Do: got error %v, want Canceled", err)
		}
		for _, r := range c.DoPinned(ctx, command(1, "SET", "k", "v"), command(0, "WAIT", "0", "1")) {
			if !errors.Is(r.Err, context.Canceled) {
				t.Errorf("DoPinned: got %v, want Canceled", r)
			}
		}
	}
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("calls that were cancelled after 50 ms took %v", took)
	}
}
