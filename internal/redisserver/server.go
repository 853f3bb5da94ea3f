package redisserver

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/sojourn-go/session/internal/testserver"
)

// A Server is a process that runs, or has run. Its methods may be called from
// any number of goroutines at once.
type Server struct {
	binary   string
	dir      string
	port     int
	password string
	sentinel bool

	mu      sync.Mutex
	process *process // the latest
	frozen  bool
}

// common are the settings of every server. Those of the caller come after them,
// and win.
var common = []string{
	"bind 127.0.0.1",
	"protected-mode no",
	"daemonize no",
	`save ""`,
	"appendonly no",
	"repl-diskless-sync yes",
	"repl-diskless-sync-delay 0", // else a replica waits 5 s for others to come
	"repl-ping-replica-period 1",
}

// Start starts a server, and returns when it answers. Each of config is a line
// of redis.conf, such as "maxmemory 4mb" or "appendonly yes". A password of
// "requirepass" is used by Do, too.
func Start(config ...string) (*Server, error) {
	return start(false, append(append([]string{}, common...), config...))
}

// start tries ports until one is free for the server, too.
func start(sentinel bool, config []string) (*Server, error) {
	binary, err := Find()
	if err != nil {
		return nil, err
	}
	return testserver.UntilPortFree(func() (*Server, error) { return startOnce(binary, sentinel, config) })
}

func startOnce(binary string, sentinel bool, config []string) (*Server, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "sojourn-redis-")
	if err != nil {
		return nil, err
	}
	s := &Server{binary: binary, dir: dir, port: port, sentinel: sentinel, password: setting(config, "requirepass")}
	lines := append([]string{
		"port " + strconv.Itoa(port),
		"dir " + strconv.Quote(dir),
		"logfile " + strconv.Quote(s.logFile()),
	}, config...)
	if err = os.WriteFile(s.configFile(), []byte(strings.Join(lines, "\n")+"\n"), 0o600); err == nil {
		err = s.run()
	}
	if err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}

// setting returns the value of the last line that sets name.
func setting(config []string, name string) (value string) {
	for _, line := range config {
		if words := strings.Fields(line); len(words) == 2 && words[0] == name {
			value = strings.Trim(words[1], `"`)
		}
	}
	return value
}

func (s *Server) configFile() string { return filepath.Join(s.dir, "redis.conf") }
func (s *Server) logFile() string    { return filepath.Join(s.dir, "redis.log") }

// run starts the process, and waits until it answers.
func (s *Server) run() error {
	args := []string{s.configFile()}
	if s.sentinel {
		args = append(args, "--sentinel")
	}
	p, err := startProcess(s.binary, args...)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.process, s.frozen = p, false
	s.mu.Unlock()
	if err := s.waitUntilUp(p); err != nil {
		return fmt.Errorf("redisserver: %s on port %d: %w\n%s", s.binary, s.port, err, s.Log())
	}
	if s.sentinel {
		hurry(s)
	}
	return nil
}

// waitUntilUp waits until the process answers. Another may have taken the port
// first, and answer in its place.
func (s *Server) waitUntilUp(p *process) error {
	want := fmt.Sprintf("process_id:%d\r\n", p.Pid())
	return await("an answer", func() error {
		if err := p.Fault(s.logFile()); err != nil {
			return err
		}
		got, err := s.Do("INFO", "server")
		if err != nil {
			return err
		}
		if text, ok := got.(string); !ok || !strings.Contains(text, want) {
			return testserver.Lasting(testserver.ErrPortTaken)
		}
		got, err = s.Do("PING")
		if err == nil && got != "PONG" {
			err = fmt.Errorf("PING: got %v", got)
		}
		return err
	})
}

// Addr returns the address, as host:port.
func (s *Server) Addr() string { return testserver.Loopback(s.port) }

// Port returns the port, which stays the same over Restart.
func (s *Server) Port() int { return s.port }

// Dir returns the directory with the server's files, which Stop removes.
func (s *Server) Dir() string { return s.dir }

// Pid returns the number of the latest process, and 0 if there was none.
func (s *Server) Pid() int {
	if p, _ := s.latest(); p != nil {
		return p.Pid()
	}
	return 0
}

func (s *Server) latest() (p *process, frozen bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.process, s.frozen
}

// alive tells whether the server can be expected to answer.
func (s *Server) alive() bool {
	p, frozen := s.latest()
	return p != nil && !frozen && !p.Ended()
}

// Log returns the end of the server's log, for the report of a failure.
func (s *Server) Log() string { return testserver.Tail(s.logFile()) }
