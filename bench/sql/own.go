package sql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	_ "github.com/lib/pq" // the driver "postgres"

	"github.com/sojourn-go/session/adapter/boltstore"
	"github.com/sojourn-go/session/adapter/sqlite"
	"github.com/sojourn-go/session/store/sqlstore"
)

const ownTable = "sojourn_sessions"

type opener func(h *host, addr, name string) (*house, error)

// ownPostgres opens ours over a driver of PostgreSQL. kind may be UNLOGGED.
func ownPostgres(driver, kind string) opener {
	return func(h *host, addr, name string) (*house, error) {
		dsn, err := h.postgresDSN(addr, name)
		if err != nil {
			return nil, err
		}
		db, err := openPool(driver, dsn)
		if err != nil {
			return nil, err
		}
		return createPostgres(db, kind, db.Close)
	}
}

// ownPgxpool opens ours over the pool of an application that speaks pgx itself.
func ownPgxpool(h *host, addr, name string) (*house, error) {
	p, err := openPgxpool(h, addr, name)
	if err != nil {
		return nil, err
	}
	db := stdlib.OpenDBFromPool(p)
	return createPostgres(db, "", func() error {
		err := db.Close()
		p.Close()
		return err
	})
}

func openPgxpool(h *host, addr, name string) (*pgxpool.Pool, error) {
	dsn, err := h.postgresDSN(addr, name)
	if err != nil {
		return nil, err
	}
	c, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, err
	}
	c.MaxConns = pool
	return pgxpool.NewWithConfig(context.Background(), c)
}

// openPool opens a pool whose connections stay open.
func openPool(driver, dsn string) (*sql.DB, error) {
	db, err := sql.Open(driver, dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(pool)
	db.SetMaxIdleConns(pool)
	return db, nil
}

func createPostgres(db *sql.DB, kind string, shut func() error) (*house, error) {
	st, err := sqlstore.Postgres(db, sqlstore.Options{})
	if err == nil {
		err = st.Create(context.Background())
	}
	if err == nil && kind != "" {
		_, err = db.Exec(fmt.Sprintf("ALTER TABLE %s SET %s", ownTable, kind))
	}
	if err != nil {
		return nil, errors.Join(err, shut())
	}
	return ownHouse(st, db, shut)
}

func ownMySQL(h *host, addr, name string) (*house, error) {
	dsn, err := h.mysqlDSN(addr, name, false)
	if err != nil {
		return nil, err
	}
	db, err := openPool("mysql", dsn)
	if err != nil {
		return nil, err
	}
	st, err := sqlstore.MySQL(db, sqlstore.Options{})
	if err == nil {
		err = st.Create(context.Background())
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return ownHouse(st, db, db.Close)
}

func ownSQLite(h *host, _, name string) (*house, error) {
	st, err := sqlite.Open(h.file(name), sqlstore.Options{})
	if err != nil {
		return nil, err
	}
	return ownHouse(st, st.DB(), st.Close)
}

func ownBolt(h *host, _, name string) (*house, error) {
	st, err := boltstore.Open(h.file(name), boltstore.Options{})
	if err != nil {
		return nil, err
	}
	return ownHouse(st, nil, st.Close)
}

func ownBoltAlone(h *host, _, name string) (*house, error) {
	st, err := boltstore.Open(h.file(name), boltstore.Options{})
	if err != nil {
		return nil, err
	}
	return bareHouse(&ownBare{Store: st}, func() { _ = st.Close() }), nil
}
