package sqlserver

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A Bouncer is a PgBouncer that stands before a PostgreSQL. It has the login of
// that one, which is also its administrator, and all that a Server has.
type Bouncer struct{ *Server }

// StartPgBouncer starts a PgBouncer before a PostgreSQL, and returns when it
// serves. It pools transactions. Each of config is a line of pgbouncer.ini, such
// as "default_pool_size = 2". Stop it before the server.
func StartPgBouncer(server *Server, config ...string) (*Bouncer, error) {
	if server.kind.name != postgresName {
		return nil, fmt.Errorf("sqlserver: PgBouncer cannot stand before %s", server.kind.name)
	}
	binary, err := wantedPgBouncer.find("pgbouncer")
	if err != nil {
		return nil, err
	}
	k := kind{
		name:     "PgBouncer",
		users:    []string{"postgres", "nobody"},
		command:  func(s *Server) []string { return []string{binary, s.file("pgbouncer.ini")} },
		ready:    bouncerReady,
		farewell: syscall.SIGTERM,
	}
	s, err := start(k, server.login, func(s *Server) error {
		lines := append([]string{
			"[databases]",
			"* = host=127.0.0.1 port=" + strconv.Itoa(server.port),
			"[pgbouncer]",
			"listen_addr = 127.0.0.1",
			"listen_port = " + strconv.Itoa(s.port),
			"unix_socket_dir =",
			"auth_type = scram-sha-256",
			"auth_file = " + s.file("users"),
			"admin_users = " + s.login.user,
			"pool_mode = transaction",
			"server_login_retry = 1",                         // second: a server that was restarted is soon found
			"ignore_startup_parameters = extra_float_digits", // lib/pq sets it
		}, config...)
		return errors.Join(
			s.write("users", fmt.Sprintf("%q %q", s.login.user, s.login.password)),
			s.write("pgbouncer.ini", lines...))
	})
	if err != nil {
		return nil, err
	}
	return &Bouncer{s}, nil
}

// bouncerReady asks for TLS, which is refused with one letter. Another may
// listen on the port, so the process has to have said that it is up.
func bouncerReady(s *Server, p *process) error {
	if !strings.Contains(s.Log(), fmt.Sprintf("[%d] LOG process up", p.Pid())) {
		return errors.New("it does not say that it is up")
	}
	conn, err := net.DialTimeout("tcp", s.Addr(), time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return err
	}
	if _, err := conn.Write([]byte{0, 0, 0, 8, 4, 210, 22, 47}); err != nil { // SSLRequest
		return err
	}
	answer := make([]byte, 1)
	if _, err := io.ReadFull(conn, answer); err != nil {
		return err
	}
	if answer[0] != 'N' && answer[0] != 'S' {
		return fmt.Errorf("it answered %q", answer)
	}
	return nil
}
