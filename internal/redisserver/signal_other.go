//go:build !unix

package redisserver

import (
	"errors"
	"os"
)

var errCannotFreeze = errors.New("this system cannot freeze a process")

func terminate(p *os.Process) error { return p.Kill() }
func pause(*os.Process) error       { return errCannotFreeze }
func proceed(*os.Process) error     { return errCannotFreeze }
