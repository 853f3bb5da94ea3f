package sqlserver

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// A process is one run of a server.
type process struct {
	cmd   *exec.Cmd
	watch *watch        // not nil while it is frozen
	done  chan struct{} // closed when it has ended
	err   error         // how it ended, once done is closed
}

// command is one that runs as the user, in its directory, speaks English, and
// knows no settings of other servers.
func command(a *account, dir, name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = []string{"LC_ALL=C", "HOME=" + dir, "TMPDIR=" + dir}
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		switch strings.ToUpper(name) {
		case "PATH", "TZ", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT":
			cmd.Env = append(cmd.Env, v)
		}
	}
	a.assume(cmd)
	return cmd
}

// startProcess starts cmd with its output going to the end of a file.
func startProcess(cmd *exec.Cmd, log string) (*process, error) {
	f, err := os.OpenFile(log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	cmd.Stdout, cmd.Stderr = f, f
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

// kill ends the process and its children at once, frozen or not, and returns
// when they are gone.
func (p *process) kill() error {
	if !p.ended() {
		gone, err := killAll(p.cmd.Process)
		if err != nil {
			return err
		}
		<-p.done
		if err := await("the children of the process to be gone", gone); err != nil {
			return err
		}
	}
	p.watch.end()
	p.watch = nil
	return nil
}

// end asks the process to go, and kills it after 10 s.
func (p *process) end(farewell syscall.Signal) error {
	if p.ended() {
		return nil
	}
	if p.watch != nil && p.thaw() != nil || p.cmd.Process.Signal(farewell) != nil {
		return p.kill()
	}
	select {
	case <-p.done:
		return nil
	case <-time.After(10 * time.Second):
		return p.kill()
	}
}

func (p *process) freeze() error {
	if p.ended() {
		return os.ErrProcessDone
	}
	if p.watch != nil {
		return nil
	}
	w, err := freeze(p.pid())
	p.watch = w
	return err
}

func (p *process) thaw() error {
	if p.ended() {
		return os.ErrProcessDone
	}
	if err := thaw(p.pid()); err != nil {
		return err
	}
	p.watch.end()
	p.watch = nil
	return nil
}
