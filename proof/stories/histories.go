package stories

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sojourn-go/session/store"
)

// Tell has n histories happen, two at once, upon stores that open opens for two
// nodes, and returns how many were judged, and the first that makes no sense.
func Tell(t *testing.T, n int, open func() [2]store.Store) (judged int64, bad string) {
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

// Spoilt has histories show what a store does wrong: that it overwrites, or
// answers with what it saw a moment ago. Each open is of two stores for two nodes.
func Spoilt(t *testing.T, open func() [2]store.Store) {
	for name, spoil := range map[string]func(store.Store) store.Store{
		"overwriting": func(st store.Store) store.Store { return overwriting{st} },
		"out of date": func(st store.Store) store.Store {
			return &outOfDate{Store: st, was: map[string]store.Record{}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, bad := Tell(t, 1000, func() [2]store.Store {
				stores := open()
				return [2]store.Store{spoil(stores[0]), spoil(stores[1])}
			})
			if bad == "" {
				t.Error("no history of 1000 shows it")
			}
		})
	}
}
