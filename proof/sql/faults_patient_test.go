package sql_test

import (
	"bytes"
	"database/sql"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/internal/sqlserver"
	"github.com/sojourn-go/session/proof/stories/crowd"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/sqlstore"
)

// go-sql-driver would tell the standard error of every connection that is lost.
func init() { mysql.SetLogger(log.New(io.Discard, "", 0)) }

// A patient is a server of its own, to which faults happen one after the other.
type patient struct {
	*sqlserver.Server
	driver driverCase
	admin  *sql.DB // has all rights, and connects anew for each statement
}

// appUser is who the application is: it has no rights but to its own tables.
const appUser, appPassword = "app", "first"

// newPatient starts a server for a driver, with such settings.
func newPatient(t *testing.T, name string, config ...string) *patient {
	t.Helper()
	start := sqlserver.StartMariaDB
	if name != "mysql" {
		start = sqlserver.StartPostgres
		config = append(config, fmt.Sprintf("hba_file = '%s'", plainPasswords(t)))
	}
	s, err := start(config...)
	unlessMissing(t, err)
	t.Cleanup(func() { check(t, s.Stop()) })
	p := &patient{Server: s, driver: driverByName(name)}
	p.admin = p.driver.connect(t, s.DSN())
	p.admin.SetMaxIdleConns(0)
	p.say(t, map[string][]string{
		"postgres": {"CREATE ROLE app LOGIN PASSWORD 'first'", "GRANT USAGE, CREATE ON SCHEMA public TO app"},
		"mysql":    {"CREATE USER app IDENTIFIED BY 'first'", "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE ON test.* TO app"},
	})
	return p
}

// plainPasswords returns a file that has PostgreSQL ask for passwords as they are:
// SCRAM would be most of the work of tests that have so many connections closed.
func plainPasswords(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "sojourn-hba-")
	check(t, err)
	t.Cleanup(func() { check(t, os.RemoveAll(dir)) })
	check(t, os.Chmod(dir, 0o755)) // the server may be another user's
	path := filepath.Join(dir, "pg_hba.conf")
	check(t, os.WriteFile(path, []byte("host all all 127.0.0.1/32 password\n"), 0o644))
	return path
}

func (p *patient) isMySQL() bool { return p.driver.name == "mysql" }

// say carries out the statements for this database, as the administrator.
func (p *patient) say(t *testing.T, texts map[string][]string) {
	t.Helper()
	kind := "postgres"
	if p.isMySQL() {
		kind = "mysql"
	}
	for _, text := range texts[kind] {
		if _, err := p.admin.ExecContext(t.Context(), text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
}

// both is one text for either database.
func both(texts ...string) map[string][]string {
	return map[string][]string{"postgres": texts, "mysql": texts}
}

// dsn is that of the application's user, at an address.
func (p *patient) dsn(addr string) string {
	if p.isMySQL() {
		c := mysql.NewConfig()
		c.User, c.Passwd, c.Net, c.Addr, c.DBName = appUser, appPassword, "tcp", addr, p.Database()
		return c.FormatDSN()
	}
	u := url.URL{Scheme: "postgres", User: url.UserPassword(appUser, appPassword), Host: addr, Path: "/" + p.Database(), RawQuery: "sslmode=disable"}
	return u.String()
}

// A ward is where visitors meet a patient.
type ward struct {
	*crowd.Crowd
	table string
	pools []*sql.DB // of the nodes
	log   *notes
}

// pool opens a pool of the application's user.
func (p *patient) pool(t *testing.T, addr string) *sql.DB {
	t.Helper()
	db := p.driver.connect(t, p.dsn(addr))
	db.SetMaxOpenConns(mostConnections)
	db.SetMaxIdleConns(mostConnections)
	return db
}

// letIn has two nodes open upon a new table, and lets visitors in.
func (p *patient) letIn(t *testing.T, addr string, o session.Options) *ward {
	t.Helper()
	w := &ward{table: newTable(), log: &notes{}}
	o.Logger = slog.New(slog.NewTextHandler(w.log, nil))
	var stores []store.Store
	for i := range 2 {
		db := p.pool(t, addr)
		st, err := p.driver.make(db, sqlstore.Options{Table: w.table})
		check(t, err)
		if i == 0 {
			check(t, st.Create(t.Context()))
		}
		w.pools, stores = append(w.pools, db), append(stores, st)
	}
	w.Crowd = crowd.New(t, stores, o)
	return w
}

// hangUp ends all connections of the application's user, and returns how many.
func (p *patient) hangUp(t *testing.T) (n int) {
	t.Helper()
	for _, id := range p.connections(t) {
		if _, err := p.admin.ExecContext(t.Context(), p.ending(id)); err == nil { // else it has gone by itself
			n++
		}
	}
	return n
}

// connections returns the numbers of those of the application's user.
func (p *patient) connections(t *testing.T) (ids []int64) {
	t.Helper()
	list := "SELECT pid FROM pg_stat_activity WHERE usename = 'app'"
	if p.isMySQL() {
		list = "SELECT id FROM information_schema.processlist WHERE user = 'app'"
	}
	rows, err := p.admin.QueryContext(t.Context(), list)
	check(t, err)
	defer rows.Close()
	for rows.Next() {
		var id int64
		check(t, rows.Scan(&id))
		ids = append(ids, id)
	}
	check(t, rows.Err())
	return ids
}

// ending is the statement that ends a connection.
func (p *patient) ending(id int64) string {
	if p.isMySQL() {
		return fmt.Sprintf("KILL %d", id)
	}
	return fmt.Sprintf("SELECT pg_terminate_backend(%d)", id)
}

// refusedBy wants some to be answered 503 while f runs.
func (w *ward) refusedBy(t *testing.T, f func()) {
	t.Helper()
	before := w.Refusals(crowd.Verbs...)
	f()
	if w.Refusals(crowd.Verbs...) == before {
		t.Error("nobody noticed")
	}
}

// recovers is Recovers with a line for the record.
func (w *ward) recovers(t *testing.T, within time.Duration) {
	t.Helper()
	t.Logf("all was well after %v", w.Recovers(within))
}

// notes are a log.
type notes struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (n *notes) Write(b []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.Write(b)
}

// since returns what was written after so many bytes, and how many there are.
func (n *notes) since(from int) (text string, to int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return string(n.text.Bytes()[from:]), n.text.Len()
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
