package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"reflect"

	"github.com/sojourn-go/session/store"
)

// A Tx is a transaction of the application's: a *sql.Tx, those of sqlx and gorm,
// or eight lines around a pgx.Tx:
//
//	type pgxTx struct{ pgx.Tx }
//
//	func (t pgxTx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
//		tag, err := t.Exec(ctx, query, args...)
//		return driver.RowsAffected(tag.RowsAffected()), err
//	}
//
//	func (t pgxTx) QueryRowContext(ctx context.Context, query string, args ...any) sqlstore.Row {
//		return t.QueryRow(ctx, query, args...)
//	}
//
// Without a QueryRowContext, which returns a *sql.Row or a [Row], Load reads beside
// the transaction, and of two writes to one owner's list in it the second is a
// conflict.
type Tx interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// A rower is a Tx that can read.
type rower interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// WithTx returns a context with which Save, Load and Delete of a [Store] are part
// of a transaction upon the same database: s.Commit(sqlstore.WithTx(ctx, tx))
// keeps a session together with the application's own rows, or not at all.
//
// The statements are sent as they are, and nothing is tried again: an error has
// the driver's in its chain, and store.ErrConflict too if the version was not the
// stored one, or if the database could not serialize the transaction (then the
// application begins it again). What is written is there for others when the
// transaction is committed. Until then it holds the lock of the row; in SQLite
// that of the database, so a Save beside the transaction waits for its end; begin
// the transaction IMMEDIATE there, for one that has read and then finds that
// another has written meanwhile cannot write any more.
//
// For one transaction tx is always the same value, and for another one another:
// by that they are told apart. So it is no *sql.Conn on which transactions begin
// and end, and no transaction nested in one that has a session in it already.
// WithTx panics if tx is nil, or cannot be compared. It may be given a context
// that has a transaction already; the new one takes its place.
func WithTx(ctx context.Context, tx Tx) context.Context {
	if v := reflect.ValueOf(tx); tx == nil || v.Kind() == reflect.Pointer && v.IsNil() {
		panic("sqlstore: WithTx needs a transaction")
	}
	return store.WithTransaction(ctx, tx)
}

// Transactional implements [store.Transactional].
func (s *Store) Transactional() bool { return true }

// A joined is the transaction that a call is part of.
type joined struct{ tx Tx }

func transaction(ctx context.Context) *joined {
	if tx, ok := store.TransactionOf(ctx).(Tx); ok {
		return &joined{tx}
	}
	return nil
}

// foreign tells of a transaction that is none of a database.
func foreign(ctx context.Context) error {
	if tx := store.TransactionOf(ctx); tx != nil {
		if _, ok := tx.(Tx); !ok {
			return fmt.Errorf("sqlstore: a call is to be part of a %T, which is no Tx", tx)
		}
	}
	return nil
}
