package main

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/sqlstore"
)

const (
	sqlConnections = 16
	sqlLifetime    = 3 * time.Minute  // shorter than servers and firewalls keep an idle connection
	sqlOpenTime    = 10 * time.Second // of a server that does not answer
)

// openSQL makes a store of a database, and its table unless that is there.
func openSQL(db *sql.DB, in func(*sql.DB, sqlstore.Options) (*sqlstore.Store, error), o sqlstore.Options) (store.Store, func() error, error) {
	db.SetMaxOpenConns(sqlConnections)
	db.SetMaxIdleConns(sqlConnections)
	db.SetConnMaxLifetime(sqlLifetime)
	st, err := in(db, o)
	if err == nil {
		ctx, cancel := context.WithTimeout(context.Background(), sqlOpenTime)
		defer cancel()
		err = st.Migrate(ctx)
	}
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return st, db.Close, nil
}
