package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"time"

	modernc "modernc.org/sqlite"
)

const (
	// patience is how long a call waits for a lock of somebody else.
	patience = 5 * time.Second

	// inside is the part of it that is spent within SQLite at a time, where
	// nothing can end it.
	inside = 10 * time.Millisecond
)

// A connector opens connections whose calls wait for a lock until their context
// is done. SQLite's own busy_timeout cannot be ended: with it a call would hold
// its caller, and a thread, for all of 5 s.
type connector struct{ driver.Connector }

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	return await(ctx, func() (driver.Conn, error) {
		opened, err := c.Connector.Connect(ctx)
		if err != nil {
			return nil, err
		}
		return &conn{opened.(inner)}, nil
	})
}

// inner is all of a connection that database/sql makes use of, and what is asked
// of it here.
type inner interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
	IsReadOnly(schema string) (bool, error)
}

type conn struct{ inner }

func (c *conn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	return await(ctx, func() (driver.Tx, error) { return c.inner.BeginTx(ctx, o) })
}

func (c *conn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	return await(ctx, func() (driver.Stmt, error) {
		prepared, err := c.inner.PrepareContext(ctx, query)
		if err != nil {
			return nil, err
		}
		return &stmt{prepared.(innerStmt), c, query}, nil
	})
}

func (c *conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	return repeatable(ctx, c, query, func() (driver.Result, error) { return c.inner.ExecContext(ctx, query, args) })
}

func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	return repeatable(ctx, c, query, func() (driver.Rows, error) { return c.inner.QueryContext(ctx, query, args) })
}

type innerStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

type stmt struct {
	innerStmt
	conn  *conn
	query string
}

func (s *stmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	return repeatable(ctx, s.conn, s.query, func() (driver.Result, error) { return s.innerStmt.ExecContext(ctx, args) })
}

func (s *stmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return repeatable(ctx, s.conn, s.query, func() (driver.Rows, error) { return s.innerStmt.QueryContext(ctx, args) })
}

// repeatable awaits a query. One that did not get its lock did nothing, and may
// be sent again. Of several in one text the first may have been carried out when
// the second does not get its lock, and so they wait within SQLite.
func repeatable[T any](ctx context.Context, c *conn, query string, call func() (T, error)) (T, error) {
	if !strings.Contains(strings.TrimRight(query, "; \t\r\n"), ";") {
		return await(ctx, call)
	}
	c.timeout(patience)
	defer c.timeout(inside)
	return call()
}

// timeout sets how long SQLite waits by itself, on a connection that is not
// broken.
func (c *conn) timeout(d time.Duration) {
	_, _ = c.inner.ExecContext(context.Background(), "PRAGMA "+busyTimeout(d), nil)
}

func busyTimeout(d time.Duration) string { return fmt.Sprintf("busy_timeout(%d)", d.Milliseconds()) }

// await repeats a call that did nothing for want of a lock.
func await[T any](ctx context.Context, call func() (T, error)) (T, error) {
	began := time.Now()
	for pause := time.Millisecond; ; pause = min(2*pause, 20*time.Millisecond) {
		v, err := call()
		if !busy(err) {
			return v, err
		}
		if time.Since(began) >= patience {
			return v, fmt.Errorf("sqlite: somebody else has had the file locked for %v: %w", patience, err)
		}
		select {
		case <-ctx.Done():
			return v, fmt.Errorf("sqlite: somebody else has the file locked: %w (%w)", ctx.Err(), err)
		case <-time.After(pause):
		}
	}
}

// busy reports whether waiting helps: it does not for a transaction that has read
// what others have changed since.
func busy(err error) bool {
	e, ok := errors.AsType[*modernc.Error](err)
	return ok && e.Code()&0xff == codeBusy && e.Code() != codeBusySnapshot
}
