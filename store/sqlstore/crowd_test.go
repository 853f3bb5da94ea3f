package sqlstore_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/sqlstore"
)

// A crowded database lets no load of a single record go on until it is told to.
type crowded struct {
	*fake
	release chan bool
	shared  error // what a query for many records comes to
}

func newCrowded() *crowded {
	c := &crowded{fake: &fake{}, release: make(chan bool)}
	c.answer = func(ctx context.Context, text string, args []any) reply {
		id := args[0].(string)
		if !strings.Contains(text, "ANY") {
			select {
			case <-c.release:
			case <-ctx.Done():
				return reply{err: ctx.Err()}
			}
			return reply{rows: [][]driver.Value{{int64(1), nil, "", []byte(id)}}}
		}
		var r reply
		r.err = c.shared
		seen := map[string]bool{}
		for id := range strings.SplitSeq(strings.Trim(id, "{}"), ",") {
			if id = strings.Trim(id, `"`); id != "none" && !seen[id] {
				r.rows = append(r.rows, []driver.Value{id, int64(1), nil, "", []byte(id)})
			}
			seen[id] = true
		}
		return r
	}
	return c
}

// loads loads ids at once, and returns what they came to when all are back.
func loads(ctx context.Context, s *sqlstore.Store, ids ...string) (wait func() []error) {
	errs := make([]error, len(ids))
	var wg sync.WaitGroup
	for i, id := range ids {
		wg.Go(func() {
			rec, err := s.Load(ctx, id)
			if err == nil && string(rec.Data) != id {
				err = fmt.Errorf("got the record of %q", rec.Data)
			}
			if err == nil {
				rec.Data[0] = '!' // it is the caller's alone
			}
			errs[i] = err
		})
	}
	synctest.Wait()
	return func() []error { wg.Wait(); return errs }
}

func four() []string { return []string{"f1", "f2", "f3", "f4"} }

func TestLoadsThatComeWhileOthersAreUnderWayShareOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowded()
		s := c.store(t, sqlstore.Postgres, sqlstore.Options{Direct: true})
		few := loads(t.Context(), s, four()...)
		many := loads(t.Context(), s, "a", "b", "b", "NULL", "none", "c.-_")
		c.forget()
		c.release <- true // one is back
		for i, err := range many() {
			if i == 4 && !errors.Is(err, store.ErrNotFound) || i != 4 && err != nil {
				t.Errorf("load %d: got %v", i, err)
			}
		}
		close(c.release)
		if err := errors.Join(few()...); err != nil {
			t.Error(err)
		}
		if n := len(c.all("query")); n != 1 {
			t.Errorf("got %d queries for 6 that waited, want 1: %q", n, c.all("query"))
		}
	})
}

func TestAFewLoadsGoByThemselvesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowded()
		s := c.store(t, sqlstore.Postgres, sqlstore.Options{Direct: true})
		close(c.release)
		for range 3 {
			if err := errors.Join(loads(t.Context(), s, four()...)()...); err != nil {
				t.Error(err)
			}
		}
		if n := len(c.all("query")); n != 12 {
			t.Errorf("got %d queries, want 12", n)
		}
	})
}

func TestWhoHasWaitedForLongEnoughAsksByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowded()
		s := c.store(t, sqlstore.Postgres, sqlstore.Options{Direct: true})
		few := loads(t.Context(), s, four()...)
		many := loads(t.Context(), s, "a", "b")
		if n := len(c.all("query")); n != 4 {
			t.Errorf("got %d queries at first, want 4", n)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if n := len(c.all("query")); n != 6 {
			t.Errorf("got %d queries after a second, want 6", n)
		}
		close(c.release)
		if err := errors.Join(append(few(), many()...)...); err != nil {
			t.Error(err)
		}
	})
}

func TestWhoseContextIsDoneLeavesTheCrowd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowded()
		s := c.store(t, sqlstore.Postgres, sqlstore.Options{Direct: true})
		few := loads(t.Context(), s, four()...)
		ctx, cancel := context.WithCancel(t.Context())
		gone := loads(ctx, s, "a", "b")
		stays := loads(t.Context(), s, "c")
		cancel()
		for _, err := range gone() {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want context.Canceled", err)
			}
		}
		close(c.release)
		if err := errors.Join(append(few(), stays()...)...); err != nil {
			t.Error(err)
		}
		if got := strings.Join(c.all("query"), " "); strings.Contains(got, "ANY") {
			t.Errorf("the one that stayed asked for others: %s", got)
		}
	})
}

func TestAnErrorOfASharedLoadIsNobodyElses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowded()
		c.shared = errors.New("the connection was lost")
		s := c.store(t, sqlstore.Postgres, sqlstore.Options{Direct: true})
		few := loads(t.Context(), s, four()...)
		many := loads(t.Context(), s, "a", "b", "c")
		close(c.release)
		failed := 0
		for _, err := range many() {
			if err != nil {
				failed++
			}
		}
		if err := errors.Join(few()...); err != nil {
			t.Error(err)
		}
		if failed > 1 {
			t.Errorf("%d loads failed, want that of the one that asked, at most", failed)
		}
	})
}
