package sql_test

import (
	"database/sql"
	"log/slog"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/proof/stories/crowd"
	"github.com/sojourn-go/session/store/sqlstore"
)

// Sessions of a node whose clock is behind end later than others think. What
// sweeps goes by the database's clock, and leaves them alone for Options.Grace.
// The clock of a late node is that of a synctest bubble.
func TestStories_of_nodes_whose_clocks_are_two_minutes_apart(t *testing.T) {
	for _, name := range []string{"pgx", "pq", "mysql", "sqlite"} {
		t.Run(name, func(t *testing.T) {
			c := driverByName(name)
			table := newTable()
			dsn := c.dsn(t, "")
			db := c.connect(t, dsn)
			st := func(o sqlstore.Options) *sqlstore.Store {
				o.Table = table
				st, err := c.make(db, o)
				check(t, err)
				return st
			}
			lenient, harsh := st(sqlstore.Options{}), st(sqlstore.Options{Grace: 1})
			check(t, lenient.Create(t.Context()))
			here, now := outside(t), time.Now()
			sweep := func(st *sqlstore.Store, want int) {
				t.Helper()
				here(func() {
					if n, err := st.Sweep(t.Context()); n != want || err != nil {
						t.Errorf("Sweep: %d, %v, want %d", n, err, want)
					}
				})
			}
			synctest.Test(t, func(t *testing.T) {
				late := lateNode(t, c, dsn, table, now, 2*time.Minute)
				defer late.db.Close()
				token := late.begins(t)
				here(func() { // for others the session is over, and its record too
					n := crowd.NewNode(t, lenient, lifetime)
					late.sees(t, n, token, 0)
				})
				sweep(lenient, 0)
				late.sees(t, late.node, token, 1)
				sweep(harsh, 1)
				late.sees(t, late.node, token, 0) // what Grace is for
			})
			synctest.Test(t, func(t *testing.T) {
				late := lateNode(t, c, dsn, table, now, 7*time.Minute)
				defer late.db.Close()
				token := late.begins(t)
				sweep(lenient, 1) // the record has expired more than five minutes ago
				late.sees(t, late.node, token, 0)
				token = late.begins(t)
				time.Sleep(30 * time.Second)
				late.sees(t, late.node, token, 0) // and now for itself
				sweep(lenient, 1)
			})
		})
	}
}

// outside returns what runs a function outside of any bubble, and waits for it.
func outside(t *testing.T) func(func()) {
	work, done := make(chan func()), make(chan struct{})
	go func() {
		for f := range work {
			f()
			done <- struct{}{}
		}
	}()
	t.Cleanup(func() { close(work) })
	return func(f func()) {
		work <- f
		<-done
	}
}

var driverNames = map[string]string{"pgx": "pgx", "pq": "postgres", "mysql": "mysql", "sqlite": "sqlite"}

// lifetime is short. A record of it stays for Timeout and a minute longer.
var lifetime = session.Options{Lifetime: 30 * time.Second, Timeout: 5 * time.Second, Logger: slog.New(slog.DiscardHandler)}

// A late is a node whose clock is behind.
type late struct {
	db   *sql.DB
	node *crowd.Node
}

// lateNode opens a node in a bubble, where it is so much earlier than now.
func lateNode(t *testing.T, c driverCase, dsn, table string, now time.Time, behind time.Duration) *late {
	t.Helper()
	time.Sleep(time.Until(now.Add(-behind)))
	db, err := sql.Open(driverNames[c.name], dsn)
	check(t, err)
	db.SetMaxOpenConns(1)
	st, err := c.make(db, sqlstore.Options{Table: table})
	check(t, err)
	return &late{db, crowd.NewNode(t, st, lifetime)}
}

func (l *late) begins(t *testing.T) (token string) {
	t.Helper()
	a := crowd.Send(l.node, crowd.Add, "", "")
	if a.Status != http.StatusOK || a.Cookie == nil {
		t.Fatalf("add: %d (%s)", a.Status, a.Why)
	}
	return a.Cookie.Value
}

// sees wants a node to show so many updates.
func (l *late) sees(t *testing.T, n *crowd.Node, token string, want int) {
	t.Helper()
	if a := crowd.Send(n, crowd.Look, token, ""); a.Status != http.StatusOK || a.Count != want {
		t.Errorf("got %d (%s) and %d updates, want 200 and %d", a.Status, a.Why, a.Count, want)
	}
}
