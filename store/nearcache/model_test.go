package nearcache_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/nearcache"
)

const modelBound = 300 * time.Millisecond

var ids = []string{"a", "b", "c"}

// A tally says what a run has seen, so that a test which sees nothing fails.
type tally struct{ hits, stale, conflicts, lost int }

// Many goroutines on one node, and one elsewhere, work on few records; the
// history of the server says which answers are allowed.
func TestEveryAnswerFromMemoryIsAllowedByTheHistory(t *testing.T) {
	seeds := uint64(100) // for each feed
	if os.Getenv("SOJOURN_LONG") != "" {
		seeds = 2500
	}
	for f := range feeds {
		t.Run([]string{"faithful", "cuts", "lossy", "silent"}[f], func(t *testing.T) {
			var sum tally
			for seed := range seeds {
				synctest.Test(t, func(t *testing.T) { playOnce(t, f, seed, &sum) })
				if t.Failed() {
					t.Fatalf("seed %d", seed)
				}
			}
			t.Logf("%+v", sum)
			if (sum.hits == 0 || sum.stale == 0) != (f == silent) || sum.conflicts == 0 || sum.lost == 0 {
				t.Errorf("got %+v, want some of each, but no hits without a feed", sum)
			}
		})
	}
}

func playOnce(t *testing.T, f feed, seed uint64, sum *tally) {
	w := &world{feed: f, history: map[string][]state{}, seen: map[string]int{}, rand: rand.New(rand.NewPCG(seed, uint64(f)))}
	o := nearcache.Options{Bound: modelBound, MaxSessions: 1000}
	if seed%3 == 0 {
		o.MaxSessions = 2
	}
	var err error
	if w.cache, err = nearcache.New(w, o); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	w.underWay.Go(func() { w.vouch(ctx) })
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			for range 40 {
				w.act(t, sum)
				time.Sleep(w.n(20 * time.Millisecond))
			}
		})
	}
	wg.Go(func() {
		for range 20 {
			time.Sleep(w.n(100 * time.Millisecond))
			w.change(w.id(), w.next)
		}
	})
	wg.Wait()
	cancel()
	w.underWay.Wait()
}

func (w *world) id() string { return ids[w.n(time.Duration(len(ids)))] }

// next is what another node makes of a state.
func (w *world) next(state) (state, error) {
	w.version++
	return state{rec: store.Record{Version: w.version}, exists: true}, nil
}

// act does one thing on the node of the cache.
func (w *world) act(t *testing.T, sum *tally) {
	id := w.id()
	v := &view{}
	v.begin, _ = w.latest(id)
	ctx := context.WithValue(t.Context(), viewKey{}, v)
	switch n := w.n(100); {
	case n < 62:
		w.loadCached(ctx, t, id, v, sum)
		return
	case n < 72:
		w.cache.Load(ctx, id)
	case n < 92:
		_, s := w.latest(id)
		rec := store.Record{Version: s.rec.Version, Data: fmt.Append(nil, n)}
		if w.one(4) {
			rec.Expires = time.Now().Add(w.n(time.Second)).Truncate(time.Millisecond)
		}
		_, err := w.cache.Save(ctx, id, rec)
		w.count(func() {
			if errors.Is(err, store.ErrConflict) {
				sum.conflicts++
			}
			if errors.Is(err, errLost) {
				sum.lost++
			}
		})
	case n < 96:
		w.cache.Delete(ctx, id)
	case n < 99:
		w.forget(id)
		return
	default:
		w.forgetAll()
		return
	}
	w.note(id, v.end)
}

func (w *world) count(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

func (w *world) loadCached(ctx context.Context, t *testing.T, id string, v *view, sum *tally) {
	w.mu.Lock()
	least := w.seen[id]
	w.mu.Unlock()
	rec, err := w.cache.LoadCached(ctx, id)
	if v.asked {
		w.note(id, v.end)
		return
	}
	w.latest(id) // so that it has ended if it has expired
	w.mu.Lock()
	defer w.mu.Unlock()
	n, h := 0, w.history[id]
	for n < len(h) && h[n].rec.Version != rec.Version {
		n++
	}
	if err != nil || rec.Version == 0 || n == len(h) || !same(rec, h[n].rec) {
		t.Errorf("%s: got %v, %v from memory, and it never was so", id, rec, err)
		return
	}
	w.seen[id] = max(w.seen[id], n)
	if n < least {
		t.Errorf("%s: got state %d from memory, and %d was seen before", id, n, least)
	}
	if !rec.Expires.IsZero() && !time.Now().Before(rec.Expires) {
		t.Errorf("%s: got state %d from memory, %v after it expired", id, n, time.Since(rec.Expires))
	}
	sum.hits++
	if n == len(h)-1 {
		return
	}
	sum.stale++
	age, most := time.Since(h[n+1].from), modelBound
	if w.feed == faithful {
		most = delay
	}
	if age >= most {
		t.Errorf("%s: got state %d from memory, %v after it was replaced, want less than %v", id, n, age, most)
	}
}
