package rueidis_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
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

func proxied(t *testing.T, s *redisserver.Server) *redisserver.Proxy {
	t.Helper()
	p, err := redisserver.StartProxy(s.Addr())
	must(t, err)
	t.Cleanup(func() { p.Stop() })
	return p
}

// A Save that rueidis sent again would conflict with itself.
func TestASaveIsSentOnceWhenItsAnswerIsLost(t *testing.T) {
	p := proxied(t, shared(t, alone))
	for _, o := range []redisstore.Options{{}, {Replicas: 1, ReplicaTimeout: 10 * time.Millisecond}} {
		given, err := rueidis.New(connect(t, p.Addr()), o)
		must(t, err)
		cached := openCached(t, "redis://"+p.Addr(), o, nearcache.Options{})
		for _, st := range []store.Store{open(t, "redis://"+p.Addr(), o), given, cached} {
			sentOnce(t, p, st, o.Replicas)
		}
	}
}

func sentOnce(t *testing.T, p *redisserver.Proxy, st store.Store, replicas int) {
	t.Helper()
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
		version := again(t, st, "once", "v", renew(t, st, "once", "u")) // the server knows the script now
		p.Reset()
		p.Lose(redisserver.Loss{Commands: []string{command}})
		err := next(version)
		if err == nil || errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrNotDurable) {
			t.Errorf("%T, %d replicas: %s without its answer: got error %v, want that it is not known", st, replicas, command, err)
		}
		if n := p.Counts()[command]; n != 1 {
			t.Errorf("%T, %d replicas: %s was sent %d times, want once", st, replicas, command, n)
		}
	}
}

// The proof that the test above can fail: a read is sent again.
func TestALoadIsSentAgain(t *testing.T) {
	p := proxied(t, shared(t, alone))
	st := open(t, "redis://"+p.Addr(), redisstore.Options{})
	p.Lose(redisserver.Loss{Commands: []string{"GET"}})
	if _, err := st.Load(t.Context(), "nobody"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("got error %v, want ErrNotFound of the second GET", err)
	}
	if n := p.Counts()["GET"]; n != 2 {
		t.Errorf("GET was sent %d times, want twice", n)
	}
}

func TestACallEndsWithItsContext(t *testing.T) {
	s := own(t)
	stores := []store.Store{open(t, "redis://"+s.Addr()+"?timeout=1h&dial_timeout=1h", redisstore.Options{Replicas: 1})}
	given, err := rueidis.New(connect(t, s.Addr()), redisstore.Options{Replicas: 1})
	must(t, err)
	stores = append(stores, given)
	version := renew(t, given, "frozen", "v")
	must(t, s.Freeze())
	defer s.Thaw()
	for _, st := range stores {
		for name, call := range map[string]func(ctx context.Context) error{
			"Load":           func(ctx context.Context) error { _, err := st.Load(ctx, "frozen"); return err },
			"Save":           func(ctx context.Context) error { _, err := save(ctx, st, "frozen", record("w", version)); return err },
			"a durable Save": func(ctx context.Context) error { _, err := save(ctx, st, "f", store.Record{Durable: true}); return err },
			"Delete":         func(ctx context.Context) error { return st.Delete(ctx, "frozen") },
		} {
			together(t, name, call)
		}
	}
	must(t, s.Thaw())
	eventually(t, "the stores to serve again", func() bool {
		for _, st := range stores {
			if _, err := st.Load(within(t, time.Second), "nobody"); !errors.Is(err, store.ErrNotFound) {
				return false
			}
		}
		return true
	})
}

// together makes several calls at once, some that reach their deadline, and some
// that are cancelled long before it.
func together(t *testing.T, name string, call func(context.Context) error) {
	t.Helper()
	begin := time.Now()
	errs := make(chan error)
	for i := range 8 {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		want := context.DeadlineExceeded
		if i%2 == 0 {
			want = context.Canceled
			ctx, cancel = context.WithTimeout(t.Context(), time.Hour)
			time.AfterFunc(100*time.Millisecond, cancel)
		}
		go func() {
			defer cancel()
			err := call(ctx)
			if !errors.Is(err, want) {
				errs <- fmt.Errorf("got error %v, want %w", err, want)
				return
			}
			errs <- nil
		}()
	}
	for range 8 {
		if err := <-errs; err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("%s with 100 ms took %v", name, took)
	}
}

// A pipeline of rueidis has 1024 places. Who finds none waits for one whatever
// its context says, so there must always be one.
func TestMoreCallsThanAPipelineHoldsEndWithTheirContexts(t *testing.T) {
	s := own(t)
	st := open(t, "redis://"+s.Addr()+"?timeout=1h&dial_timeout=1h", redisstore.Options{})
	version := renew(t, st, "full", "v")
	calls := []func(context.Context) error{
		func(ctx context.Context) error { _, err := st.Load(ctx, "full"); return err },
		func(ctx context.Context) error { _, err := save(ctx, st, "full", record("w", version)); return err },
	}
	begin := make(chan time.Time)
	var all sync.WaitGroup
	for i := range 5000 {
		all.Go(func() {
			<-begin
			ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			defer cancel()
			if err := calls[i%2](ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got error %v, want DeadlineExceeded", err)
			}
		})
	}
	_, err := st.Load(t.Context(), "full") // there was an answer a moment ago
	must(t, err)
	must(t, s.Freeze())
	stuck := time.AfterFunc(10*time.Second, func() {
		t.Error("calls with 500 ms are there after 10 s")
		s.Thaw()
	})
	close(begin)
	all.Wait()
	stuck.Stop()
	must(t, s.Thaw())
	eventually(t, "the store to serve again", func() bool {
		_, err := st.Load(within(t, time.Second), "full")
		return err == nil
	})
}

func TestMoreCallersThanAPipelineHoldsAreServed(t *testing.T) {
	for _, top := range topologies() {
		t.Run(top.name, func(t *testing.T) {
			st := open(t, top.url(t), redisstore.Options{Prefix: t.Name() + ":", Timeout: time.Minute})
			var all sync.WaitGroup
			for i := range 3000 {
				all.Go(func() {
					id := fmt.Sprint("many", i)
					_, err := save(t.Context(), st, id, record(id, 0))
					rec, loadErr := st.Load(t.Context(), id)
					if err := errors.Join(err, loadErr, st.Delete(t.Context(), id)); err != nil || string(rec.Data) != id {
						t.Errorf("%s: got %q, error %v", id, rec.Data, err)
					}
				})
			}
			all.Wait()
		})
	}
}

// Those who ask while a server is silent leave nothing behind that grows.
func TestCallsThatEndedLeaveFewGoroutines(t *testing.T) {
	s := own(t)
	st := open(t, "redis://"+s.Addr()+"?timeout=1h&dial_timeout=1h", redisstore.Options{})
	renew(t, st, "frozen", "v")
	must(t, s.Freeze())
	defer s.Thaw()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := st.Load(ctx, "frozen"); err == nil { // this one finds out
		t.Error("a frozen server answers")
	}
	before := runtime.NumGoroutine()
	for range 50 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		if _, err := st.Load(ctx, "frozen"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got error %v, want DeadlineExceeded", err)
		}
		cancel()
	}
	if more := runtime.NumGoroutine() - before; more > 10 {
		t.Errorf("after 50 calls there are %d goroutines more", more)
	}
}

func TestAClosedClientIsAnErrorAtOnce(t *testing.T) {
	st := open(t, "redis://"+shared(t, alone).Addr(), redisstore.Options{Timeout: time.Hour})
	must(t, st.Close())
	if _, err := st.Load(t.Context(), "nobody"); !errors.Is(err, client.ErrClosing) {
		t.Errorf("got error %v, want ErrClosing", err)
	}
}
