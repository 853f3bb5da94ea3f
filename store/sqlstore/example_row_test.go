package sqlstore_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"

	"github.com/sojourn-go/session/store/sqlstore"
)

// A nativeTx is a transaction of a driver's own interface, as pgx.Tx is.
type nativeTx struct{ done []string }

func (t *nativeTx) Exec(_ context.Context, text string, _ ...any) (rows int64, err error) {
	t.done = append(t.done, text)
	return 1, nil
}

func (t *nativeTx) QueryRow(context.Context, string, ...any) nativeRow { return nativeRow{} }

type nativeRow struct{}

func (nativeRow) Scan(...any) error { return sql.ErrNoRows }

// A joinedTx makes a sqlstore.Tx of it, which reads too.
type joinedTx struct{ *nativeTx }

func (t joinedTx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	n, err := t.Exec(ctx, query, args...)
	return driver.RowsAffected(n), err
}

func (t joinedTx) QueryRowContext(ctx context.Context, query string, args ...any) sqlstore.Row {
	return t.QueryRow(ctx, query, args...)
}

func ExampleRow() {
	db := sql.OpenDB(new(fake)) // of the same database
	defer db.Close()
	st, err := sqlstore.SQLite(db, sqlstore.Options{Table: "s"})
	if err != nil {
		fmt.Println(err)
		return
	}
	tx := &nativeTx{}
	in := sqlstore.WithTx(context.Background(), joinedTx{tx})
	_, err = st.Load(in, "cart-7")
	fmt.Println(err)
	fmt.Println(st.Delete(in, "cart-7"), tx.done)
	// Output:
	// store: not found
	// <nil> [DELETE FROM "s" WHERE id = ?]
}
