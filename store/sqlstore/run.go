package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync/atomic"
)

// A statement is a text, and what the pool has prepared of it.
type statement struct {
	text  string
	ready atomic.Pointer[sql.Stmt]
	turn  chan struct{} // whose it is to prepare
}

func newStatement(text string) statement {
	return statement{text: text, turn: make(chan struct{}, 1)}
}

// prepared returns the statement, which is prepared at its first use. That is one
// round trip more, as is the first use on each connection.
func (s *Store) prepared(ctx context.Context, st *statement) (*sql.Stmt, error) {
	if p := st.ready.Load(); p != nil {
		return p, nil
	}
	select {
	case st.turn <- struct{}{}:
		defer func() { <-st.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if p := st.ready.Load(); p != nil {
		return p, nil
	}
	p, err := s.db.PrepareContext(ctx, st.text)
	if err == nil {
		st.ready.Store(p)
	}
	return p, err
}

// exec runs a statement, and returns how many rows it has changed.
func (s *Store) exec(ctx context.Context, st *statement, args ...any) (int64, error) {
	if w := transaction(ctx); w != nil {
		return affected(w.tx.ExecContext(ctx, st.text, args...))
	}
	mode, err := s.commitMode(ctx)
	switch {
	case err != nil:
		return 0, err
	case mode == commitByHand:
		return s.execByHand(ctx, st.text, args)
	case s.direct:
		return affected(s.db.ExecContext(ctx, st.text, args...))
	}
	p, err := s.prepared(ctx, st)
	if err != nil {
		return 0, err
	}
	return affected(p.ExecContext(ctx, args...))
}

// execOnce is exec for what must not be sent again once it may have left.
// database/sql does that when a driver tells it that the connection was bad from
// the beginning, and some drivers (lib/pq, for one) tell it that when the answer
// was lost.
func (s *Store) execOnce(ctx context.Context, st *statement, args ...any) (int64, error) {
	if transaction(ctx) != nil || s.safe { // there it does not
		return s.exec(ctx, st, args...)
	}
	mode, err := s.commitMode(ctx)
	switch {
	case err != nil:
		return 0, err
	case mode == commitByHand:
		return s.exec(ctx, st, args...)
	case !s.direct:
		return s.exec(ctx, st, append([]any{&once{value: args[0]}}, args[1:]...)...)
	}
	conn, err := s.db.Conn(ctx) // nor on one connection
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	return affected(conn.ExecContext(ctx, st.text, args...))
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

func affected(r sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// first runs a query, and scans its first row: sql.ErrNoRows if there is none.
func (s *Store) first(ctx context.Context, st *statement, into []any, args ...any) error {
	if w := transaction(ctx); w != nil {
		if r, ok := w.tx.(rower); ok {
			return r.QueryRowContext(ctx, st.text, args...).Scan(into...)
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
// call the store: the query holds a connection.
func (s *Store) each(ctx context.Context, st *statement, f func(*sql.Rows) error, args ...any) error {
	mode, err := s.commitMode(ctx)
	switch {
	case err != nil:
		return err
	case mode == commitByHand:
		return s.eachByHand(ctx, st.text, f, args)
	case s.direct:
		return scan(f)(s.db.QueryContext(ctx, st.text, args...))
	}
	p, err := s.prepared(ctx, st)
	if err != nil {
		return err
	}
	return scan(f)(p.QueryContext(ctx, args...))
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

const tries = 10

// again runs f, and again if the database says that it has undone it, because it
// could not serialize it with others or to end a deadlock. It is for what may be
// repeated anyway.
func (s *Store) again(ctx context.Context, f func() error) (err error) {
	for range tries {
		if err = f(); err == nil || s.d.classify(err) != conflict || ctx.Err() != nil || transaction(ctx) != nil {
			return err
		}
	}
	return err
}

// step runs f, one of several statements of a call, beside any transaction, with
// a deadline, and again if the database has undone it.
func (s *Store) step(ctx context.Context, f func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx, end := s.limited(context.WithValue(ctx, txKey{}, (*joined)(nil)))
	defer end()
	err := s.again(ctx, func() error { return f(ctx) })
	if done := ctx.Err(); err != nil && done != nil && !errors.Is(err, done) {
		return fmt.Errorf("%w: %w", done, err)
	}
	return err
}
