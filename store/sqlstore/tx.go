package sqlstore

import (
	"context"
	"database/sql"
	"reflect"
)

// A Tx is a transaction of the application's, or its connection: a *sql.Tx, a
// *sql.Conn, those of sqlx and gorm, or five lines around a pgx.Tx:
//
//	type pgxTx struct{ pgx.Tx }
//
//	func (t pgxTx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
//		tag, err := t.Exec(ctx, query, args...)
//		return driver.RowsAffected(tag.RowsAffected()), err
//	}
type Tx interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// A rower is a Tx that can read.
type rower interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

type txKey struct{}

// A joined is what a context keeps of a transaction.
type joined struct{ tx Tx }

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
// WithTx panics if tx is nil. It may be given a context that has a transaction
// already; the new one takes its place.
func WithTx(ctx context.Context, tx Tx) context.Context {
	if tx == nil {
		panic("sqlstore: WithTx needs a transaction")
	}
	return context.WithValue(ctx, txKey{}, &joined{tx})
}

// Transaction implements [store.Transactional]: it returns the Tx that was given
// to [WithTx], or nil.
func (s *Store) Transaction(ctx context.Context) any {
	w := transaction(ctx)
	switch {
	case w == nil:
		return nil
	case !reflect.ValueOf(w.tx).Comparable():
		return w // whoever compares two of them must not panic
	}
	return w.tx
}

func transaction(ctx context.Context) *joined {
	w, _ := ctx.Value(txKey{}).(*joined)
	return w
}
