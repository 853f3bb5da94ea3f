//go:build (linux && !android) || darwin || dragonfly || freebsd || netbsd || openbsd

package boltstore

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	bolterrors "go.etcd.io/bbolt/errors"
)

// lock takes the lock that bbolt takes, so that nobody writes while the file is
// inspected. It belongs to f: when bbolt takes it on the same f, it has it. It
// goes when f is closed, or the process ends, however it does.
func lock(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return bolterrors.ErrTimeout
	}
	if err != nil {
		return fmt.Errorf("lock it: %w", err)
	}
	return nil
}

// unlock gives the lock back, unless bbolt has closed f, and so done it.
func unlock(f *os.File) {
	if c, err := f.SyscallConn(); err == nil {
		c.Control(func(fd uintptr) { syscall.Flock(int(fd), syscall.LOCK_UN) })
	}
}

// syncDir makes the name of a new file safe.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("boltstore: the directory: %w", err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) { // not every file system can
		return fmt.Errorf("boltstore: the directory: %w", err)
	}
	return nil
}
