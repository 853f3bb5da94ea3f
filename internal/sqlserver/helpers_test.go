package sqlserver_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/sojourn-go/session/internal/sqlserver"
)

// A product is a server that most sentences are about.
type product struct {
	name  string
	start func(config ...string) (*sqlserver.Server, error)
}

var products = []product{{"PostgreSQL", sqlserver.StartPostgres}, {"MariaDB", sqlserver.StartMariaDB}}

// forEach runs the test with each product.
func forEach(t *testing.T, test func(t *testing.T, p product)) {
	for _, p := range products {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			test(t, p)
		})
	}
}

// open starts a server for the test.
func (p product) open(t *testing.T, config ...string) *sqlserver.Server {
	t.Helper()
	s, err := p.start(config...)
	must(t, err)
	t.Cleanup(func() { must(t, s.Stop()) })
	return s
}

// must ends the test, without a failure where no server is installed.
func must(t *testing.T, err error) {
	t.Helper()
	if errors.Is(err, sqlserver.ErrMissing) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// client is the command line client of the server, by way of an address.
func client(t *testing.T, s *sqlserver.Server, addr string) *exec.Cmd {
	t.Helper()
	if strings.HasPrefix(s.URL(), "postgres:") {
		return tool(t, []string{"psql"}, "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", s.URLAt(addr))
	}
	host, port, err := net.SplitHostPort(addr)
	must(t, err)
	return tool(t, []string{"mariadb", "mysql"}, "--no-defaults", "--batch", "--skip-column-names", "--unbuffered",
		"--protocol=tcp", "--host="+host, "--port="+port, "--user="+s.User(), "--password="+s.Password(), s.Database())
}

func tool(t *testing.T, names []string, args ...string) *exec.Cmd {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return exec.Command(path, args...)
		}
	}
	t.Skipf("no client found: install %s", names[0])
	return nil
}

// query returns what the server answers, over a connection of its own.
func query(t *testing.T, s *sqlserver.Server, sql string) (string, error) {
	t.Helper()
	cmd := client(t, s, s.Addr())
	cmd.Stdin = strings.NewReader(sql + ";\n")
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func wantAnswer(t *testing.T, s *sqlserver.Server, sql, want string) {
	t.Helper()
	if got, err := query(t, s, sql); err != nil || got != want {
		t.Fatalf("%s: got %q, error %v, want %q", sql, got, err, want)
	}
}

// A session is a client that stays connected.
type session struct {
	t     *testing.T
	in    io.Writer
	lines chan string // closed when the client has ended
}

// connect returns a session that has been answered once.
func connect(t *testing.T, s *sqlserver.Server, addr string) *session {
	t.Helper()
	cmd := client(t, s, addr)
	in, err := cmd.StdinPipe()
	must(t, err)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	c := &session{t, in, make(chan string)}
	stop := make(chan struct{})
	read := make(chan struct{})
	go func() {
		defer close(read)
		defer close(c.lines)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			select {
			case c.lines <- lines.Text():
			case <-stop:
				return
			}
		}
	}()
	t.Cleanup(func() {
		close(stop)
		cmd.Process.Kill()
		<-read
		cmd.Wait() // it was killed, or its server was
	})
	c.send("SELECT 'here'")
	c.want("here")
	return c
}

func (c *session) send(sql string) {
	io.WriteString(c.in, sql+";\n") // a client that is gone does not answer, either
}

// answer returns the next line, and false if the client ends instead.
func (c *session) answer() (string, bool) {
	c.t.Helper()
	select {
	case line, ok := <-c.lines:
		return line, ok
	case <-time.After(20 * time.Second):
		c.t.Fatal("waited 20 s for an answer")
		return "", false
	}
}

func (c *session) want(want string) {
	c.t.Helper()
	if got, ok := c.answer(); !ok || got != want {
		c.t.Fatalf("got %q, %t, want %q", got, ok, want)
	}
}

func (c *session) wantSilence() {
	c.t.Helper()
	select {
	case line, ok := <-c.lines:
		c.t.Fatalf("got %q, %t, want silence", line, ok)
	case <-time.After(100 * time.Millisecond):
	}
}

// eventually waits until f is true.
func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !f(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited 20 s for %s", what)
		}
	}
}
