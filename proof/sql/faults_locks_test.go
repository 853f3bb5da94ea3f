package sql_test

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/proof/stories/crowd"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/sqlstore"
)

// Where every statement is a serializable transaction the database refuses some
// of those that meet. Nobody but the store notices.
func serializable(t *testing.T, p *patient) {
	p.say(t, map[string][]string{
		"postgres": {"ALTER ROLE app SET default_transaction_isolation = 'serializable'"},
		"mysql":    {"SET GLOBAL TRANSACTION ISOLATION LEVEL SERIALIZABLE"},
	})
	defer p.say(t, map[string][]string{
		"postgres": {"ALTER ROLE app RESET default_transaction_isolation"},
		"mysql":    {"SET GLOBAL TRANSACTION ISOLATION LEVEL REPEATABLE READ"},
	})
	w := p.letIn(t, p.Addr(), session.Options{})
	w.GoesOn(100)
	w.Closes()
}

// While a transaction that others depend upon is being committed, which takes as
// long as the disk does, PostgreSQL refuses every serializable read of what it
// has changed, however often it is sent again. (Ten times were over before the
// disk was done, and a page was answered 503.) Here the transaction is prepared,
// and so the test says when it is committed.
func slowCommit(t *testing.T, p *patient) {
	ctx, table := t.Context(), newTable()
	dsn := extended(p.dsn(p.Addr()), "default_transaction_isolation=serializable")
	db := p.driver.connect(t, dsn)
	st := p.driver.store(t, db, sqlstore.Options{Table: table})
	check(t, st.Create(ctx))
	for _, id := range []string{"a", "b"} {
		_, err := st.Save(ctx, id, store.Record{Data: []byte("data")})
		check(t, err)
	}
	conn, err := db.Conn(ctx)
	check(t, err)
	defer conn.Close()
	do := func(text string) {
		t.Helper()
		_, err := conn.ExecContext(ctx, text)
		check(t, err)
	}
	do("BEGIN")
	do("SELECT version FROM " + table + " WHERE id = 'b'")
	rec, err := st.Load(ctx, "b")
	check(t, err)
	_, err = st.Save(ctx, "b", rec)
	check(t, err)
	do("UPDATE " + table + " SET version = version + 1 WHERE id = 'a'")
	do("PREPARE TRANSACTION 'slow'")
	if err := readOnce(ctx, db, table); sqlState(err) != "40001" {
		t.Fatalf("a read: %v, want SQLSTATE 40001", err)
	}
	loaded := make(chan error, 1)
	begun := time.Now()
	go func() {
		_, err := st.Load(ctx, "a")
		loaded <- err
	}()
	select {
	case err := <-loaded:
		t.Errorf("Load, before the commit was done, %v after it began: %v", time.Since(begun), err)
		loaded <- err
	case <-time.After(200 * time.Millisecond):
	}
	do("COMMIT PREPARED 'slow'")
	if err := <-loaded; err != nil {
		t.Errorf("Load: %v", err)
	}
}

func readOnce(ctx context.Context, db *sql.DB, table string) error {
	var version int64
	return db.QueryRowContext(ctx, "SELECT version FROM "+table+" WHERE id = 'a'").Scan(&version)
}

// Transactions of the application lock the rows of two sessions, one of them in
// the opposite order, and the database ends the deadlock. Requests wait until it
// has.
func deadlocks(t *testing.T, p *patient) {
	w := p.letIn(t, p.Addr(), session.Options{})
	const enough = 5
	ended := 0
	for range 20 * enough {
		var ids []string
		for _, v := range w.Visitors {
			if token := v.Token(); token != "" && len(ids) < 2 {
				ids = append(ids, crowd.IDOf(token))
			}
		}
		if len(ids) == 2 && lockOpposite(t, p, w, ids) {
			ended++
		}
		w.GoesOn(1)
		if ended == enough {
			break
		}
	}
	if ended < enough {
		t.Errorf("the database ended %d deadlocks, want %d", ended, enough)
	}
	w.Closes()
}

// lockOpposite reports whether one of two transactions was the victim.
func lockOpposite(t *testing.T, p *patient, w *ward, ids []string) bool {
	t.Helper()
	var both, out sync.WaitGroup
	errs := make([]error, 2)
	both.Add(2)
	for i := range errs {
		order := slices.Clone(ids)
		if i == 1 {
			slices.Reverse(order)
		}
		out.Go(func() { errs[i] = lockRows(t.Context(), p.admin, w.table, order, &both) })
	}
	out.Wait()
	return errs[0] != nil || errs[1] != nil
}

// lockRows locks the first row, waits until the other transaction has done so
// too, and locks the second.
func lockRows(ctx context.Context, db *sql.DB, table string, ids []string, both *sync.WaitGroup) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		both.Done()
		return err
	}
	defer tx.Rollback()
	for i, id := range ids {
		var version int64
		err := tx.QueryRowContext(ctx, fmt.Sprintf("SELECT version FROM %s WHERE id = '%s' FOR UPDATE", table, id)).Scan(&version)
		if i == 0 {
			both.Done()
			both.Wait()
		}
		if err == sql.ErrNoRows {
			return nil // the session is over
		}
		if err != nil {
			return err
		}
	}
	return nil
}
