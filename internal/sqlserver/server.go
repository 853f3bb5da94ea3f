package sqlserver

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"github.com/sojourn-go/session/internal/testserver"
)

// A Server is a database server that runs, or has run. Its methods may be
// called from any number of goroutines at once.
type Server struct {
	kind    kind
	account *account
	dir     string
	port    int
	login   login

	control sync.Mutex // held while something is done to the process

	mu      sync.Mutex
	process *process // the latest
}

// A kind is what one product does otherwise than the others.
type kind struct {
	name     string
	users    []string // as whom it runs if this process is root's
	command  func(s *Server) []string
	ready    func(s *Server, p *process) error // nil when the process serves
	farewell syscall.Signal                    // asks it to go, and not to wait for its clients
	litter   func(s *Server)                   // removes what it leaves outside its directory when it is killed
	isMySQL  bool
}

// start tries ports until one is free for the server, too. prepare makes its
// files, in its directory.
func start(k kind, l login, prepare func(s *Server) error) (*Server, error) {
	return testserver.UntilPortFree(func() (*Server, error) { return startOnce(k, l, prepare) })
}

func startOnce(k kind, l login, prepare func(s *Server) error) (*Server, error) {
	a, err := accountOf(k.users...)
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	dir, err := a.tempDir("sojourn-sql-")
	if err != nil {
		return nil, err
	}
	s := &Server{kind: k, account: a, dir: dir, port: port, login: l}
	if err = prepare(s); err == nil {
		err = s.run()
	}
	if err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// file returns the path of one of the server's files.
func (s *Server) file(name string) string { return filepath.Join(s.dir, name) }

// write makes a file that the server can read.
func (s *Server) write(name string, lines ...string) error {
	path := s.file(name)
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		return err
	}
	return s.account.own(path)
}

// do runs a command as the server's user, and returns when it is done.
func (s *Server) do(name string, args ...string) error {
	out, err := command(s.account, s.dir, name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("sqlserver: %s: %w\n%s", name, err, out)
	}
	return nil
}

// run starts the process, and waits until it serves.
func (s *Server) run() error {
	words := s.kind.command(s)
	p, err := startProcess(command(s.account, s.dir, words[0], words[1:]...), s.file(logName))
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.process = p
	s.mu.Unlock()
	err = await("the server to be ready", func() error {
		if err := p.Fault(s.file(logName)); err != nil {
			return err
		}
		return s.kind.ready(s, p)
	})
	if err != nil {
		return fmt.Errorf("sqlserver: %s on port %d: %w\n%s", s.kind.name, s.port, err, s.Log())
	}
	return nil
}

// Addr returns the address, as host:port.
func (s *Server) Addr() string { return testserver.Loopback(s.port) }

// Port returns the port, which stays the same over Restart.
func (s *Server) Port() int { return s.port }

// Dir returns the directory with the server's files, which Stop removes.
func (s *Server) Dir() string { return s.dir }

// Pid returns the number of the latest process, and 0 if there was none.
func (s *Server) Pid() int {
	if p := s.latest(); p != nil {
		return p.Pid()
	}
	return 0
}

func (s *Server) latest() *process {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.process
}

const logName = "server.log"

// Log returns the end of the server's log, for the report of a failure.
func (s *Server) Log() string { return testserver.Tail(s.file(logName)) }
