package sql_test

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/sqlstore"
)

// saveExpired saves n records that expired a while ago, under prefix0 and so on.
func saveExpired(t *testing.T, s *sqlstore.Store, prefix string, n int, ago time.Duration) {
	t.Helper()
	for i := range n {
		if _, err := s.Save(t.Context(), fmt.Sprint(prefix, i), store.Record{Expires: time.Now().Add(-ago)}); err != nil {
			t.Fatal(err)
		}
	}
}

func sweepWants(t *testing.T, s *sqlstore.Store, want int, what string) {
	t.Helper()
	if n, err := s.Sweep(t.Context()); n != want || err != nil {
		t.Errorf("%s: got %d removed, error %v, want %d", what, n, err, want)
	}
}

// A process whose clock is two minutes behind still sees what has expired by the
// database's. Nobody's session may end under its hands.
func TestConformance_ASweepLeavesAloneWhatANodeTwoMinutesBehindStillSees(t *testing.T) {
	eachDriver(t, func(t *testing.T, c driverCase) {
		db, table := c.open(t), newTable()
		s, err := c.make(db, sqlstore.Options{Table: table, Direct: c.direct})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Create(t.Context()); err != nil {
			t.Fatal(err)
		}
		saveExpired(t, s, "behind", 3, 2*time.Minute)
		saveExpired(t, s, "gone", 2, 6*time.Minute)
		sweepWants(t, s, 2, "with the grace of 5 minutes")
		minute := c.store(t, db, sqlstore.Options{Table: table, Grace: time.Minute})
		sweepWants(t, minute, 3, "with a grace of a minute")
	})
}

func TestConformance_ASweepGoesThroughTheWholeTableAndReplicasShareIt(t *testing.T) {
	eachDriver(t, func(t *testing.T, c driverCase) {
		dsn, table := c.dsn(t, ""), newTable()
		s := c.store(t, c.connect(t, dsn), sqlstore.Options{Table: table})
		if err := s.Create(t.Context()); err != nil {
			t.Fatal(err)
		}
		const dead, alive = 2400, 30 // more than two batches
		fill(t, c, c.connect(t, dsn), table, dead)
		for i := range alive {
			if _, err := s.Save(t.Context(), fmt.Sprint("alive", i), store.Record{Data: make([]byte, 2000)}); err != nil {
				t.Fatal(err)
			}
		}
		var wg sync.WaitGroup
		var mu sync.Mutex
		total := 0
		for range 4 {
			replica := c.store(t, c.connect(t, dsn), sqlstore.Options{Table: table})
			wg.Go(func() {
				n, err := replica.Sweep(t.Context())
				mu.Lock()
				defer mu.Unlock()
				total += n
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		left, err := s.Sweep(t.Context())
		if total+left != dead || err != nil {
			t.Errorf("got %d and then %d removed, error %v, want %d in all", total, left, err, dead)
		}
		for e, err := range s.List(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			total += len(e.Record.Data) / 2000
		}
		if total+left != dead+alive {
			t.Errorf("got %d records that have not expired, want %d", total+left-dead, alive)
		}
	})
}

// fill puts n expired rows into a table.
func fill(t *testing.T, c driverCase, db *sql.DB, table string, n int) {
	t.Helper()
	data := "''"
	if c.name == "sqlite" {
		data = "x''"
	}
	for from := 0; from < n; from += 400 {
		var rows []string
		for i := from; i < min(n, from+400); i++ {
			rows = append(rows, fmt.Sprintf("('dead%06d', 1, 1000, '', %s)", i, data))
		}
		execute(t, db, "INSERT INTO "+table+" (id, version, expires, owner, data) VALUES "+strings.Join(rows, ", "))
	}
}

// An open transaction holds the lock of a row that has expired. The sweep does
// not wait for it, and does not count it.
func TestConformance_ASweepDoesNotWaitForARowThatATransactionHolds(t *testing.T) {
	eachDriver(t, func(t *testing.T, c driverCase) {
		if c.name == "sqlite" {
			t.Skip("not run: SQLite has no locks of rows")
		}
		db, table := c.open(t), newTable()
		s := c.store(t, db, sqlstore.Options{Table: table})
		if err := s.Create(t.Context()); err != nil {
			t.Fatal(err)
		}
		saveExpired(t, s, "row", 3, time.Hour)
		tx, err := db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback()
		if _, err := tx.ExecContext(t.Context(), "UPDATE "+table+" SET version = 5 WHERE id = 'row1'"); err != nil {
			t.Fatal(err)
		}
		sweepWants(t, s, 2, "while a transaction holds the third")
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
		sweepWants(t, s, 1, "when it has ended")
	})
}

// A record may be made anew under an id that is being swept.
func TestConformance_ASweepLeavesAloneWhatATransactionMakesAnew(t *testing.T) {
	eachDriver(t, func(t *testing.T, c driverCase) {
		if c.name == "sqlite" {
			t.Skip("not run: SQLite has one writer at a time")
		}
		db := c.open(t)
		s := c.newStore(t, db)
		saveExpired(t, s, "row", 1, time.Hour)
		tx, err := db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback()
		if _, err := s.Save(sqlstore.WithTx(t.Context(), tx), "row0", store.Record{Data: []byte("anew")}); err != nil {
			t.Fatal(err)
		}
		sweepWants(t, s, 0, "while a transaction makes it anew")
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		sweepWants(t, s, 0, "when it was made anew")
		if rec, err := s.Load(t.Context(), "row0"); string(rec.Data) != "anew" {
			t.Errorf("got %q, %v, want the new record", rec.Data, err)
		}
	})
}

func TestConformance_AnUpdateInPostgreSQLIsHOT(t *testing.T) {
	c := driverByName("pgx")
	db, table := c.open(t), newTable()
	s := c.store(t, db, sqlstore.Options{Table: table})
	if err := s.Create(t.Context()); err != nil {
		t.Fatal(err)
	}
	versions := make([]uint64, 40)
	data := make([]byte, 1000)
	const rounds = 5
	for range rounds + 1 {
		for i, version := range versions {
			var err error
			rec := store.Record{Version: version, Data: data, Owner: "alice", Expires: time.Now().Add(time.Hour)}
			if versions[i], err = s.Save(t.Context(), fmt.Sprint("id", i), rec); err != nil {
				t.Fatal(err)
			}
		}
	}
	var updates, hot int
	eventually(t, func() error {
		// What a connection has counted it tells when it is idle.
		err := db.QueryRowContext(t.Context(), "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = $1", table).Scan(&updates, &hot)
		if err == nil && updates < rounds*len(versions) {
			err = errors.New("not all updates are counted yet")
		}
		return err
	})
	if hot < updates*9/10 {
		t.Errorf("got %d HOT updates of %d, want nearly all", hot, updates)
	}
}

// eventually calls f until it returns nil, for ten seconds.
func eventually(t *testing.T, f func() error) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		err := f()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}
