package wire

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"github.com/sojourn-go/session/bench/measure"
	"github.com/sojourn-go/session/bench/peers"
)

// Workloads are the paths that are measured, in order; each is a group of the
// results.
var Workloads = []string{"untouched", "read", "write"}

// Options say how much to measure.
type Options struct {
	Command  []string // that calls Serve; the subject's name is appended
	Passes   int
	Requests int // of each workload to each server in a pass
	Log      func(format string, args ...any)
}

// Subjects are the servers, the bare one first.
var Subjects = []string{Bare, BareVary, peers.Memory, peers.Sealed, peers.SCSIdle, peers.SCS, peers.Gorilla}

// Where a process lies in memory can make it slower than its neighbour for all
// of its life: after some passes all are started anew.
const passesInLife = 5

// Run measures the CPU time of a request in each server.
func Run(o Options) ([]measure.Result, error) {
	var results []measure.Result
	for _, w := range Workloads {
		for _, name := range Subjects {
			results = append(results, measure.Result{Group: w, Name: name, Runs: o.Requests})
		}
	}
	for pass := 0; pass < o.Passes; pass += passesInLife {
		if err := o.life(results, pass, min(pass+passesInLife, o.Passes)); err != nil {
			return nil, err
		}
	}
	return results, nil
}

// life starts the servers, and adds the passes from first to before last.
func (o Options) life(results []measure.Result, first, last int) error {
	var servers []*server
	defer func() {
		for _, s := range servers {
			s.stop()
		}
	}()
	for _, name := range Subjects {
		s, err := start(o.Command, name)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		servers = append(servers, s)
	}
	for pass := first; pass < last; pass++ {
		if err := o.pass(results, servers, pass); err != nil {
			return err
		}
		if o.Log != nil {
			o.Log("pass %d of %d over the wire", pass+1, o.Passes)
		}
	}
	return nil
}

// pass takes each workload through all servers, beginning with another one
// each time.
func (o Options) pass(results []measure.Result, servers []*server, pass int) error {
	n := len(servers)
	for w := range Workloads {
		for i := range n {
			at := (i + pass) % n
			r := &results[w*n+at]
			ns, err := servers[at].measure("/"+r.Group, o.Requests)
			if err != nil {
				return fmt.Errorf("%s, %s: %w", r.Name, r.Group, err)
			}
			r.NS = append(r.NS, ns)
		}
	}
	return nil
}

// A server is a process that runs Serve.
type server struct {
	name     string
	cmd      *exec.Cmd
	in       io.WriteCloser
	out      *bufio.Scanner
	browsers []*browser
}

func start(command []string, name string) (*server, error) {
	args := append(append([]string{}, command...), name)
	s := &server{name: name, cmd: exec.Command(args[0], args[1:]...)}
	s.cmd.Stderr = os.Stderr
	in, err := s.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	s.in, s.out = in, bufio.NewScanner(out)
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	if err := s.visit(); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

// visit opens the browsers, once the server says where it is.
func (s *server) visit() error {
	if !s.out.Scan() {
		return fmt.Errorf("the server said nothing: %w", s.out.Err())
	}
	addr := strings.TrimSpace(s.out.Text())
	for range connections {
		b, err := open(addr)
		if err != nil {
			return err
		}
		s.browsers = append(s.browsers, b)
	}
	return nil
}

// stop ends the server, by the end of its input.
func (s *server) stop() {
	for _, b := range s.browsers {
		b.conn.Close()
	}
	s.in.Close()
	s.cmd.Wait()
}

// measure returns the CPU time of the server for one of n requests.
func (s *server) measure(path string, n int) (float64, error) {
	if err := load(s.browsers, path, n/10+connections); err != nil {
		return 0, err
	}
	before, err := s.used()
	if err != nil {
		return 0, err
	}
	if err := load(s.browsers, path, n); err != nil {
		return 0, err
	}
	after, err := s.used()
	return float64(after-before) / float64(n/connections*connections), err
}

// used asks the server for its CPU time.
func (s *server) used() (int64, error) {
	if _, err := io.WriteString(s.in, "\n"); err != nil {
		return 0, err
	}
	if !s.out.Scan() {
		return 0, fmt.Errorf("the server is gone: %w", s.out.Err())
	}
	return strconv.ParseInt(s.out.Text(), 10, 64)
}
