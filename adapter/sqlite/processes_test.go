package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sojourn-go/session/adapter/sqlite"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/sqlstore"
)

func init() {
	roles["count"] = count
	roles["lock"] = lock
}

const (
	counters = 4  // goroutines of each process
	rounds   = 50 // of each goroutine
)

// count increments the counter as often as is asked of one process.
func count(args []string) error {
	st, err := sqlite.Open(args[0], sqlstore.Options{})
	if err != nil {
		return err
	}
	errs := make([]error, counters)
	var all sync.WaitGroup
	for i := range counters {
		all.Go(func() {
			for range rounds {
				errs[i] = errors.Join(errs[i], increment(context.Background(), st))
			}
		})
	}
	all.Wait()
	return errors.Join(errors.Join(errs...), st.Close())
}

// increment adds one, again and again if somebody else is faster.
func increment(ctx context.Context, st store.Store) error {
	for {
		rec, err := st.Load(ctx, "counter")
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		n, _ := strconv.Atoi(string(rec.Data))
		rec.Data = []byte(strconv.Itoa(n + 1))
		if _, err := st.Save(ctx, "counter", rec); !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
}

func TestTwoProcessesOnOneFileLoseNoUpdate(t *testing.T) {
	t.Parallel()
	path := newPath(t) // which both want to make
	both := []*process{begin(t, "count", path), begin(t, "count", path)}
	for _, p := range both {
		p.end()
	}
	want(t, open(t, path), "counter", strconv.Itoa(2*counters*rounds))
}

// What another process saved or deleted is seen at once.
func TestLoadSeesWhatAnotherOpenerDid(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	one, other := open(t, path), open(t, path)
	v := save(t, one, "a", "one", 0)
	want(t, other, "a", "one")
	save(t, other, "a", "two", v)
	want(t, one, "a", "two")
	must(t, one.Delete(t.Context(), "a"))
	want(t, other, "a", "")
}

// lock holds the lock of writers until the parent is done with it.
func lock(args []string) error {
	st, err := sqlite.Open(args[0], sqlstore.Options{})
	if err != nil {
		return err
	}
	tx, err := st.DB().Begin()
	if err != nil {
		return err
	}
	fmt.Println("locked")
	untilClosed()
	return errors.Join(tx.Rollback(), st.Close())
}

func TestALockOfAnotherProcessIsAnErrorAtTheDeadlineAndHindersNoReader(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	st := open(t, path)
	v := save(t, st, "a", "before", 0)
	other := begin(t, "lock", path)
	other.line()

	const patience = 300 * time.Millisecond
	calls := map[string]func(context.Context) error{
		"Save": func(ctx context.Context) error {
			_, err := st.Save(ctx, "a", store.Record{Version: v})
			return err
		},
		"Delete": func(ctx context.Context) error { return st.Delete(ctx, "a") },
		"BeginTx": func(ctx context.Context) error {
			tx, err := st.DB().BeginTx(ctx, nil)
			if err == nil {
				err = errors.Join(errors.New("it has begun"), tx.Rollback())
			}
			return err
		},
		"Exec of the application": func(ctx context.Context) error {
			_, err := st.DB().ExecContext(ctx, "CREATE TABLE mine (a)")
			return err
		},
	}
	var all sync.WaitGroup
	for what, call := range calls {
		all.Go(func() {
			asked := time.Now()
			err := call(within(t, patience))
			if took := time.Since(asked); took > patience+3*time.Second { // SQLite's own would be 5 s, on a quiet machine
				t.Errorf("%s with %v took %v", what, patience, took)
			}
			if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, store.ErrConflict) {
				t.Errorf("%s: got error %v, want that of the deadline", what, err)
			}
		})
	}
	want(t, st, "a", "before")
	if err := st.DB().QueryRowContext(t.Context(), "SELECT 1 FROM sojourn_sessions").Scan(new(int)); err != nil {
		t.Errorf("reading while another process writes: %v", err)
	}
	all.Wait()
	other.end()
	save(t, st, "a", "after", v)
}

func TestALockIsAwaitedForFiveSecondsAtMost(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	st := open(t, path)
	other := begin(t, "lock", path)
	other.line()
	var all sync.WaitGroup
	for _, query := range []string{"CREATE TABLE a (a)", "CREATE TABLE b (b); CREATE TABLE c (c)"} {
		all.Go(func() {
			asked := time.Now()
			_, err := st.DB().ExecContext(t.Context(), query)
			if err == nil || !strings.Contains(err.Error(), "locked") || time.Since(asked) < 4900*time.Millisecond {
				t.Errorf("%s: after %v: got error %v", query, time.Since(asked), err)
			}
		})
	}
	all.Wait()
	other.end()
}

// Of several statements in one text the first must not be carried out again,
// because the second has to wait for a lock.
func TestStatementsInOneTextAreCarriedOutOnce(t *testing.T) {
	t.Parallel()
	const table = "CREATE TABLE mine (a)"
	st, busy := open(t, newPath(t)), open(t, newPath(t))
	for _, s := range []*sqlite.Store{st, busy} {
		_, err := s.DB().ExecContext(t.Context(), table)
		must(t, err)
	}
	var file string
	must(t, busy.DB().QueryRowContext(t.Context(), "SELECT file FROM pragma_database_list").Scan(&file))
	c, err := st.DB().Conn(t.Context())
	must(t, err)
	defer c.Close()
	_, err = c.ExecContext(t.Context(), "ATTACH ? AS busy", file)
	must(t, err)
	lock, err := busy.DB().BeginTx(t.Context(), nil)
	must(t, err)
	defer func() { _ = lock.Rollback() }()

	var all sync.WaitGroup
	all.Go(func() {
		if _, err := c.ExecContext(t.Context(), "INSERT INTO main.mine VALUES (1); INSERT INTO busy.mine VALUES (2)"); err != nil {
			t.Error(err)
		}
	})
	for deadline := time.Now().Add(10 * time.Second); rows(t, st) == 0 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(200 * time.Millisecond) // in which the second waits
	must(t, lock.Rollback())
	all.Wait()
	if first, second := rows(t, st), rows(t, busy); first != 1 || second != 1 {
		t.Errorf("the first was carried out %d times, and the second %d times", first, second)
	}
}

// rows counts those of the table mine.
func rows(t *testing.T, st *sqlite.Store) (n int) {
	t.Helper()
	must(t, st.DB().QueryRowContext(t.Context(), "SELECT count(*) FROM mine").Scan(&n))
	return n
}

func TestOpenWaitsForALockForSomeSecondsAndThenSaysSo(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	db, err := sql.Open("sqlite", path+"?_txlock=exclusive") // the application's, with the journal of old
	must(t, err)
	defer db.Close()
	_, err = db.ExecContext(t.Context(), "CREATE TABLE mine (a)")
	must(t, err)
	tx, err := db.BeginTx(t.Context(), nil)
	must(t, err)
	refused(t, path, sqlstore.Options{}, path, "somebody else", "locked")
	must(t, tx.Rollback())
	must(t, db.Close())
	save(t, open(t, path), "a", "b", 0)
}
