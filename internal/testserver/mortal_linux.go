package testserver

import (
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// starter starts processes that die with this one. To Linux the parent is the
// thread that started a process, so all are started by one that never ends.
var starter = sync.OnceValue(func() chan<- func() {
	work := make(chan func())
	go func() {
		runtime.LockOSThread()
		for f := range work {
			f()
		}
	}()
	return work
})

// startMortal starts cmd, which is killed when this process ends.
func startMortal(cmd *exec.Cmd) error {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	result := make(chan error)
	starter() <- func() { result <- cmd.Start() }
	return <-result
}
