package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/sqlstore"
)

const (
	sqlConnections = 16
	sqlLifetime    = 3 * time.Minute  // shorter than servers and firewalls keep an idle connection
	sqlOpenTime    = 10 * time.Second // of a server that does not answer
)

// strayAt tells of an @ behind the host of an address: then what was taken for the
// host is a user, and the password has been cut off where it has one of /, ? and #.
func strayAt(raw, from string) error {
	_, rest, _ := strings.Cut(raw, "://")
	if i := strings.IndexAny(rest, "/?#"); i < 0 || !strings.Contains(rest[i:], "@") {
		return nil
	}
	return fmt.Errorf("%s: there is an @ after the first /, ? or # (in a password @, /, ? and # are written %%40, %%2F, %%3F and %%23)", from)
}

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
