package redis_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sojourn-go/session/adapter/redis/rueidis"
	"github.com/sojourn-go/session/internal/redisserver"
	"github.com/sojourn-go/session/store"
)

func histories() int {
	if os.Getenv("SOJOURN_LONG") != "" {
		return 5000
	}
	return 500
}

// tell has n histories happen, two at once, and returns how many were judged,
// and the first that makes no sense.
func tell(t *testing.T, n int, open func() [2]store.Store) (judged int64, bad string) {
	t.Helper()
	var seeds, good, overlap, states atomic.Int64
	var wrong atomic.Pointer[string]
	var workers sync.WaitGroup
	for range 2 {
		stores := open()
		workers.Go(func() {
			for seed := seeds.Add(1); seed <= int64(n) && wrong.Load() == nil; seed = seeds.Add(1) {
				p := remember(t, stores, uint64(seed))
				v := p.judge()
				if len(v.faults) > 0 {
					wrong.Store(new(fmt.Sprintf("%v%s", p, strings.Join(v.faults, "\n"))))
				}
				if !v.open {
					good.Add(1)
				}
				overlap.Add(int64(v.overlap))
				states.Add(int64(v.states))
			}
		})
	}
	workers.Wait()
	if text := wrong.Load(); text != nil {
		return good.Load(), *text
	}
	t.Logf("%d histories, %d judged; %.1f requests of each overlapped; %d states", n, good.Load(), float64(overlap.Load())/float64(n), states.Load())
	return good.Load(), ""
}

// openTwice opens two stores with clients of their own, for two nodes.
func openTwice(t *testing.T, way, addr string) [2]store.Store {
	t.Helper()
	var stores [2]store.Store
	for i := range stores {
		st, err := clients[way]("redis://" + addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { st.Close() })
		stores[i] = st
	}
	return stores
}

func TestHistories_over_Redis_are_linearizable(t *testing.T) {
	for _, way := range ways() {
		t.Run(way, func(t *testing.T) {
			redis := startRedis(t)
			var all []store.Store
			_, bad := tell(t, histories(), func() [2]store.Store {
				two := openTwice(t, way, redis.Addr())
				all = append(all, two[:]...)
				return two
			})
			if bad != "" {
				t.Error(bad)
			}
			hits := uint64(0)
			for _, st := range all {
				if near, ok := st.(*rueidis.CachedStore); ok {
					hits += near.Stats().Hits
				}
			}
			if cached := strings.HasSuffix(way, "cached"); cached != (hits > 0) {
				t.Errorf("%d answers came from memory", hits)
			}
			t.Logf("%d answers came from memory", hits)
		})
	}
}

// TestHistories_over_Redis_with_lost_answers: of each few writes the answer is
// swallowed, and the connection closed, with all that was under way on it.
func TestHistories_over_Redis_with_lost_answers(t *testing.T) {
	for _, way := range ways() {
		t.Run(way, func(t *testing.T) {
			proxy, err := redisserver.StartProxy(startRedis(t).Addr())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { proxy.Stop() })
			open := func() [2]store.Store { return openTwice(t, way, proxy.Addr()) }
			proxy.Lose(redisserver.Loss{Commands: []string{"SET", "EVAL", "EVALSHA"}, Every: 7})
			n := histories() / 2
			judged, bad := tell(t, n, open)
			if bad != "" {
				t.Error(bad)
			}
			if lost := proxy.Lost(); lost < n || judged < int64(n/2) {
				t.Errorf("%d answers were lost, and %d histories of %d judged: this has shown little", lost, judged, n)
			}
			t.Logf("%d answers were lost", proxy.Lost())
		})
	}
}

// What a store may do wrong, and histories must show.
type (
	overwriting struct{ store.Store } // Save ignores the version
	outOfDate   struct {              // Load answers with what it saw a moment ago
		store.Store
		mu  sync.Mutex
		was map[string]store.Record
	}
)

func (o overwriting) Save(ctx context.Context, id string, rec store.Record) (uint64, error) {
	version, err := o.Store.Save(ctx, id, rec)
	for err == store.ErrConflict {
		now, _ := o.Store.Load(ctx, id)
		rec.Version = now.Version
		version, err = o.Store.Save(ctx, id, rec)
	}
	return version, err
}

func (o *outOfDate) Load(ctx context.Context, id string) (store.Record, error) {
	o.mu.Lock()
	was, ok := o.was[id]
	o.mu.Unlock()
	if ok && time.Now().UnixNano()/1000%4 == 0 {
		was.Data = slices.Clone(was.Data)
		return was, nil
	}
	rec, err := o.Store.Load(ctx, id)
	if err == nil {
		kept := rec
		kept.Data = slices.Clone(rec.Data)
		o.mu.Lock()
		o.was[id] = kept
		o.mu.Unlock()
	}
	return rec, err
}

func TestHistories_over_Redis_show_what_a_store_does_wrong(t *testing.T) {
	redis := startRedis(t)
	for name, spoil := range map[string]func(store.Store) store.Store{
		"overwriting": func(st store.Store) store.Store { return overwriting{st} },
		"out of date": func(st store.Store) store.Store {
			return &outOfDate{Store: st, was: map[string]store.Record{}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, bad := tell(t, 1000, func() [2]store.Store {
				stores := openTwice(t, "rueidis", redis.Addr())
				return [2]store.Store{spoil(stores[0]), spoil(stores[1])}
			})
			if bad == "" {
				t.Error("no history of 1000 shows it")
			}
		})
	}
}
