package sqlserver

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

const postgresName = "PostgreSQL"

// postgresSettings are those of every PostgreSQL. The lines of the caller come
// after them, and win.
var postgresSettings = []string{
	"listen_addresses = '127.0.0.1'",
	"unix_socket_directories = ''",
	"shared_buffers = 16MB",
	"dynamic_shared_memory_type = mmap", // in its directory, instead of /dev/shm
	"logging_collector = off",
}

// StartPostgres starts a PostgreSQL, and returns when it serves. Each of config
// is a line of postgresql.conf, such as "max_connections = 20". The user is a
// superuser, and authenticates itself by SCRAM. The server and its databases
// have the locale C and the encoding UTF-8.
func StartPostgres(config ...string) (*Server, error) {
	bin, err := findPostgres()
	if err != nil {
		return nil, err
	}
	k := kind{
		name:     postgresName,
		users:    []string{"postgres", "nobody"},
		command:  func(s *Server) []string { return []string{filepath.Join(bin, "postgres"), "-D", s.file("data")} },
		ready:    postgresReady,
		farewell: syscall.SIGINT, // SIGTERM would wait for the clients
		litter:   removeSegment,
	}
	return start(k, newLogin("postgres", "postgres"), func(s *Server) error {
		if err := s.write("password", s.login.password); err != nil {
			return err
		}
		err := s.do(filepath.Join(bin, "initdb"), "--pgdata="+s.file("data"), "--no-sync", "--locale=C", "--encoding=UTF8",
			"--username="+s.login.user, "--auth=scram-sha-256", "--pwfile="+s.file("password"))
		if err != nil {
			return err
		}
		lines := append([]string{}, postgresSettings...)
		lines = append(lines, "port = "+strconv.Itoa(s.port))
		return s.write("data/postgresql.conf", append(lines, config...)...)
	})
}

// postgresReady reads what pg_ctl reads: a file whose first line is the number
// of the process, and whose eighth is its state.
func postgresReady(s *Server, p *process) error {
	lines, err := postmasterFile(s)
	if err != nil {
		return err
	}
	if len(lines) < 8 || lines[0] != strconv.Itoa(p.Pid()) || lines[7] != "ready" && lines[7] != "standby" {
		return fmt.Errorf("it says %q", lines)
	}
	return nil
}

func postmasterFile(s *Server) (lines []string, err error) {
	text, err := os.ReadFile(s.file("data/postmaster.pid"))
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(text)) {
		lines = append(lines, strings.TrimSpace(line))
	}
	return lines, nil
}

// removeSegment removes the few bytes of shared memory which a PostgreSQL that
// was killed leaves behind, and finds again by itself when it is restarted. The
// seventh line of its file is their key and number.
func removeSegment(s *Server) {
	lines, err := postmasterFile(s)
	if err != nil || len(lines) < 7 {
		return
	}
	if words := strings.Fields(lines[6]); len(words) == 2 {
		exec.Command("ipcrm", "-m", words[1]).Run() // it may not be installed: then they stay
	}
}
