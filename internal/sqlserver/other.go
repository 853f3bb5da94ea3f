//go:build !unix

package sqlserver

import (
	"errors"
	"os"
	"os/exec"
)

// An account is the user as whom a server runs: that of this process, here.
type account struct{}

func accountOf(...string) (*account, error)             { return nil, nil }
func (*account) assume(*exec.Cmd)                       {}
func (*account) own(string) error                       { return nil }
func (*account) tempDir(pattern string) (string, error) { return os.MkdirTemp("", pattern) }

// A watch does nothing, since nothing is frozen.
type watch struct{}

func (*watch) end() {}

var errCannotFreeze = errors.New("sqlserver: this system cannot freeze a process")

func freeze(int) (*watch, error) { return nil, errCannotFreeze }
func thaw(int) error             { return errCannotFreeze }

// killAll ends the process alone.
func killAll(p *os.Process) (gone func() error, err error) {
	return func() error { return nil }, p.Kill()
}
