package redisserver

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/sojourn-go/session/internal/testserver"
)

// A process is one run of a server.
type process struct{ *testserver.Process }

func startProcess(name string, args ...string) (*process, error) {
	p, err := testserver.Start(exec.Command(name, args...))
	if err != nil {
		return nil, err
	}
	return &process{p}, nil
}

// end asks the process to go, and kills it after 5 s.
func (p *process) end() error {
	if err := terminate(p.OS()); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	if p.Wait(5 * time.Second) {
		return nil
	}
	return p.Kill()
}

// halt freezes the process, or thaws it. A signal is only on its way when it
// has been sent, so that a frozen process is waited for where that can be seen.
func (p *process) halt(freeze bool) error {
	if p.Ended() {
		return os.ErrProcessDone
	}
	if !freeze {
		return proceed(p.OS())
	}
	if err := pause(p.OS()); err != nil {
		return err
	}
	return await("the process to stand still", func() error {
		fields, err := procStat(p.Pid())
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
