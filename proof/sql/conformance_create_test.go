package sql_test

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sojourn-go/session/internal/sqlserver"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/sqlstore"
)

func TestConformance_ManyStartsAtOnceCreateOneTable(t *testing.T) {
	eachDriver(t, func(t *testing.T, c driverCase) {
		for range 5 {
			dsn, o := c.dsn(t, ""), sqlstore.Options{Table: newTable()}
			if strings.HasPrefix(c.name, "p") { // PostgreSQL, where Create makes the schema too
				o.Schema = "schema " + o.Table
			}
			var wg sync.WaitGroup
			for i := range 8 {
				s := c.store(t, c.connect(t, dsn), o)
				wg.Go(func() {
					start := s.Create
					if i%2 == 0 {
						start = s.Migrate
					}
					if err := start(t.Context()); err != nil {
						t.Error(err)
					}
					if _, err := s.Save(t.Context(), fmt.Sprint("start", i), store.Record{}); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
		}
	})
}

func TestConformance_MigrateAddsWhatAnEarlierLayoutLacksThoughManyDoItAtOnce(t *testing.T) {
	eachDriver(t, func(t *testing.T, c driverCase) {
		dsn, table := c.dsn(t, ""), newTable()
		db := c.connect(t, dsn)
		s := c.store(t, db, sqlstore.Options{Table: table})
		if err := s.Create(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Save(t.Context(), "old", store.Record{Data: []byte("kept")}); err != nil {
			t.Fatal(err)
		}
		for _, column := range []string{"owner", "expires"} {
			execute(t, db, "ALTER TABLE "+table+" DROP COLUMN "+column)
			if err := s.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "column "+column+" is missing") {
				t.Errorf("Check without %s: got %v", column, err)
			}
			if _, err := s.Save(t.Context(), "new", store.Record{Owner: "alice"}); !errors.Is(err, store.ErrRefused) {
				t.Errorf("Save without %s: got %v, want ErrRefused", column, err)
			}
		}
		var wg sync.WaitGroup
		for range 8 {
			start := c.store(t, c.connect(t, dsn), sqlstore.Options{Table: table})
			wg.Go(func() {
				if err := start.Migrate(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		rec, err := s.Load(t.Context(), "old")
		if string(rec.Data) != "kept" || err != nil {
			t.Errorf("what was there: got %q, %v", rec.Data, err)
		}
		if _, err := s.Save(t.Context(), "new", store.Record{Owner: "alice"}); err != nil {
			t.Errorf("Save: %v", err)
		}
	})
}

func execute(t *testing.T, db *sql.DB, text string) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), text); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

func TestConformance_AMissingTableIsNamed(t *testing.T) {
	eachDriver(t, func(t *testing.T, c driverCase) {
		o := sqlstore.Options{Table: newTable()}
		s := c.store(t, c.open(t), o)
		if err := s.Check(t.Context()); err == nil || !strings.Contains(err.Error(), o.Table) || !strings.Contains(err.Error(), "missing") {
			t.Errorf("Check: got %v, want that %s is missing", err, o.Table)
		}
		_, err := s.Save(t.Context(), "a", store.Record{})
		if !errors.Is(err, store.ErrRefused) || !strings.Contains(err.Error(), o.Table) {
			t.Errorf("Save: got %v, want ErrRefused and the name", err)
		}
		if _, err := s.Load(t.Context(), "a"); err == nil || errors.Is(err, store.ErrNotFound) {
			t.Errorf("Load: got %v, want an error that is not ErrNotFound", err)
		}
		if n, err := s.Sweep(t.Context()); err == nil {
			t.Errorf("Sweep: got %d, want an error", n)
		}
		if err := s.Create(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Save(t.Context(), "a", store.Record{}); err != nil {
			t.Errorf("Save when the table is there: %v", err)
		}
	})
}

// Each statement makes a table that is not a store's, and a word of the fault.
var foreignTables = map[string][][2]string{
	"pgx": {
		{"CREATE TABLE %s (id text PRIMARY KEY, version bigint, expires bigint, owner text, data text)", "column data"},
		{"CREATE TABLE %s (id text, version bigint, expires bigint, owner text, data bytea)", "column id"},
		{"CREATE TABLE %s (id text PRIMARY KEY, version int, expires timestamptz, owner text, data bytea)", "column expires"},
		{"CREATE TABLE %s (id text PRIMARY KEY, version bigint, expires bigint, owner text UNIQUE, data bytea)", "column owner"},
		{"CREATE TABLE %s (token text PRIMARY KEY, data bytea NOT NULL, expiry timestamptz NOT NULL)", "column expiry"},
	},
	"mysql": {
		{"CREATE TABLE %s (id VARCHAR(128) PRIMARY KEY, version BIGINT, expires BIGINT, owner VARBINARY(255), data LONGBLOB)", "column id"},
		{"CREATE TABLE %s (id VARBINARY(128) PRIMARY KEY, version BIGINT, expires BIGINT, owner VARCHAR(255), data LONGBLOB)", "column owner"},
		{"CREATE TABLE %s (id VARBINARY(128) PRIMARY KEY, version BIGINT, expires BIGINT NOT NULL, owner VARBINARY(255), data LONGBLOB)", "column expires"},
		{"CREATE TABLE %s (token CHAR(43) PRIMARY KEY, data BLOB NOT NULL, expiry TIMESTAMP(6) NOT NULL)", "column token"},
	},
	"sqlite": {
		{"CREATE TABLE %s (id TEXT COLLATE NOCASE PRIMARY KEY, version INTEGER, expires INTEGER, owner TEXT, data BLOB)", "column id"},
		{"CREATE TABLE %s (id TEXT, version INTEGER, expires INTEGER, owner TEXT, data BLOB)", "column id"},
		{"CREATE TABLE %s (token TEXT PRIMARY KEY, data BLOB NOT NULL, expiry REAL NOT NULL)", "column expiry"},
	},
}

func TestConformance_MigrateRefusesATableThatIsNotAStoresAndNamesTheColumn(t *testing.T) {
	for name, foreign := range foreignTables {
		c := driverByName(name)
		db := c.open(t)
		for _, table := range foreign {
			o := sqlstore.Options{Table: newTable()}
			execute(t, db, fmt.Sprintf(table[0], o.Table))
			s := c.store(t, db, o)
			if err := s.Migrate(t.Context()); !errors.Is(err, store.ErrRefused) || !strings.Contains(err.Error(), table[1]) {
				t.Errorf("%s: %s: Migrate: got %v, want ErrRefused and %q", name, table[0], err, table[1])
			}
			if err := s.Check(t.Context()); err == nil || !strings.Contains(err.Error(), table[1]) {
				t.Errorf("%s: %s: Check: got %v, want %q", name, table[0], err, table[1])
			}
		}
	}
}

func TestConformance_CheckFindsNothingWrongWithWhatCreateMade(t *testing.T) {
	eachDriver(t, func(t *testing.T, c driverCase) {
		if err := c.newStore(t, c.open(t)).Check(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestConformance_CheckTellsWhatIsWrong(t *testing.T) {
	for _, wrong := range []struct{ driver, with, text, want string }{
		{"pgx", "", "ALTER TABLE %s SET UNLOGGED", "UNLOGGED"},
		{"pgx", "", "CREATE INDEX ON %s (expires)", "HOT"},
		{"pgx", "", `ALTER TABLE %s ALTER id TYPE text COLLATE "und-x-icu"`, "COLLATE"},
		{"pgx", "default_transaction_read_only=on", "", "read-only"},
		{"pgx", "role=nobody_at_all", "", "the right to UPDATE is lacking"},
		{"mysql", "", "CREATE INDEX busy ON %s (expires)", "busy"},
		{"mysql", "", "ALTER TABLE %s ENGINE=MyISAM", "MyISAM"},
		{"mysql", "autocommit=0", "", "autocommit"},
		{"sqlite", "_pragma=synchronous(off)&_pragma=busy_timeout(0)", "", "busy_timeout"},
		{"sqlite", "_pragma=synchronous(off)", "", "synchronous"},
		{"sqlite", "_pragma=journal_mode(delete)", "", "journal_mode"},
		{"sqlite", "_pragma=query_only(1)", "", "cannot be written"},
	} {
		c := driverByName(wrong.driver)
		dsn, table := c.dsn(t, ""), newTable()
		db := c.connect(t, dsn)
		if err := c.store(t, db, sqlstore.Options{Table: table}).Create(t.Context()); err != nil {
			t.Fatal(err)
		}
		if wrong.text != "" {
			execute(t, db, fmt.Sprintf(wrong.text, table))
		}
		if strings.HasPrefix(wrong.with, "role=") {
			db.ExecContext(t.Context(), "CREATE ROLE nobody_at_all") // it may be there
		}
		if db.Close(); c.server == nil {
			c.connect = opener("sqlite", "") // with nothing but what is wrong
		}
		db = c.connect(t, extended(dsn, wrong.with))
		err := c.store(t, db, sqlstore.Options{Table: table}).Check(t.Context())
		if err == nil || !strings.Contains(err.Error(), wrong.want) {
			t.Errorf("%s %s%s: got %v, want %q", wrong.driver, wrong.with, wrong.text, err, wrong.want)
		}
	}
}

// A role without the right to write, or to create, may still start a program: the
// table is there.
func TestConformance_ARoleThatMayOnlyReadIsToldSo(t *testing.T) {
	for _, c := range []driverCase{driverByName("pgx"), driverByName("pq"), driverByName("mysql")} {
		admin, table := c.open(t), newTable()
		s := c.store(t, admin, sqlstore.Options{Table: table})
		if err := s.Create(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Save(t.Context(), "a", store.Record{}); err != nil {
			t.Fatal(err)
		}
		reader, dsn := "reader"+table, c.dsn(t, "")
		grants := []string{"CREATE USER " + reader + " PASSWORD 'x'", "GRANT SELECT ON " + table + " TO " + reader}
		if c.name == "mysql" {
			grants = []string{"CREATE USER " + reader + " IDENTIFIED BY 'x'", "GRANT SELECT ON " + table + " TO " + reader}
		}
		for _, text := range grants {
			execute(t, admin, text)
		}
		server := c.running(t)
		dsn = strings.Replace(dsn, server.User()+":"+server.Password(), reader+":x", 1)
		s = c.store(t, c.connect(t, dsn), sqlstore.Options{Table: table})
		if err := errors.Join(s.Create(t.Context()), s.Migrate(t.Context())); err != nil {
			t.Errorf("%s: Create, Migrate: %v", c.name, err)
		}
		if _, err := s.Load(t.Context(), "a"); err != nil {
			t.Errorf("%s: Load: %v", c.name, err)
		}
		if _, err := s.Save(t.Context(), "b", store.Record{}); !errors.Is(err, store.ErrRefused) {
			t.Errorf("%s: Save: got %v, want ErrRefused", c.name, err)
		}
		if err := s.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "UPDATE") {
			t.Errorf("%s: Check: got %v, want that UPDATE is refused", c.name, err)
		}
	}
}

func TestConformance_TheStatementsOfSchemaAreAllThereIsToDo(t *testing.T) {
	eachDriver(t, func(t *testing.T, c driverCase) {
		db := c.open(t)
		s := c.store(t, db, sqlstore.Options{Table: newTable()})
		for _, text := range slices.Concat(s.Schema(), s.Schema()) {
			execute(t, db, text)
		}
		live(t, s, "Schema")
	})
}

// MariaDB is what is tested everywhere; MySQL is where somebody has one.
func TestConformance_MySQLItself(t *testing.T) {
	if os.Getenv(sqlserver.MySQLVariable) == "" {
		t.Skip("not run: " + sqlserver.MySQLVariable + " names no MySQL, so that all tests had MariaDB")
	}
	if isMariaDB(t) {
		t.Skip("not run: " + sqlserver.MySQLVariable + " names a MariaDB")
	}
	t.Log("all tests of the driver mysql had MySQL itself")
}
