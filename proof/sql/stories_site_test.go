package sql_test

import (
	"database/sql"
	"os"
	"strings"
	"testing"

	"github.com/sojourn-go/session/proof/stories"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/sqlstore"
)

// A process of the stories is this test binary once more, and never comes to its
// tests.
func init() { stories.Serve(ways) }

// ways are how the processes of the stories reach a database. The URL is a dsn
// and, after a space, the name of the table.
var ways = map[string]stories.Way{
	"pgx":    wayBy("pgx", sqlstore.Postgres),
	"pq":     wayBy("postgres", sqlstore.Postgres),
	"mysql":  wayBy("mysql", sqlstore.MySQL),
	"sqlite": wayBy("sqlite", sqlstore.SQLite),
}

// mostConnections are a process's own: 200 requests at once come to each, and
// the server has so many connections for all.
const mostConnections = 20

// A pooled is a store that closes its pool.
type pooled struct {
	*sqlstore.Store
	db *sql.DB
}

func (p pooled) Close() error { return p.db.Close() }

func wayBy(name string, make func(*sql.DB, sqlstore.Options) (*sqlstore.Store, error)) stories.Way {
	return func(url string) (stories.Store, error) {
		dsn, table, _ := strings.Cut(url, " ")
		db, err := sql.Open(name, dsn)
		if err != nil {
			return nil, err
		}
		db.SetMaxOpenConns(mostConnections)
		db.SetMaxIdleConns(mostConnections)
		st, err := make(db, sqlstore.Options{Table: table})
		return pooled{st, db}, err
	}
}

// told are the drivers that stories are told with, and faults happen to.
func told() []driverCase {
	names := []string{"pgx", "mysql"}
	if long() {
		names = append(names, "pq", "sqlite")
	}
	var all []driverCase
	for _, name := range names {
		all = append(all, driverByName(name))
	}
	return all
}

func long() bool { return os.Getenv("SOJOURN_LONG") != "" }

// place makes a table, and returns the URL of the stories for it.
func place(t *testing.T, c driverCase, addr string) string {
	t.Helper()
	dsn, table := siteDSN(t, c, ""), newTable()
	db := c.connect(t, dsn)
	if err := c.store(t, db, sqlstore.Options{Table: table}).Create(t.Context()); err != nil {
		t.Fatal(err)
	}
	if addr != "" {
		dsn = siteDSN(t, c, addr)
	}
	return dsn + " " + table
}

// siteDSN is the dsn with what SQLite needs.
func siteDSN(t *testing.T, c driverCase, addr string) string {
	t.Helper()
	dsn := c.dsn(t, addr)
	if c.server == nil {
		dsn += "?_pragma=busy_timeout(5000)&_pragma=journal_mode(wal)&_pragma=synchronous(full)"
	}
	return dsn
}

// openTwice opens two stores with pools of their own, for two nodes.
func openTwice(t *testing.T, c driverCase, url string) (two [2]store.Store) {
	t.Helper()
	for i := range two {
		st, err := ways[c.name](url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { st.Close() })
		two[i] = st
	}
	return two
}
