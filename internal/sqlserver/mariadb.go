package sqlserver

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// mySQLSettings are those of every MariaDB and MySQL. The lines of the caller
// come after them, and win. What only one of the two knows is "loose".
var mySQLSettings = []string{
	"bind-address = 127.0.0.1",
	"skip-name-resolve",
	"skip-log-bin",
	"innodb_buffer_pool_size = 32M",
	"loose-innodb_log_file_size = 16M",
	"loose-innodb_redo_log_capacity = 32M",
	"loose-performance_schema = OFF",
	"loose-mysqlx = OFF",
}

// StartMariaDB starts a MariaDB, or a MySQL if [MySQLVariable] names one, and
// returns when it serves. Each of config is a line of my.cnf, such as
// "max_connections = 20". The database is empty.
func StartMariaDB(config ...string) (*Server, error) {
	binary, err := wantedMySQL.find("mariadbd", "mysqld")
	if err != nil {
		return nil, err
	}
	k := kind{
		name:  "MariaDB",
		users: []string{"mysql", "nobody"},
		command: func(s *Server) []string {
			return []string{binary, "--defaults-file=" + s.file("my.cnf"), "--init-file=" + s.file("init.sql")}
		},
		ready:    mySQLReady,
		farewell: syscall.SIGTERM,
		isMySQL:  true,
	}
	return start(k, newLogin("sojourn", "test"), func(s *Server) error {
		lines := append([]string{
			"[mysqld]",
			"port = " + strconv.Itoa(s.port),
			"datadir = " + s.file("data"),
			"socket = " + s.file("socket"),
			"pid-file = " + s.file("pid"),
			"tmpdir = " + s.dir,
		}, mySQLSettings...)
		if err := s.write("my.cnf", append(lines, config...)...); err != nil {
			return err
		}
		// The server carries this out whenever it starts.
		err := s.write("init.sql",
			"CREATE DATABASE IF NOT EXISTS "+s.login.database+";",
			fmt.Sprintf("CREATE USER IF NOT EXISTS '%s'@'%%' IDENTIFIED BY '%s';", s.login.user, s.login.password),
			fmt.Sprintf("GRANT ALL PRIVILEGES ON *.* TO '%s'@'%%' WITH GRANT OPTION;", s.login.user))
		if err != nil {
			return err
		}
		return initMySQL(s, binary)
	})
}

// initMySQL makes the files of the server. MySQL does that itself, MariaDB has a
// script for it.
func initMySQL(s *Server, binary string) error {
	out, err := exec.Command(binary, "--no-defaults", "--version").CombinedOutput()
	if err != nil {
		return fmt.Errorf("sqlserver: %s --version: %w\n%s", binary, err, out)
	}
	if !strings.Contains(string(out), "MariaDB") {
		return s.do(binary, "--defaults-file="+s.file("my.cnf"), "--initialize-insecure")
	}
	script, err := findScript(binary)
	if err != nil {
		return err
	}
	return s.do(script, "--defaults-file="+s.file("my.cnf"), "--basedir="+filepath.Dir(filepath.Dir(script)),
		"--skip-name-resolve", "--skip-test-db", "--auth-root-authentication-method=socket")
}

// findScript prefers a script that came with the binary.
func findScript(binary string) (string, error) {
	names := []string{"mariadb-install-db", "mysql_install_db"}
	if path, err := filepath.EvalSymlinks(binary); err == nil {
		base := filepath.Dir(filepath.Dir(path))
		for _, dir := range []string{"bin", "scripts", "sbin"} {
			for _, name := range names {
				if path, err := exec.LookPath(filepath.Join(base, dir, name)); err == nil {
					return path, nil
				}
			}
		}
	}
	if path, ok := lookUp(names...); ok {
		return path, nil
	}
	return "", fmt.Errorf("%w: %s has no %s", wantedMySQL.missing(), binary, names[0])
}

// mySQLReady waits for the server's file with the number of the process, which
// it writes when it listens, then for its greeting.
func mySQLReady(s *Server, p *process) error {
	text, err := os.ReadFile(s.file("pid"))
	if err != nil {
		return err
	}
	if got := strings.TrimSpace(string(text)); got != strconv.Itoa(p.Pid()) {
		return fmt.Errorf("its file is of process %q", got)
	}
	conn, err := net.DialTimeout("tcp", s.Addr(), time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return err
	}
	greeting := make([]byte, 5) // a header of four bytes, then the version of the protocol
	if _, err := io.ReadFull(conn, greeting); err != nil {
		return err
	}
	if greeting[4] != 10 {
		return fmt.Errorf("its greeting begins with % x", greeting)
	}
	return nil
}
