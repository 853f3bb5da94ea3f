//go:build unix

package sqlserver

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// An account is the user as whom a server runs; nil is the one of this process.
type account struct{ uid, gid uint32 }

// accountOf returns the first user that exists, for root, and nil for others.
func accountOf(names ...string) (*account, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range names {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(err, err2); err != nil {
			return nil, err
		}
		return &account{uint32(uid), uint32(gid)}, nil
	}
	return nil, fmt.Errorf("sqlserver: the server does not run as root, and there is no user of %q", names)
}

// assume has cmd run as that user.
func (a *account) assume(cmd *exec.Cmd) {
	if a != nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: a.uid, Gid: a.gid}}
	}
}

// own gives the user a file.
func (a *account) own(path string) error {
	if a == nil {
		return nil
	}
	return os.Chown(path, int(a.uid), int(a.gid))
}

// longestDir leaves room for the name of a socket, which 104 bytes have to hold.
const longestDir = 90

// tempDir makes a directory that the user alone can enter, in the first of the
// places that lets the user pass.
func (a *account) tempDir(pattern string) (string, error) {
	var all error
	for _, place := range []string{os.TempDir(), "/tmp", "/var/tmp"} {
		dir, err := os.MkdirTemp(place, pattern)
		if err == nil {
			if dir, err = filepath.Abs(dir); err == nil {
				err = a.tryDir(dir)
			}
			if err == nil {
				return dir, nil
			}
			os.RemoveAll(dir)
		}
		all = errors.Join(all, err)
	}
	return "", fmt.Errorf("sqlserver: no directory for the server: %w", all)
}

func (a *account) tryDir(dir string) error {
	if len(dir) > longestDir {
		return fmt.Errorf("%s is longer than %d bytes", dir, longestDir)
	}
	if err := a.own(dir); err != nil || a == nil {
		return err
	}
	try := exec.Command("/bin/sh", "-c", `cd "$1" && test -w .`, "sh", dir)
	try.Dir = "/"
	a.assume(try)
	if out, err := try.CombinedOutput(); err != nil {
		return fmt.Errorf("user %d cannot use %s: %w\n%s", a.uid, dir, err, out)
	}
	return nil
}
