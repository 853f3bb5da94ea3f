package store_test

import (
	"context"
	"errors"
	"iter"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session/store"
)

// A bare store has no abilities. Its methods are not called.
type bare struct{ store.Store }

// A lister yields its entries.
type lister struct {
	store.Store
	entries []store.Entry
}

func (l lister) List(context.Context) iter.Seq2[store.Entry, error] {
	return func(yield func(store.Entry, error) bool) {
		for _, e := range l.entries {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// A sweeper notes when it was swept.
type sweeper struct {
	store.Store
	swept *[]time.Duration // since start
	start time.Time
	err   error // returned by the third Sweep
}

func (s sweeper) Sweep(context.Context) (int, error) {
	*s.swept = append(*s.swept, time.Since(s.start))
	if len(*s.swept) == 3 {
		return 0, s.err
	}
	return 1, nil
}

func newSweeper(err error) sweeper {
	return sweeper{swept: new([]time.Duration), start: time.Now(), err: err}
}

// A wrapper has a store inside.
type wrapper struct{ store.Store }

func (w wrapper) Unwrap() store.Store { return w.Store }

func TestAsFindsTheFirstInTheChain(t *testing.T) {
	inner, outer := lister{Store: bare{}}, lister{Store: bare{}, entries: make([]store.Entry, 1)}
	for name, test := range map[string]struct {
		s    store.Store
		want int // entries of what is found, -1 if nothing
	}{
		"itself":                      {outer, 1},
		"inside a wrapper":            {wrapper{outer}, 1},
		"inside two":                  {wrapper{wrapper{outer}}, 1},
		"no further than the first":   {twice{outer, inner}, 1},
		"not in a bare store":         {bare{}, -1},
		"not inside what is wrapped":  {wrapper{bare{outer}}, -1},
		"not in a wrapper of nothing": {wrapper{}, -1},
		"not in nothing":              {nil, -1},
	} {
		l, ok := store.As[store.Lister](test.s)
		got := -1
		if ok {
			got = 0
			for range l.List(t.Context()) {
				got++
			}
		}
		if got != test.want {
			t.Errorf("As[Lister], %s: got %d, want %d", name, got, test.want)
		}
	}
}

// twice is a lister around another one.
type twice struct {
	lister
	inner store.Store
}

func (t twice) Unwrap() store.Store { return t.inner }

func TestAsFindsAStoreByItsOwnType(t *testing.T) {
	want := newSweeper(nil)
	got, ok := store.As[sweeper](wrapper{want})
	if !ok || got.swept != want.swept {
		t.Errorf("As[sweeper]: got %v, %t, want the one inside", got, ok)
	}
	if _, ok := store.As[store.Store](bare{}); !ok {
		t.Error("As[Store]: got none, want the store itself")
	}
}

func TestAllIsListOfTheStoreInside(t *testing.T) {
	var ids []string
	l := lister{entries: []store.Entry{{ID: "a"}, {ID: "b"}, {ID: "c"}}}
	for e, err := range store.All(t.Context(), wrapper{l}) {
		if err != nil {
			t.Fatal(err)
		}
		if ids = append(ids, e.ID); e.ID == "b" {
			break
		}
	}
	if !slices.Equal(ids, []string{"a", "b"}) {
		t.Errorf("All until b: got %q, want a and b", ids)
	}
}

func TestAllOfAStoreThatCannotListIsOneErrUnsupported(t *testing.T) {
	calls := 0
	for e, err := range store.All(t.Context(), bare{}) {
		calls++
		if e.ID != "" || !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("All: got %q, %v, want an error that wraps %v", e.ID, err, errors.ErrUnsupported)
		}
	}
	if calls != 1 {
		t.Errorf("All: got %d entries and errors, want one error", calls)
	}
}

func TestSweepEverySweepsNowAndThenOncePerPeriod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 150*time.Second)
		defer cancel()
		s := newSweeper(nil)
		if err := store.SweepEvery(ctx, wrapper{s}, time.Minute); err != context.DeadlineExceeded {
			t.Errorf("SweepEvery: got %v, want the context's error", err)
		}
		if got := time.Since(s.start); got != 150*time.Second {
			t.Errorf("SweepEvery: got back after %v, want as soon as the context was done", got)
		}
		wantSwept(t, s, 0, time.Minute, 2*time.Minute)
	})
}

func TestSweepEveryEndsWithTheFirstErrorOfSweep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("no server")
		s := newSweeper(broken)
		if err := store.SweepEvery(t.Context(), s, time.Second); err != broken {
			t.Errorf("SweepEvery: got %v, want %v", err, broken)
		}
		wantSwept(t, s, 0, time.Second, 2*time.Second)
	})
}

func TestSweepEveryDoesNotSweepWhenTheContextIsDone(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := newSweeper(nil)
	if err := store.SweepEvery(ctx, s, time.Second); err != context.Canceled {
		t.Errorf("SweepEvery: got %v, want %v", err, context.Canceled)
	}
	wantSwept(t, s)
}

func TestSweepEveryOnlyWaitsIfTheStoreClearsUpByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		start := time.Now()
		if err := store.SweepEvery(ctx, bare{}, time.Second); err != context.DeadlineExceeded {
			t.Errorf("SweepEvery: got %v, want the context's error", err)
		}
		if got := time.Since(start); got != time.Hour {
			t.Errorf("SweepEvery: got back after %v, want as soon as the context was done", got)
		}
	})
}

func TestSweepEveryPanicsWithoutAPeriod(t *testing.T) {
	for _, every := range []time.Duration{0, -1} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("SweepEvery(%v): got no panic, want one", every)
				}
			}()
			store.SweepEvery(t.Context(), bare{}, every)
		}()
	}
}

func wantSwept(t *testing.T, s sweeper, want ...time.Duration) {
	t.Helper()
	if got := *s.swept; !slices.Equal(got, want) {
		t.Errorf("sweeps: got %v, want %v", got, want)
	}
}
