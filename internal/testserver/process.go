package testserver

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// A Process is one run of a server. Its methods may be called from any number of
// goroutines at once.
type Process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
	err  error         // how it ended, once done is closed
}

// Start starts cmd. On Linux the process is killed when this one ends, however
// it ends; elsewhere it is left behind by one that does not kill it.
func Start(cmd *exec.Cmd) (*Process, error) {
	if err := startMortal(cmd); err != nil {
		return nil, err
	}
	p := &Process{cmd: cmd, done: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		if p.err == nil {
			p.err = errors.New("exit status 0")
		}
		close(p.done)
	}()
	return p, nil
}

// OS returns the process of the system.
func (p *Process) OS() *os.Process { return p.cmd.Process }

// Pid returns its number.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Done returns a channel that is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Ended tells whether the process has ended.
func (p *Process) Ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// Wait waits for the end of the process, which is not asked to go, and tells
// whether it came within that time.
func (p *Process) Wait(atMost time.Duration) bool {
	select {
	case <-p.done:
		return true
	case <-time.After(atMost):
		return false
	}
}

// Kill ends the process at once, and returns when it is gone. Processes that it
// has started are left alone.
func (p *Process) Kill() error {
	if err := p.OS().Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-p.done
	return nil
}

// Fault is nil while the process runs. Later it says how it ended, and is
// lasting: ErrPortTaken if the log says so.
func (p *Process) Fault(log string) error {
	switch {
	case !p.Ended():
		return nil
	case strings.Contains(Tail(log), "Address already in use"):
		return Lasting(ErrPortTaken)
	}
	return Lasting(fmt.Errorf("it ended: %w", p.err))
}

// Tail returns the last 4 KiB of a file, and nothing if it cannot be read.
func Tail(file string) string {
	const most = 4 << 10
	text, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	return string(text[max(0, len(text)-most):])
}
