package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/sojourn-go/session/store"
)

// exec runs a statement, and returns what may be asked how many rows it has
// changed: see [write.changed].
func (s *Store) exec(ctx context.Context, st *statement, args ...any) (sql.Result, error) {
	if w := transaction(ctx); w != nil {
		return counted(w.tx.ExecContext(ctx, st.text, args...))
	}
	mode, err := s.commitMode(ctx)
	switch {
	case err != nil:
		return nil, err
	case mode == commitByHand:
		return s.execByHand(ctx, st.text, args)
	case s.direct:
		return s.db.ExecContext(ctx, st.text, args...)
	}
	var r sql.Result
	err = s.use(ctx, st, func(p *sql.Stmt) (err error) {
		r, err = p.ExecContext(ctx, args...)
		return err
	})
	return r, err
}

// execOnce is exec for what must not be sent again once it may have left.
// database/sql does that when a driver tells it that the connection was bad from
// the beginning, and some drivers (lib/pq, for one) tell it that when the answer
// was lost.
func (s *Store) execOnce(ctx context.Context, st *statement, args ...any) (sql.Result, error) {
	if transaction(ctx) != nil {
		return s.exec(ctx, st, args...)
	}
	mode, err := s.commitMode(ctx)
	switch {
	case err != nil:
		return nil, err
	case mode == commitByHand:
		return s.exec(ctx, st, args...)
	case !s.direct:
		return s.exec(ctx, st, append([]any{&once{value: args[0]}}, args[1:]...)...)
	}
	r, err := s.execAlone(ctx, st.text, args)        // nor does it on one connection
	if s.safe && errors.Is(err, driver.ErrBadConn) { // it has not left: there are others
		return s.exec(ctx, st, args...)
	}
	return r, err
}

// execAlone runs a statement on a connection that nobody else gets before the
// rows are counted.
func (s *Store) execAlone(ctx context.Context, text string, args []any) (sql.Result, error) {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	return counted(conn.ExecContext(ctx, text, args...))
}

// A once is an argument of a prepared statement that can be sent once: each time
// that database/sql sends it, it asks for the value.
type once struct {
	value driver.Value
	used  bool
}

var errAnswerLost = errors.New("the connection was lost before the answer came")

// Value implements [driver.Valuer].
func (o *once) Value() (driver.Value, error) {
	if o.used {
		return nil, errAnswerLost
	}
	o.used = true
	return o.value, nil
}

// A Row is the answer to a query for one row, as *sql.Row and the Row of pgx are.
type Row = interface{ Scan(dest ...any) error }

// oneRow returns the answer to a query within a transaction, or nil if that cannot
// be asked.
func oneRow(ctx context.Context, tx Tx, query string, args []any) Row {
	switch tx := tx.(type) {
	case rower:
		return tx.QueryRowContext(ctx, query, args...)
	case interface {
		QueryRowContext(ctx context.Context, query string, args ...any) Row
	}:
		return tx.QueryRowContext(ctx, query, args...)
	}
	return nil
}

// first runs a query, and scans its first row: sql.ErrNoRows if there is none.
func (s *Store) first(ctx context.Context, st *statement, into []any, args ...any) error {
	if w := transaction(ctx); w != nil {
		if r := oneRow(ctx, w.tx, st.text, args); r != nil {
			err := r.Scan(into...)
			if err != nil && err.Error() == "no rows in result set" { // pgx's own, before 5.7
				err = sql.ErrNoRows
			}
			return err
		}
	}
	found := false
	err := s.each(ctx, st, func(rows *sql.Rows) error {
		if found {
			return nil
		}
		found = true
		return rows.Scan(into...)
	}, args...)
	if err == nil && !found {
		return sql.ErrNoRows
	}
	return err
}

// each runs a query beside any transaction, and calls f for each row. f must not
// call the store: the query holds a connection. A plan that is stale is so on each
// connection that has one, so it is tried on a few.
func (s *Store) each(ctx context.Context, st *statement, f func(*sql.Rows) error, args ...any) (err error) {
	for range tries {
		if s.direct {
			err = s.ask(ctx, st.text, f, args...)
		} else {
			err = s.askPrepared(ctx, st, f, args)
		}
		if !stale(err) {
			return err
		}
	}
	return err
}

func (s *Store) askPrepared(ctx context.Context, st *statement, f func(*sql.Rows) error, args []any) error {
	mode, err := s.commitMode(ctx)
	switch {
	case err != nil:
		return err
	case mode == commitByHand:
		return s.eachByHand(ctx, st.text, f, args)
	}
	return s.use(ctx, st, func(p *sql.Stmt) error { return scan(f)(p.QueryContext(ctx, args...)) })
}

// ask is each for a text of which nothing is prepared.
func (s *Store) ask(ctx context.Context, text string, f func(*sql.Rows) error, args ...any) error {
	mode, err := s.commitMode(ctx)
	switch {
	case err != nil:
		return err
	case mode == commitByHand:
		return s.eachByHand(ctx, text, f, args)
	}
	return scan(f)(s.db.QueryContext(ctx, text, args...))
}

// scan calls f for each row, and closes them.
func scan(f func(*sql.Rows) error) func(*sql.Rows, error) error {
	return func(rows *sql.Rows, err error) error {
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			if err := f(rows); err != nil {
				return err
			}
		}
		return rows.Err()
	}
}

// enter waits for the gate of a database that has one writer at a time, so that
// those of this process queue up instead of asking again and again whether it is
// free. Who is in a transaction has it already.
func (s *Store) enter(ctx context.Context) (leave func(), err error) {
	if s.gate == nil || transaction(ctx) != nil {
		return nothing, nil
	}
	select {
	case s.gate <- struct{}{}:
		return func() { <-s.gate }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

const tries = 10 // of a Save or Delete; after that it is a conflict

// again runs f, and again if the database says that it has undone it, because it
// could not serialize it with others or to end a deadlock: so many times, or, with
// 0, until ctx is done. It is for what may be repeated anyway.
func (s *Store) again(ctx context.Context, times int, f func() error) error {
	for n := 1; ; n++ {
		err := f()
		if err == nil || s.d.classify(err) != conflict || n == times || ctx.Err() != nil || transaction(ctx) != nil {
			return err
		}
		// Who is in the way may need a moment.
		t := time.NewTimer(rand.N(min(time.Millisecond<<min(n, 8), mostPause)))
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return err
		}
	}
}

const mostPause = 20 * time.Millisecond

// step runs f, one of several statements of a call, beside any transaction, with
// a deadline, and again if the database has undone it.
func (s *Store) step(ctx context.Context, f func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx, end := s.limited(store.WithTransaction(ctx, nil))
	defer end()
	err := s.again(ctx, 0, func() error { return f(ctx) })
	if done := ctx.Err(); err != nil && done != nil && !errors.Is(err, done) {
		return fmt.Errorf("%w: %w", done, err)
	}
	return err
}
