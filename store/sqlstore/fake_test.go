package sqlstore_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sojourn-go/session/store/sqlstore"
)

// A fake is a database that answers as a test says, and notes what it was sent.
type fake struct {
	// answer is what a statement comes to; nil: nothing changed, no rows.
	answer func(ctx context.Context, text string, args []any) reply

	// counting is called when somebody wants to know how many rows have changed;
	// nil: nothing.
	counting func()

	mu         sync.Mutex
	sent       []string // "exec TEXT", "query TEXT", "prepare TEXT", "begin", "commit", "rollback"
	args       [][]any  // beside it
	statements int      // open
	rows       int      // open
}

type reply struct {
	affected int64
	rows     [][]driver.Value
	err      error
}

// open opens a pool upon it, which is to be idle at the end.
func (f *fake) open(t *testing.T) *sql.DB {
	t.Helper()
	db := sql.OpenDB(f)
	t.Cleanup(func() {
		if in := db.Stats().InUse; in != 0 {
			t.Errorf("%d connections are still in use", in)
		}
		db.Close()
		if f.statements != 0 || f.rows != 0 {
			t.Errorf("%d statements and %d rows are still open", f.statements, f.rows)
		}
	})
	return db
}

// store opens a store upon it, by one of the constructors.
func (f *fake) store(t *testing.T, kind func(*sql.DB, sqlstore.Options) (*sqlstore.Store, error), o sqlstore.Options) *sqlstore.Store {
	t.Helper()
	s, err := kind(f.open(t), o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (f *fake) note(what string, args []any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sent, f.args = append(f.sent, what), append(f.args, args)
}

// all returns what was sent that begins with a word.
func (f *fake) all(word string) (found []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.sent {
		if text, ok := strings.CutPrefix(s, word); ok {
			found = append(found, strings.TrimSpace(text))
		}
	}
	return found
}

// words is the first word of each that was sent, without the asking for
// MySQL's autocommit.
func (f *fake) words() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var words []string
	for _, s := range f.sent {
		if !strings.Contains(s, "@@autocommit") {
			words = append(words, strings.Join(strings.Fields(s)[:min(2, len(strings.Fields(s)))], " "))
		}
	}
	return strings.Join(words, ", ")
}

func (f *fake) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sent, f.args = nil, nil
}

func (f *fake) run(ctx context.Context, how, text string, named []driver.NamedValue) reply {
	args := make([]any, len(named))
	for i, n := range named {
		args[i] = n.Value
	}
	f.note(how+" "+text, args)
	if text == "SELECT @@autocommit" && f.answer == nil {
		return reply{rows: [][]driver.Value{{int64(1)}}}
	}
	if f.answer == nil {
		return reply{}
	}
	r := f.answer(ctx, text, args)
	if r.rows == nil && r.err == nil && text == "SELECT @@autocommit" {
		r.rows = [][]driver.Value{{int64(1)}}
	}
	return r
}

func (f *fake) Connect(context.Context) (driver.Conn, error) { return fakeConn{f}, nil }
func (f *fake) Driver() driver.Driver                        { return fakeDriver{} }

type fakeDriver struct{}

func (fakeDriver) Open(string) (driver.Conn, error) { return nil, io.ErrUnexpectedEOF }

type fakeConn struct{ f *fake }

func (c fakeConn) Close() error                        { return nil }
func (c fakeConn) Begin() (driver.Tx, error)           { panic("not without a context") }
func (c fakeConn) Prepare(string) (driver.Stmt, error) { panic("not without a context") }

func (c fakeConn) BeginTx(_ context.Context, o driver.TxOptions) (driver.Tx, error) {
	c.f.note("begin "+sql.IsolationLevel(o.Isolation).String(), nil)
	return fakeTx(c), nil
}

func (c fakeConn) PrepareContext(_ context.Context, text string) (driver.Stmt, error) {
	c.f.note("prepare "+text, nil)
	c.f.mu.Lock()
	defer c.f.mu.Unlock()
	c.f.statements++
	return fakeStmt{c.f, text}, nil
}

func (c fakeConn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	r := c.f.run(ctx, "exec", text, args)
	return fakeResult{c.f, r.affected}, r.err
}

func (c fakeConn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	return c.f.result(c.f.run(ctx, "query", text, args))
}

type fakeResult struct {
	f *fake
	n int64
}

func (r fakeResult) LastInsertId() (int64, error) { panic("nobody wants it") }

func (r fakeResult) RowsAffected() (int64, error) {
	if r.f.counting != nil {
		r.f.counting()
	}
	return r.n, nil
}

type fakeTx struct{ f *fake }

func (t fakeTx) Commit() error   { t.f.note("commit", nil); return nil }
func (t fakeTx) Rollback() error { t.f.note("rollback", nil); return nil }

type fakeStmt struct {
	f    *fake
	text string
}

func (s fakeStmt) Close() error {
	s.f.mu.Lock()
	defer s.f.mu.Unlock()
	s.f.statements--
	return nil
}

func (s fakeStmt) NumInput() int                              { return -1 }
func (s fakeStmt) Exec([]driver.Value) (driver.Result, error) { panic("not without a context") }
func (s fakeStmt) Query([]driver.Value) (driver.Rows, error)  { panic("not without a context") }

func (s fakeStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	r := s.f.run(ctx, "executed", s.text, args)
	return fakeResult{s.f, r.affected}, r.err
}

func (s fakeStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return s.f.result(s.f.run(ctx, "queried", s.text, args))
}

func (f *fake) result(r reply) (driver.Rows, error) {
	if r.err != nil {
		return nil, r.err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rows++
	return &fakeRows{f, r.rows}, nil
}

type fakeRows struct {
	f    *fake
	left [][]driver.Value
}

func (r *fakeRows) Columns() []string {
	if len(r.left) == 0 {
		return nil
	}
	return slices.Repeat([]string{"?"}, len(r.left[0]))
}

func (r *fakeRows) Next(into []driver.Value) error {
	if len(r.left) == 0 {
		return io.EOF
	}
	copy(into, r.left[0])
	r.left = r.left[1:]
	return nil
}

func (r *fakeRows) Close() error {
	r.f.mu.Lock()
	defer r.f.mu.Unlock()
	r.f.rows--
	return nil
}

// A stateError is an error of PostgreSQL, as pgx and lib/pq return them.
type stateError string

func (e stateError) Error() string    { return "ERROR (SQLSTATE " + string(e) + ")" }
func (e stateError) SQLState() string { return string(e) }

// A numberError is one of MySQL, as go-sql-driver returns them.
type numberError struct {
	Number  uint16
	Message string
}

func (e *numberError) Error() string { return fmt.Sprintf("Error %d: %s", e.Number, e.Message) }

// A codeError is one of SQLite, as modernc.org/sqlite returns them.
type codeError struct {
	code int
	text string
}

func (e *codeError) Error() string { return e.text }
func (e *codeError) Code() int     { return e.code }

// A fieldError is one of SQLite, as mattn/go-sqlite3 returns them.
type fieldError struct {
	Code int
	text string
}

func (e fieldError) Error() string { return e.text }

type kind = func(*sql.DB, sqlstore.Options) (*sqlstore.Store, error)

// kinds are the constructors, by name.
var kinds = map[string]kind{"postgres": sqlstore.Postgres, "mysql": sqlstore.MySQL, "sqlite": sqlstore.SQLite}

func eachKind(t *testing.T, f func(*testing.T, kind)) {
	for name, k := range kinds {
		t.Run(name, func(t *testing.T) { f(t, k) })
	}
}

// row is one row.
func row(values ...driver.Value) [][]driver.Value { return [][]driver.Value{values} }
