package sqlserver

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/sojourn-go/session/internal/testserver"
)

// A process is one run of a server.
type process struct {
	*testserver.Process
	watch *watch // not nil while it is frozen
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
	p, err := testserver.Start(cmd)
	if err != nil {
		return nil, err
	}
	return &process{Process: p}, nil
}

// Kill ends the process and its children at once, frozen or not, and returns
// when they are gone.
func (p *process) Kill() error {
	if !p.Ended() {
		gone, err := killAll(p.OS())
		if err != nil {
			return err
		}
		<-p.Done()
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
	if p.Ended() {
		return nil
	}
	if p.watch != nil && p.thaw() != nil || p.OS().Signal(farewell) != nil {
		return p.Kill()
	}
	if p.Wait(10 * time.Second) {
		return nil
	}
	return p.Kill()
}

func (p *process) freeze() error {
	if p.Ended() {
		return os.ErrProcessDone
	}
	if p.watch != nil {
		return nil
	}
	w, err := freeze(p.Pid())
	p.watch = w
	return err
}

func (p *process) thaw() error {
	if p.Ended() {
		return os.ErrProcessDone
	}
	if err := thaw(p.Pid()); err != nil {
		return err
	}
	p.watch.end()
	p.watch = nil
	return nil
}
