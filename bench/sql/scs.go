package sql

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/alexedwards/scs/boltstore"
	"github.com/alexedwards/scs/mysqlstore"
	"github.com/alexedwards/scs/pgxstore"
	"github.com/alexedwards/scs/postgresstore"
	"github.com/alexedwards/scs/sqlite3store"
	"github.com/alexedwards/scs/v2"
	bolt "go.etcd.io/bbolt"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/sojourn-go/session/bench/peers"
)

const scsTable = "sessions"

// The tables are those of the stores' documentation. It has an index, too.
const (
	scsIndex      = "CREATE INDEX sessions_expiry_idx ON sessions (expiry)"
	scsInPostgres = "CREATE %s TABLE sessions (token TEXT PRIMARY KEY, data BYTEA NOT NULL, expiry TIMESTAMPTZ NOT NULL)"
	scsInMySQL    = "CREATE TABLE sessions (token CHAR(43) PRIMARY KEY, data BLOB NOT NULL, expiry TIMESTAMP(6) NOT NULL)"
	scsInSQLite   = "CREATE TABLE sessions (token TEXT PRIMARY KEY, data BLOB NOT NULL, expiry REAL NOT NULL)"
)

// scsHouse returns scs over a store, whose own sweeper does not run.
func scsHouse(st scs.Store, shut func()) *house {
	still, idle := scs.New(), scs.New()
	still.Store, idle.Store = st, st
	idle.IdleTimeout = 30 * time.Minute
	return &house{still: peers.SCSSite(still), idle: peers.SCSSite(idle), table: scsTable, close: shut}
}

// create makes the table, and its index.
func create(db *sql.DB, table string) error {
	for _, statement := range []string{table, scsIndex} {
		if _, err := db.Exec(statement); err != nil {
			return err
		}
	}
	return nil
}

// openSCS opens a pool and makes the table in it.
func openSCS(driver, dsn, table string) (*sql.DB, error) {
	db, err := openPool(driver, dsn)
	if err != nil {
		return nil, err
	}
	if err := create(db, table); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func scsPgx(kind string) opener {
	return func(h *host, addr, name string) (*house, error) {
		dsn, err := h.postgresDSN(addr, name)
		if err != nil {
			return nil, err
		}
		db, err := openSCS("pgx", dsn, fmt.Sprintf(scsInPostgres, kind))
		if err != nil {
			return nil, err
		}
		if err := db.Close(); err != nil {
			return nil, err
		}
		p, err := openPgxpool(h, addr, name)
		if err != nil {
			return nil, err
		}
		return scsHouse(pgxstore.NewWithCleanupInterval(p, 0), p.Close), nil
	}
}

func scsPQ(h *host, addr, name string) (*house, error) {
	dsn, err := h.postgresDSN(addr, name)
	if err != nil {
		return nil, err
	}
	db, err := openSCS("postgres", dsn, fmt.Sprintf(scsInPostgres, ""))
	if err != nil {
		return nil, err
	}
	return scsHouse(postgresstore.NewWithCleanupInterval(db, 0), func() { _ = db.Close() }), nil
}

func scsMySQL(interpolate bool) opener {
	return func(h *host, addr, name string) (*house, error) {
		dsn, err := h.mysqlDSN(addr, name, interpolate)
		if err != nil {
			return nil, err
		}
		db, err := openSCS("mysql", dsn, scsInMySQL)
		if err != nil {
			return nil, err
		}
		return scsHouse(mysqlstore.NewWithCleanupInterval(db, 0), func() { _ = db.Close() }), nil
	}
}

// scsSQLite opens scs over the driver and with the pragmas of adapter/sqlite. Of
// several connections at once all but one wait for the lock by asking again.
func scsSQLite(connections int) opener {
	return func(h *host, _, name string) (*house, error) {
		pragmas := url.Values{"_pragma": {"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)"}}
		db, err := openSCS("sqlite", "file:"+h.file(name)+"?"+pragmas.Encode(), scsInSQLite)
		if err != nil {
			return nil, err
		}
		db.SetMaxOpenConns(connections)
		db.SetMaxIdleConns(connections)
		return scsHouse(sqlite3store.NewWithCleanupInterval(db, 0), func() { _ = db.Close() }), nil
	}
}

// openBolt opens a bbolt for scs, which never has to map its file anew: scs goes on
// reading a value when its transaction has ended, and would read what is no
// longer there.
func openBolt(h *host, name string) (*bolt.DB, error) {
	const mapped = 1 << 30
	return bolt.Open(h.file(name), 0o600, &bolt.Options{InitialMmapSize: mapped})
}

func scsBolt(h *host, _, name string) (*house, error) {
	db, err := openBolt(h, name)
	if err != nil {
		return nil, err
	}
	return scsHouse(boltstore.NewWithCleanupInterval(db, 0), func() { _ = db.Close() }), nil
}

func scsBoltAlone(h *host, _, name string) (*house, error) {
	db, err := openBolt(h, name)
	if err != nil {
		return nil, err
	}
	return bareHouse(scsBare{boltstore.NewWithCleanupInterval(db, 0)}, func() { _ = db.Close() }), nil
}
