// Package sqlserver starts real database servers for tests: PostgreSQL, MariaDB
// or MySQL, and PgBouncer before a PostgreSQL. They listen on free ports of the
// loopback, keep everything in temporary directories, and sync to disk as they
// do anywhere else.
//
// What a test needs to say is said in lines of the server's configuration:
//
//	s, err := sqlserver.StartPostgres("max_connections = 20")
//	...
//	defer s.Stop()
//	db, err := sql.Open("pgx", s.DSN())
//
// Where there is no server to be started every function returns an error that
// is [ErrMissing], which says what to install. On Linux the servers die with
// the process that started them, however it ends; elsewhere they are left
// behind by one that ends without Stop, as their files are everywhere. Servers
// refuse to run as root: for root they run as the user of their package, or as
// nobody.
//
// A [Proxy] stands between a client and a server, counts the round trips, and
// loses what it is told to.
package sqlserver

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
)

// ErrMissing says that a server is not installed.
var ErrMissing = errors.New("no such server found")

// These environment variables may name other servers than those of PATH.
const (
	PostgresVariable  = "SOJOURN_POSTGRES_BIN" // a directory with postgres and initdb
	MySQLVariable     = "SOJOURN_MYSQL_SERVER" // the binary of MariaDB or of MySQL
	PgBouncerVariable = "SOJOURN_PGBOUNCER"    // the binary
)

// A wanted server is one to be found.
type wanted struct{ name, debian, variable string }

var (
	wantedPostgres  = wanted{"PostgreSQL", "postgresql", PostgresVariable}
	wantedMySQL     = wanted{"MariaDB", "mariadb-server", MySQLVariable}
	wantedPgBouncer = wanted{"PgBouncer", "pgbouncer", PgBouncerVariable}
)

// missing is an ErrMissing that says what can be done.
func (w wanted) missing() error {
	return fmt.Errorf("%w: %s: install the package %s, or set %s", ErrMissing, w.name, w.debian, w.variable)
}

// wrong is the error of a variable that names no server.
func (w wanted) wrong(err error) error {
	return fmt.Errorf("%w, which is %q: %w", w.missing(), os.Getenv(w.variable), err)
}

// findPostgres returns the directory of postgres and initdb: what the variable
// says, else that of PATH, else the newest one of Debian's.
func findPostgres() (dir string, err error) {
	if dir := os.Getenv(PostgresVariable); dir != "" {
		if err := hasPostgres(dir); err != nil {
			return "", wantedPostgres.wrong(err)
		}
		return dir, nil
	}
	var dirs []string
	if path, err := exec.LookPath("postgres"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			dirs = append(dirs, filepath.Dir(path))
		}
	}
	packaged, _ := filepath.Glob("/usr/lib/postgresql/*/bin") // the pattern is well-formed
	slices.SortFunc(packaged, func(a, b string) int { return version(b) - version(a) })
	for _, dir := range append(dirs, packaged...) {
		if hasPostgres(dir) == nil {
			return dir, nil
		}
	}
	return "", wantedPostgres.missing()
}

func hasPostgres(dir string) error {
	for _, name := range []string{"postgres", "initdb"} {
		if _, err := exec.LookPath(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// version is the number in /usr/lib/postgresql/15/bin.
func version(dir string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(dir)))
	return n
}

// find returns the binary that the variable names, or else one of PATH.
func (w wanted) find(names ...string) (string, error) {
	if name := os.Getenv(w.variable); name != "" {
		path, err := exec.LookPath(name)
		if err != nil {
			return "", w.wrong(err)
		}
		return path, nil
	}
	if path, ok := lookUp(names...); ok {
		return path, nil
	}
	return "", w.missing()
}

// lookUp returns the first of the programs that is in PATH, or where servers
// are while PATH does not say so.
func lookUp(names ...string) (path string, ok bool) {
	for _, name := range names {
		for _, dir := range []string{"", "/usr/sbin", "/usr/local/sbin", "/usr/local/bin"} {
			if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
				return path, true
			}
		}
	}
	return "", false
}
