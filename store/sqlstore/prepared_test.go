package sqlstore_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"sync"
	"testing"

	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/sqlstore"
)

// PostgreSQL refuses a plan from before a column changed its type.
const cachedPlan = stateError("0A000")

// aged is a database that refuses the plans of the first statements that were
// prepared of each text.
func aged(n int) *fake {
	f := &fake{}
	f.answer = func(_ context.Context, text string, _ []any) reply {
		if len(f.all("prepare "+text)) <= n {
			return reply{err: cachedPlan}
		}
		return reply{affected: 1, rows: [][]driver.Value{{int64(7), nil, "", []byte("x")}}}
	}
	return f
}

func TestALoadIsTriedAgainIfItsPlanIsStale(t *testing.T) {
	f := aged(1)
	s := f.store(t, sqlstore.Postgres, sqlstore.Options{})
	for range 2 {
		if rec, err := s.Load(t.Context(), "a"); err != nil || rec.Version != 7 {
			t.Errorf("got %+v, %v", rec, err)
		}
	}
	if got, want := f.words(), "prepare SELECT, queried SELECT, prepare SELECT, queried SELECT, queried SELECT"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if f.statements != 1 {
		t.Errorf("%d statements are open, want the last alone", f.statements)
	}
}

func TestOfManyThatFindAPlanStaleOnePreparesAnother(t *testing.T) {
	f := aged(1)
	s := f.store(t, sqlstore.Postgres, sqlstore.Options{})
	var wg sync.WaitGroup
	for range 3 { // so many go by themselves
		wg.Go(func() {
			for range 50 {
				if _, err := s.Load(t.Context(), "a"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait() // what was opened too much, the pool finds out at its end
}

func TestASaveIsNotTriedAgainIfItsPlanIsStaleButTheNextPreparesAnother(t *testing.T) {
	f := aged(1)
	s := f.store(t, sqlstore.Postgres, sqlstore.Options{})
	if _, err := s.Save(t.Context(), "a", store.Record{}); !errors.Is(err, cachedPlan) || len(f.all("executed")) != 1 {
		t.Errorf("got %v after %s", err, f.words())
	}
	if _, err := s.Save(t.Context(), "a", store.Record{}); err != nil {
		t.Error(err)
	}
}

func TestALoadDoesNotTryForEver(t *testing.T) {
	for _, direct := range []bool{false, true} {
		f := aged(1000)
		s := f.store(t, sqlstore.Postgres, sqlstore.Options{Direct: direct})
		if _, err := s.Load(t.Context(), "a"); !errors.Is(err, cachedPlan) {
			t.Errorf("got %v", err)
		}
		if n := len(f.all("quer")); n < 2 || n > 20 {
			t.Errorf("direct %v: it was tried %d times: %s", direct, n, f.words())
		}
	}
}
