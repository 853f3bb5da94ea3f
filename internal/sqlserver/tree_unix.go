//go:build unix

package sqlserver

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/sojourn-go/session/internal/testserver"
)

// A member is a process of the system.
type member struct {
	pid, parent int
	state       byte // as ps writes it
}

func (m member) halted() bool { return strings.IndexByte("TtZX", m.state) >= 0 }

// family returns a process and all that come from it, itself first. The
// children of PostgreSQL are no process group: each begins one of its own.
func family(pid int) ([]member, error) {
	all, err := processes()
	if err != nil {
		return nil, err
	}
	var found []member
	for _, m := range all {
		if m.pid == pid {
			found = append(found, m)
		}
	}
	for i := 0; i < len(found); i++ {
		for _, m := range all {
			if m.parent == found[i].pid {
				found = append(found, m)
			}
		}
	}
	return found, nil
}

// halt stops a process, so that it has no more children, then these. It
// returns when all stand still, since a signal that has been sent is only on
// its way.
func halt(pid int) (all []member, err error) {
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		return nil, err
	}
	return all, await("the processes to stand still", func() error {
		if all, err = family(pid); err != nil {
			return testserver.Lasting(err)
		}
		for i, m := range all {
			if m.halted() {
				continue
			}
			if i > 0 { // it may have ended
				syscall.Kill(m.pid, syscall.SIGSTOP)
			}
			err = errors.Join(err, fmt.Errorf("the state of process %d is %c", m.pid, m.state))
		}
		return err
	})
}

func freeze(pid int) (*watch, error) {
	all, err := halt(pid)
	if err != nil {
		return nil, errors.Join(err, thaw(pid))
	}
	w, err := watchOver(all)
	if err != nil {
		return nil, errors.Join(err, thaw(pid))
	}
	return w, nil
}

// thaw lets the children go on before their parent.
func thaw(pid int) error {
	all, err := family(pid)
	if err != nil {
		return err
	}
	for _, m := range slices.Backward(all) {
		if err := syscall.Kill(m.pid, syscall.SIGCONT); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
	}
	return nil
}

// killAll kills a process and all that come from it, while none of them can do
// anything about it. It returns what tells whether they are gone.
func killAll(p *os.Process) (gone func() error, err error) {
	all, err := halt(p.Pid)
	if err != nil {
		// It may have ended meanwhile, and otherwise at least it goes.
		if err := p.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return nil, err
		}
	}
	for _, m := range slices.Backward(all) {
		if err := syscall.Kill(m.pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return nil, err
		}
	}
	return func() error { return anyLeft(all) }, nil
}

// anyLeft is an error as long as one of them is more than a zombie.
func anyLeft(some []member) error {
	all, err := processes()
	if err != nil {
		return testserver.Lasting(err)
	}
	for _, m := range all {
		if strings.IndexByte("ZX", m.state) < 0 && slices.ContainsFunc(some, func(s member) bool { return s.pid == m.pid }) {
			return fmt.Errorf("process %d is still there", m.pid)
		}
	}
	return nil
}

// A watch kills frozen processes when this one ends: the children of a server
// end by themselves when their parent has, but not while they are frozen.
type watch struct{ cmd *exec.Cmd }

func watchOver(all []member) (*watch, error) {
	args := []string{"-c", `read -r line; kill -KILL "$@"`, "sh"}
	for _, m := range all {
		args = append(args, strconv.Itoa(m.pid))
	}
	cmd := exec.Command("/bin/sh", args...)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C at a terminal is not for it
	if _, err := cmd.StdinPipe(); err != nil {            // its end is the end of this process
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &watch{cmd: cmd}, nil
}

// end ends the watch, if there is one.
func (w *watch) end() {
	if w != nil {
		w.cmd.Process.Kill()
		w.cmd.Wait() // it was killed
	}
}
