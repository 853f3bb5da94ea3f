package sql_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/lib/pq"
	_ "modernc.org/sqlite"

	"github.com/sojourn-go/session/internal/sqlserver"
	"github.com/sojourn-go/session/store/sqlstore"
)

// The servers are started when the first test asks for them, and stopped when
// the last one is over.
var (
	stops struct {
		sync.Mutex
		all []func() error
	}
	postgresServer = sync.OnceValues(func() (*sqlserver.Server, error) {
		return started(sqlserver.StartPostgres("fsync = off", "max_connections = 200"))
	})
	mysqlServer = sync.OnceValues(func() (*sqlserver.Server, error) {
		return started(sqlserver.StartMariaDB("innodb_flush_log_at_trx_commit = 0", "max_connections = 200"))
	})
	bouncerServer = sync.OnceValues(func() (*sqlserver.Server, error) {
		behind, err := postgresServer()
		if err != nil {
			return nil, err
		}
		b, err := sqlserver.StartPgBouncer(behind, "default_pool_size = 4", "max_client_conn = 200")
		if err != nil {
			return nil, err
		}
		return started(b.Server, nil)
	})
)

func started(s *sqlserver.Server, err error) (*sqlserver.Server, error) {
	if err == nil {
		stops.Lock()
		defer stops.Unlock()
		stops.all = append([]func() error{s.Stop}, stops.all...)
	}
	return s, err
}

func TestMain(m *testing.M) {
	code := m.Run()
	for _, stop := range stops.all {
		if err := stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = max(code, 1)
		}
	}
	os.Exit(code)
}

// A driverCase is a way to a database.
type driverCase struct {
	name string

	// server returns the server, which all tests share; nil: there is none, and
	// a dsn is the path of a file.
	server func() (*sqlserver.Server, error)

	// connect opens a pool.
	connect func(t testing.TB, dsn string) *sql.DB

	make   func(*sql.DB, sqlstore.Options) (*sqlstore.Store, error)
	direct bool
}

// drivers returns every way to a database that sqlstore is to be proven on.
func drivers() []driverCase {
	return []driverCase{
		{name: "pgx", server: postgresServer, connect: opener("pgx", ""), make: sqlstore.Postgres},
		{name: "pgxpool", server: postgresServer, connect: openPool, make: sqlstore.Postgres},
		{name: "pq", server: postgresServer, connect: opener("postgres", ""), make: sqlstore.Postgres},
		{name: "pgx through PgBouncer", server: bouncerServer, connect: openExec, make: sqlstore.Postgres},
		{name: "pq through PgBouncer", server: bouncerServer, connect: opener("postgres", "binary_parameters=yes"), make: sqlstore.Postgres, direct: true},
		{name: "mysql", server: mysqlServer, connect: opener("mysql", ""), make: sqlstore.MySQL},
		{name: "sqlite", connect: opener("sqlite", "_pragma=busy_timeout(5000)&_pragma=journal_mode(wal)&_pragma=synchronous(full)"), make: sqlstore.SQLite},
	}
}

// driverByName returns one of them.
func driverByName(name string) driverCase {
	for _, c := range drivers() {
		if c.name == name {
			return c
		}
	}
	panic("no such driver: " + name)
}

// eachDriver runs f as a subtest with each of them.
func eachDriver(t *testing.T, f func(*testing.T, driverCase)) {
	t.Helper()
	for _, c := range drivers() {
		t.Run(c.name, func(t *testing.T) { f(t, c) })
	}
}

// opener opens a driver of database/sql, with something added to the dsn.
func opener(name, with string) func(testing.TB, string) *sql.DB {
	return func(t testing.TB, dsn string) *sql.DB {
		t.Helper()
		db, err := sql.Open(name, extended(dsn, with))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		return bounded(db)
	}
}

// bounded gives a pool the bounds that an application would.
func bounded(db *sql.DB) *sql.DB {
	db.SetMaxOpenConns(16)
	db.SetMaxIdleConns(16)
	return db
}

// extended adds parameters to a dsn.
func extended(dsn, with string) string {
	switch {
	case with == "":
		return dsn
	case strings.Contains(dsn, "?"):
		return dsn + "&" + with
	}
	return dsn + "?" + with
}

// openPool opens an application's own pgxpool.
func openPool(t testing.TB, dsn string) *sql.DB {
	t.Helper()
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	config.MaxConns = 16
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	db := stdlib.OpenDBFromPool(pool)
	t.Cleanup(func() { db.Close() })
	return db
}

// openExec opens pgx as PgBouncer in transaction mode needs it.
func openExec(t testing.TB, dsn string) *sql.DB {
	t.Helper()
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	db := stdlib.OpenDB(*config)
	t.Cleanup(func() { db.Close() })
	return bounded(db)
}

// running returns the case's server. Without one installed the test is skipped.
func (c driverCase) running(t testing.TB) *sqlserver.Server {
	t.Helper()
	s, err := c.server()
	unlessMissing(t, err)
	return s
}

// unlessMissing fails the test with an error, but skips it if what is wrong is
// that there is no server to start.
func unlessMissing(t testing.TB, err error) {
	t.Helper()
	if errors.Is(err, sqlserver.ErrMissing) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// dsn returns the dsn of the case's database, at addr if that is not empty. Of
// SQLite it is that of a new file.
func (c driverCase) dsn(t testing.TB, addr string) string {
	t.Helper()
	if c.server == nil {
		return (&url.URL{Scheme: "file", Opaque: filepath.Join(t.TempDir(), "sessions.db")}).String()
	}
	s := c.running(t)
	if addr == "" {
		addr = s.Addr()
	}
	return s.DSNAt(addr)
}

// open opens a pool upon the case's database.
func (c driverCase) open(t testing.TB) *sql.DB {
	t.Helper()
	return c.connect(t, c.dsn(t, ""))
}

var tables atomic.Int64

// newTable returns a name that no table has.
func newTable() string { return fmt.Sprint("t", tables.Add(1)) }

// store returns a store upon a pool, which sweeps without grace unless o says
// otherwise. Its table may not be there.
func (c driverCase) store(t testing.TB, db *sql.DB, o sqlstore.Options) *sqlstore.Store {
	t.Helper()
	if o.Grace == 0 {
		o.Grace = 1
	}
	o.Direct = o.Direct || c.direct
	s, err := c.make(db, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// newStore returns a store upon a pool, in a new table.
func (c driverCase) newStore(t testing.TB, db *sql.DB) *sqlstore.Store {
	t.Helper()
	s := c.store(t, db, sqlstore.Options{Table: newTable()})
	if err := s.Create(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}
