package redisserver

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// A process is one run of a server.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
	err  error         // how it ended, once done is closed
}

func startProcess(name string, args ...string) (*process, error) {
	cmd := exec.Command(name, args...)
	if err := startMortal(cmd); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, done: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		if p.err == nil {
			p.err = errors.New("exit status 0")
		}
		close(p.done)
	}()
	return p, nil
}

func (p *process) pid() int { return p.cmd.Process.Pid }

func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// kill ends the process at once, and returns when it is gone.
func (p *process) kill() error {
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-p.done
	return nil
}

// end asks the process to go, and kills it after 5 s.
func (p *process) end() error {
	if err := terminate(p.cmd.Process); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-p.done:
		return nil
	case <-time.After(5 * time.Second):
		return p.kill()
	}
}

// halt freezes the process, or thaws it. A signal is only on its way when it
// has been sent, so that a frozen process is waited for where that can be seen.
func (p *process) halt(freeze bool) error {
	if p.ended() {
		return os.ErrProcessDone
	}
	if !freeze {
		return proceed(p.cmd.Process)
	}
	if err := pause(p.cmd.Process); err != nil {
		return err
	}
	return await("the process to stand still", func() error {
		fields, err := procStat(p.pid())
		if err == nil && fields[0] != "T" {
			return fmt.Errorf("its state is %s", fields[0])
		}
		return nil
	})
}

// CPU returns the processor time that the latest process has used, its own and
// the kernel's for it, in steps of 10 ms. It is known on Linux only, and while
// the process runs.
func (s *Server) CPU() (time.Duration, error) {
	fields, err := procStat(s.Pid())
	if err != nil {
		return 0, err
	}
	const user, system = 11, 12 // counted from the state
	var ticks int64
	for _, i := range []int{user, system} {
		n, err := strconv.ParseInt(fields[i], 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return time.Duration(ticks) * (time.Second / 100), nil // USER_HZ is 100 everywhere
}

// procStat returns what Linux says of a process, from its state on.
func procStat(pid int) ([]string, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil, err
	}
	// The name before it is in parentheses, and may hold some, too.
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 13 {
		return nil, fmt.Errorf("/proc/%d/stat: got %q", pid, text)
	}
	return fields, nil
}
