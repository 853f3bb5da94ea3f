package sql

import (
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"github.com/sojourn-go/session/internal/sqlserver"
)

// The engines.
const (
	PostgreSQL = "PostgreSQL"
	MariaDB    = "MariaDB"
	SQLite     = "SQLite"
	Bolt       = "bbolt"
)

// An engine is a kind of database.
type engine struct {
	name  string
	start func() (*host, error)
}

// Engines returns their names.
func Engines() (names []string) {
	for _, e := range allEngines() {
		names = append(names, e.name)
	}
	return names
}

func allEngines() []engine {
	return []engine{{PostgreSQL, startPostgres}, {MariaDB, startMariaDB}, {SQLite, startFiles}, {Bolt, startFiles}}
}

func (o Options) engines() (wanted []engine) {
	for _, e := range allEngines() {
		if len(o.Engines) == 0 || slices.Contains(o.Engines, e.name) {
			wanted = append(wanted, e)
		}
	}
	return wanted
}

// A host is a database that was started, or a folder for files.
type host struct {
	server *sqlserver.Server // nil: there is none
	admin  *sql.DB           // of the server
	dir    string            // without a server: of the files
}

// postgresSettings leave a PostgreSQL as it is installed, but for its memory,
// and for what it does at times of its own: that would be in one subject's
// figures, and for all of them. What autovacuum does is done between blocks.
var postgresSettings = []string{
	"max_connections = 200",
	"shared_buffers = 512MB",
	"max_wal_size = 8GB",
	"checkpoint_timeout = 1h",
	"autovacuum = off",
}

func startPostgres() (*host, error) {
	return startServer("pgx", sqlserver.StartPostgres, postgresSettings)
}

func startMariaDB() (*host, error) {
	return startServer("mysql", sqlserver.StartMariaDB, []string{
		"max_connections = 200",
		"innodb_buffer_pool_size = 512M",
		"loose-innodb_log_file_size = 1G",
		"loose-innodb_redo_log_capacity = 1G",
	})
}

func startServer(driver string, start func(config ...string) (*sqlserver.Server, error), config []string) (*host, error) {
	s, err := start(config...)
	if err != nil {
		return nil, err
	}
	db, err := sql.Open(driver, s.DSN())
	if err != nil {
		s.Stop()
		return nil, err
	}
	return &host{server: s, admin: db}, nil
}

func startFiles() (*host, error) {
	dir, err := os.MkdirTemp("", "sojourn-bench-")
	return &host{dir: dir}, err
}

func (h *host) stop() {
	if h.server == nil {
		os.RemoveAll(h.dir)
		return
	}
	h.admin.Close()
	h.server.Stop()
}

// file returns the path of a file.
func (h *host) file(name string) string { return filepath.Join(h.dir, name) }

// version asks for the version of the engine.
func (h *host) version(engine string) (v string, err error) {
	query := map[string]string{PostgreSQL: "SHOW server_version", MariaDB: "SELECT VERSION()", SQLite: "SELECT sqlite_version()"}[engine]
	db := h.admin
	switch engine {
	case Bolt:
		return "", nil // its module says it
	case SQLite:
		if db, err = sql.Open("sqlite", ":memory:"); err != nil {
			return "", err
		}
		defer db.Close()
	}
	err = db.QueryRow(query).Scan(&v)
	return v, err
}

// synced makes sure that the server syncs what it says is committed.
func (h *host) synced(engine string) error {
	for _, s := range map[string][][2]string{
		PostgreSQL: {{"SHOW fsync", "on"}, {"SHOW synchronous_commit", "on"}, {"SHOW full_page_writes", "on"}},
		MariaDB:    {{"SELECT @@innodb_flush_log_at_trx_commit", "1"}, {"SELECT @@innodb_doublewrite", "1"}},
	}[engine] {
		var got string
		if err := h.admin.QueryRow(s[0]).Scan(&got); err != nil {
			return err
		}
		if got != s[1] {
			return fmt.Errorf("%s: got %q, want %q", s[0], got, s[1])
		}
	}
	return nil
}

// postgresDSN makes a schema, and returns what opens it at an address.
func (h *host) postgresDSN(addr, schema string) (string, error) {
	if _, err := h.admin.Exec(fmt.Sprintf(`CREATE SCHEMA IF NOT EXISTS "%s"`, schema)); err != nil {
		return "", err
	}
	u, err := url.Parse(h.server.URLAt(addr))
	if err != nil {
		return "", err
	}
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// mysqlDSN makes a database, and returns what opens it at an address.
func (h *host) mysqlDSN(addr, database string, interpolate bool) (string, error) {
	if _, err := h.admin.Exec(fmt.Sprintf("CREATE DATABASE IF NOT EXISTS `%s`", database)); err != nil {
		return "", err
	}
	c, err := mysql.ParseDSN(h.server.DSNAt(addr))
	if err != nil {
		return "", err
	}
	c.DBName, c.ParseTime, c.InterpolateParams = database, true, interpolate
	return c.FormatDSN(), nil
}

// tidy does what a server does in the background after writes of a subject, so
// that it does not do so while another one is measured.
func (h *host) tidy(engine, schema, table string) error {
	switch engine {
	case PostgreSQL:
		_, err := h.admin.Exec(fmt.Sprintf(`VACUUM (ANALYZE) "%s"."%s"`, schema, table))
		return err
	case MariaDB:
		return h.purge()
	}
	return nil
}

// purge waits until MariaDB removes no more of the rows that were replaced.
func (h *host) purge() error {
	for last, end := -1, time.Now().Add(3*time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		var name string
		var length int
		err := h.admin.QueryRow("SHOW GLOBAL STATUS LIKE 'Innodb_history_list_length'").Scan(&name, &length)
		if err != nil || length == last {
			return err
		}
		last = length
	}
	return nil
}

// cpu returns the processor time that the server has used.
func (h *host) cpu() (time.Duration, error) {
	if h.server == nil {
		return 0, nil
	}
	return familyCPU(h.server.Pid())
}
