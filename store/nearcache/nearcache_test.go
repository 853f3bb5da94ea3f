package nearcache_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/memstore"
	"github.com/sojourn-go/session/store/nearcache"
	"github.com/sojourn-go/session/store/storetest"
)

// A fed store vouches all the time, and is told of every change at once: all
// of them are its own.
type fed struct {
	*nearcache.Store
	stop func()
}

func newFed() (fed, error) {
	s, err := nearcache.New(memstore.New(memstore.Options{}), nearcache.Options{})
	if err != nil {
		return fed{}, err
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	s.Vouch(time.Now())
	wg.Go(func() {
		tick := time.NewTicker(s.Bound() / 4)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				s.Vouch(time.Now())
			}
		}
	})
	return fed{s, sync.OnceFunc(func() { close(done); wg.Wait() })}, nil
}

func (f fed) Close() error {
	f.stop()
	return nil
}

func TestTheContractWithAFeed(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store {
		f, err := newFed()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(f.stop)
		return f
	})
}

func TestTheContractWithoutAFeed(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store {
		s, err := nearcache.New(memstore.New(memstore.Options{}), nearcache.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}

func TestTheContractToTheMillisecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		if err := storetest.Check(func() (store.Store, error) { return newFed() }); err != nil {
			t.Error(err)
		}
	})
}

func TestTheErrorOfNewNamesEveryFault(t *testing.T) {
	inner := memstore.New(memstore.Options{})
	for _, c := range []struct {
		inner  store.Store
		o      nearcache.Options
		faults []string
	}{
		{inner, nearcache.Options{}, nil},
		{inner, nearcache.Options{MaxBytes: 1, MaxSessions: 1, Bound: 100 * time.Millisecond}, nil},
		{inner, nearcache.Options{MaxBytes: 1 << 62, MaxSessions: 1 << 29, Bound: time.Minute}, nil},
		{inner, nearcache.Options{MaxBytes: 1 << 62}, nil},
		{nil, nearcache.Options{}, []string{"the first argument of New is nil"}},
		{inner, nearcache.Options{MaxBytes: -1}, []string{"Options.MaxBytes is -1"}},
		{inner, nearcache.Options{MaxSessions: -1}, []string{"Options.MaxSessions is -1"}},
		{inner, nearcache.Options{MaxSessions: 1<<29 + 1}, []string{"Options.MaxSessions is 536870913"}},
		{inner, nearcache.Options{Bound: 99 * time.Millisecond}, []string{"Options.Bound is 99ms"}},
		{inner, nearcache.Options{Bound: time.Minute + 1}, []string{"Options.Bound is 1m0.000000001s"}},
		{nil, nearcache.Options{MaxBytes: -1, MaxSessions: -1, Bound: -1}, []string{
			"the first argument of New is nil", "Options.MaxBytes", "Options.MaxSessions", "Options.Bound",
		}},
	} {
		s, err := nearcache.New(c.inner, c.o)
		if (s == nil) != (err != nil) || (err != nil) != (c.faults != nil) {
			t.Errorf("%+v: got %v, %v", c.o, s, err)
			continue
		}
		for _, fault := range c.faults {
			if !strings.HasPrefix(err.Error(), "nearcache: ") || !strings.Contains(err.Error(), fault) {
				t.Errorf("%+v: got %v, want it to name %q", c.o, err, fault)
			}
		}
	}
}

func TestTheBoundIsThatOfTheOptions(t *testing.T) {
	for want, o := range map[time.Duration]nearcache.Options{
		2 * time.Second: {},
		time.Minute:     {Bound: time.Minute},
	} {
		if got := newLab(t, o).Bound(); got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	}
}

func TestTheStoreInsideIsReachedAndLendsNothingElse(t *testing.T) {
	inner := memstore.New(memstore.Options{})
	s, err := nearcache.New(inner, nearcache.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := store.As[store.Lister](s); !ok || got != store.Lister(inner) {
		t.Errorf("the Lister is %v, want the store inside", got)
	}
	if got, ok := store.As[store.Cached](s); !ok || got != store.Cached(s) {
		t.Errorf("the Cached is %v, want the Store itself", got)
	}
	if i, ok := store.As[store.Immediate](s); ok && i.Immediate() == store.Store(s) {
		t.Error("a Store counts as immediate, and may wait for a server")
	}
}

func TestAPanicInsideIsPassedOnAndLeavesNothingLocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, nearcache.Options{})
		l.keep("old")
		ctx := with(t, call{panics: true})
		for name, f := range map[string]func(){
			"Load":       func() { l.Load(ctx, "id") },
			"LoadCached": func() { l.Forget("id"); l.LoadCached(ctx, "id") },
			"Save":       func() { l.Save(ctx, "id", store.Record{}) },
			"Delete":     func() { l.Delete(ctx, "id") },
		} {
			func() {
				defer func() {
					if got := recover(); got != "the store inside" {
						t.Errorf("%s: got panic %v, want the one of the store inside", name, got)
					}
				}()
				f()
			}()
			l.keep("after " + name)
		}
	})
}

func TestTheStatsCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, nearcache.Options{})
		if got := l.Stats(); got != (nearcache.Stats{}) {
			t.Errorf("of an empty store: got %+v", got)
		}
		l.Vouch(time.Now())
		for i := range 50 {
			id := fmt.Sprint(i)
			l.elsewhere(id, "data")
			for range 4 {
				if _, err := l.LoadCached(t.Context(), id); err != nil {
					t.Fatal(err)
				}
			}
		}
		got := l.Stats()
		if got.Hits != 150 || got.Misses != 50 || got.Sessions != 50 || got.Bytes < 50*80 || got.Bytes > 50*100 {
			t.Errorf("got %+v, want 150 hits, 50 misses, 50 sessions of 80 to 100 bytes", got)
		}
		for i := range 50 {
			l.Forget(fmt.Sprint(i))
		}
		if got := l.Stats(); got.Sessions != 0 || got.Bytes != 0 {
			t.Errorf("after Forget: got %+v, want nothing kept", got)
		}
	})
}

// Within a bubble both clocks are one; Skew parts them.
func TestTheWallClockDoesNotProlongTheBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, nearcache.Options{Bound: bound})
		l.keep("old")
		l.elsewhere("id", "new")
		l.Skew(bound - 1)
		l.Vouch(time.Now())
		l.wantMemory("old")
		l.Skew(1)
		l.Vouch(time.Now())
		l.wantAsked("new") // the wall clock was set back by the whole of Bound

		l.keep("old")
		l.Forget("id")
		setBack := func() { l.Skew(bound - 1); l.Vouch(time.Now()) }
		if _, err := l.LoadCached(with(t, call{during: setBack}), "id"); err != nil {
			t.Fatal(err)
		}
		l.wantMemory("old")
		l.Skew(1)
		l.Vouch(time.Now())
		l.wantAsked("old") // it counts from when the question was sent
	})
}

func TestTheWallClockDoesNotProlongAVouch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, nearcache.Options{Bound: bound})
		l.keep("data")
		l.Skew(bound)
		l.wantAsked("data")
		l.wantAsked("data")
	})
}

func TestAMachineThatSleptDoesNotAnswerFromBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, nearcache.Options{Bound: bound})
		l.keep("old")
		l.elsewhere("id", "new")
		time.Sleep(bound)
		l.Skew(-bound) // which the monotonic clock has not noticed
		l.wantAsked("new")
	})
}

// A record that has expired by the wall clock is there again when the clock is
// set back. What is kept of it must not be, if something newer was seen.
func TestWhatWasSeenStaysSeenWhenTheClockIsSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, nearcache.Options{Bound: bound})
		l.Vouch(time.Now())
		if _, err := l.Save(t.Context(), "id", store.Record{Expires: time.Now().Add(time.Second)}); err != nil {
			t.Fatal(err)
		}
		l.wantAsked("")
		before := l.Stats().Sessions
		time.Sleep(time.Second)
		l.elsewhere("id", "new")
		if _, err := l.Load(t.Context(), "id"); err != nil {
			t.Fatal(err)
		}
		if after := l.Stats().Sessions; before != 1 || after != 0 {
			t.Errorf("kept: %d before and %d after the Load, want 1 and 0", before, after)
		}
	})
}

func TestTheLatestVouchCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, nearcache.Options{Bound: bound})
		now := time.Now()
		l.keep("data")
		l.Vouch(now.Add(-time.Hour))
		l.Vouch(time.Time{})
		l.wantMemory("data")

		// One of the future is one of now.
		l.Vouch(now.Add(time.Hour))
		l.Forget("id")
		l.wantAsked("data")
		time.Sleep(bound - time.Millisecond)
		l.Forget("id")
		l.wantAsked("data")
		l.wantMemory("data")
		time.Sleep(time.Millisecond)
		l.wantAsked("data")
	})
}

func TestATimeWithTheMonotonicReadingVouches(t *testing.T) {
	l := newLab(t, nearcache.Options{Bound: time.Minute}) // in no bubble: there are no such readings
	for _, c := range []struct {
		at   time.Time
		want bool
	}{
		{time.Now().Add(-time.Minute), false},
		{time.Now().Add(-time.Minute).Round(0), false},
		{time.Now(), true},
	} {
		l.Vouch(c.at)
		l.elsewhere("id", c.at.String())
		l.Forget("id")
		l.cached()
		if data, memory := l.cached(); memory != c.want || data != c.at.String() {
			t.Errorf("%v: got %q, from memory: %t, want %t", c.at, data, memory, c.want)
		}
	}
}

func TestRecordsThatCannotBeKeptAreAskedForEveryTime(t *testing.T) {
	for name, c := range map[string]struct {
		id  string
		rec store.Record
	}{
		"an id that memstore refuses": {"a/b", store.Record{Version: 1}},
		"an owner of 256 bytes":       {"id", store.Record{Version: 1, Owner: strings.Repeat("a", 256)}},
		"an end of before 1970":       {"id", store.Record{Version: 1, Expires: time.Unix(-1, 0)}},
		"an end of after 9999":        {"id", store.Record{Version: 1, Expires: time.Unix(253402300800, 0)}},
	} {
		s, err := nearcache.New(always{rec: c.rec}, nearcache.Options{})
		if err != nil {
			t.Fatal(err)
		}
		s.Vouch(time.Now())
		for range 3 {
			if got, err := s.LoadCached(t.Context(), c.id); err != nil || !same(got, c.rec) {
				t.Errorf("%s: got %v, %v", name, got, err)
			}
		}
		if got := s.Stats(); got.Hits != 0 || got.Sessions != 0 {
			t.Errorf("%s: got %+v, want nothing kept", name, got)
		}
	}
}

// An always answers every Load with one record, and does nothing else.
type always struct {
	store.Store
	rec store.Record
}

func (a always) Load(context.Context, string) (store.Record, error) { return a.rec, nil }

// What expires every Bound is cleared away as others come: what is kept stays
// near what is in use, far from MaxBytes.
func TestWhatIsTooOldIsClearedAwayAsOthersCome(t *testing.T) {
	for _, b := range []time.Duration{100 * time.Millisecond, bound, time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			s, err := nearcache.New(always{}, nearcache.Options{Bound: b})
			if err != nil {
				t.Fatal(err)
			}
			const perBound = 400
			most := 0
			for i := range 8 * perBound {
				s.Vouch(time.Now())
				if _, err := s.LoadCached(t.Context(), fmt.Sprint("session-", i)); err != nil {
					t.Fatal(err)
				}
				time.Sleep(b / perBound)
				most = max(most, s.Stats().Sessions)
			}
			if most < perBound-1 || most > perBound*3/2 {
				t.Errorf("%v: at most %d kept at once, want %d to %d", b, most, perBound-1, perBound*3/2)
			}
		})
	}
}

func TestAStoreStartsNoGoroutine(t *testing.T) {
	before := runtime.NumGoroutine()
	l := newLab(t, nearcache.Options{})
	l.keep("data")
	l.ForgetAll()
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("got %d goroutines, want %d", after, before)
	}
}

func TestAnErrorOfTheStoreInsideIsPassedOnAsItIs(t *testing.T) {
	l := newLab(t, nearcache.Options{})
	down := errors.New("down")
	ctx := with(t, call{fail: down})
	_, loadErr := l.Load(ctx, "id")
	_, cachedErr := l.LoadCached(ctx, "id")
	_, saveErr := l.Save(ctx, "id", store.Record{})
	for method, err := range map[string]error{
		"Load": loadErr, "LoadCached": cachedErr, "Save": saveErr, "Delete": l.Delete(ctx, "id"),
	} {
		if err != down { // itself, not wrapped
			t.Errorf("%s: got %v, want %v", method, err, down)
		}
	}
}
