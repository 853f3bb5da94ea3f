package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/sojourn-go/session/adapter/sqlite"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/sqlstore"
)

// withRows opens a file with a table of the application's own.
func withRows(t *testing.T) *sqlite.Store {
	t.Helper()
	st := open(t, newPath(t))
	_, err := st.DB().ExecContext(t.Context(), "CREATE TABLE orders (id INTEGER PRIMARY KEY, thing TEXT)")
	must(t, err)
	return st
}

func orders(t *testing.T, st *sqlite.Store) (n int) {
	t.Helper()
	must(t, st.DB().QueryRowContext(t.Context(), "SELECT count(*) FROM orders").Scan(&n))
	return n
}

func TestASessionAndTheApplicationsRowsAreKeptTogetherOrNotAtAll(t *testing.T) {
	t.Parallel()
	for _, commit := range []bool{true, false} {
		t.Run(fmt.Sprint("commit ", commit), func(t *testing.T) {
			t.Parallel()
			st := withRows(t)
			v := save(t, st, "a", "before", 0)
			tx, err := st.DB().BeginTx(t.Context(), nil)
			must(t, err)
			defer func() { _ = tx.Rollback() }()
			_, err = tx.ExecContext(t.Context(), "INSERT INTO orders (thing) VALUES ('book')")
			must(t, err)
			inTx := sqlstore.WithTx(t.Context(), tx)
			_, err = st.Save(inTx, "a", store.Record{Data: []byte("after"), Version: v})
			must(t, err)
			want(t, st, "a", "before") // for everybody outside
			if !commit {
				must(t, tx.Rollback())
				want(t, st, "a", "before")
				if n := orders(t, st); n != 0 {
					t.Errorf("got %d orders, want none", n)
				}
				return
			}
			must(t, tx.Commit())
			want(t, st, "a", "after")
			if n := orders(t, st); n != 1 {
				t.Errorf("got %d orders, want 1", n)
			}
		})
	}
}

func TestASaveInATransactionIsStillCompareAndSwap(t *testing.T) {
	t.Parallel()
	st := withRows(t)
	v := save(t, st, "a", "one", 0)
	save(t, st, "a", "two", v)
	tx, err := st.DB().BeginTx(t.Context(), nil)
	must(t, err)
	defer func() { _ = tx.Rollback() }()
	if _, err := st.Save(sqlstore.WithTx(t.Context(), tx), "a", store.Record{Version: v}); !errors.Is(err, store.ErrConflict) {
		t.Errorf("got error %v, want a conflict", err)
	}
}

// However many transactions of the application wait for one another, sessions
// are read meanwhile.
func TestTransactionsThatWaitHinderNoReader(t *testing.T) {
	t.Parallel()
	st := withRows(t)
	save(t, st, "a", "here", 0)
	first, err := st.DB().BeginTx(t.Context(), nil)
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for range 40 {
		all.Go(func() {
			if tx, err := st.DB().BeginTx(ctx, nil); err == nil {
				_ = tx.Rollback()
			}
		})
	}
	for deadline := time.Now().Add(10 * time.Second); st.DB().Stats().InUse < 41; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d connections in use", st.DB().Stats().InUse)
		}
	}
	rec, err := st.Load(within(t, 4*time.Second), "a")
	if err != nil || string(rec.Data) != "here" {
		t.Errorf("got %q, error %v", rec.Data, err)
	}
	cancel()
	all.Wait()
	must(t, first.Rollback())
}

// A transaction that reads first and then writes does not fail because another
// one has written in between, as SQLite's deferred ones do.
func TestATransactionThatReadsFirstMayWrite(t *testing.T) {
	t.Parallel()
	st := withRows(t)
	const writers, each = 4, 10
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for range each {
				if err := addOrder(t.Context(), st); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if n := orders(t, st); n != writers*each {
		t.Errorf("got %d orders, want %d", n, writers*each)
	}
}

func addOrder(ctx context.Context, st *sqlite.Store) error {
	tx, err := st.DB().BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	var last int
	if err := tx.QueryRowContext(ctx, "SELECT coalesce(max(id), 0) FROM orders").Scan(&last); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO orders (id, thing) VALUES (?, 'book')", last+1); err != nil {
		return err
	}
	return tx.Commit()
}
