package sql_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/sqlstore"
)

// A countingConnector opens connections of pgx whose results tell when they are
// asked how many rows have changed.
type countingConnector struct {
	driver.Connector
	counting func()
	bad      int // connections that turn out to be bad before anything is sent
}

func (c *countingConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &countingConn{conn.(*stdlib.Conn), c}, nil
}

type countingConn struct {
	*stdlib.Conn
	from *countingConnector
}

func (c *countingConn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	if c.from.bad > 0 {
		c.from.bad--
		return nil, driver.ErrBadConn
	}
	r, err := c.Conn.ExecContext(ctx, text, args)
	return countingResult{r, c.from.counting}, err
}

type countingResult struct {
	driver.Result
	counting func()
}

func (r countingResult) RowsAffected() (int64, error) {
	r.counting()
	return r.Result.RowsAffected()
}

// openCounting opens a pool by way of a countingConnector.
func openCounting(t *testing.T, c driverCase) (*sql.DB, *countingConnector) {
	t.Helper()
	config, err := pgx.ParseConfig(c.dsn(t, ""))
	if err != nil {
		t.Fatal(err)
	}
	connector := &countingConnector{Connector: stdlib.GetConnector(*config), counting: func() {}}
	db := sql.OpenDB(connector)
	t.Cleanup(func() { db.Close() })
	return db, connector
}

// database/sql counts rows under the lock of the connection: whoever has it by
// then may wait for a row, and a Save that is done would wait along.
func TestConformance_WithPgxRowsAreCountedBeforeTheConnectionIsGivenBack(t *testing.T) {
	c := driverByName("pgx")
	db, connector := openCounting(t, c)
	s := c.newStore(t, db)
	counted := 0
	connector.counting = func() {
		if counted++; db.Stats().InUse != 1 {
			t.Error("when the rows were counted, the connection was somebody else's")
		}
	}
	var rec store.Record
	var err error
	for range 2 {
		if rec.Version, err = s.Save(t.Context(), "a", rec); err != nil {
			t.Fatal(err)
		}
	}
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if _, err = s.Save(sqlstore.WithTx(t.Context(), tx), "a", rec); err != nil {
		t.Error(err)
	}
	if counted != 3 {
		t.Errorf("the rows of 3 Saves were counted %d times", counted)
	}
}

// pgx says so of a connection that was lost while it was idle: then others do.
func TestConformance_WithPgxASaveThatHasNotLeftGoesByAnotherConnection(t *testing.T) {
	c := driverByName("pgx")
	db, connector := openCounting(t, c)
	s := c.newStore(t, db)
	for bad := range 3 {
		connector.bad = bad
		if _, err := s.Save(t.Context(), fmt.Sprint("id", bad), store.Record{}); err != nil || connector.bad != 0 {
			t.Errorf("with %d connections that are bad: got %v", bad, err)
		}
	}
}
