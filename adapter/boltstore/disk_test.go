//go:build linux

package boltstore_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/sojourn-go/session/adapter/boltstore"
	"github.com/sojourn-go/session/store"
)

// tmpfs mounts a small file system, or skips the test.
func tmpfs(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("not run: mounting a tmpfs takes root: %v", err)
	}
	t.Cleanup(func() { must(t, syscall.Unmount(dir, 0)) })
	return dir
}

func TestAFullDiskIsErrFullAndLosesNothing(t *testing.T) {
	dir := tmpfs(t, "1m")
	st := open(t, filepath.Join(dir, "sessions.db"))
	saved := map[string]uint64{}
	full := error(nil)
	for n := 0; full == nil && n < 10_000; n++ {
		id := fmt.Sprint("id-", n)
		version, err := st.Save(t.Context(), id, store.Record{Data: make([]byte, 4000)})
		if err == nil {
			saved[id] = version
		}
		full = err
	}
	if !errors.Is(full, store.ErrFull) {
		t.Fatalf("Save on a full disk: got %v, want %v", full, store.ErrFull)
	}
	must(t, st.Check(t.Context()))
	for id, version := range saved {
		rec, err := st.Load(t.Context(), id)
		if err != nil || rec.Version != version {
			t.Errorf("%s: got %d, %v, want %d", id, rec.Version, err, version)
		}
	}
	// bbolt needs free pages to remove something, too, and there may be none:
	// but each that is removed makes room for the next.
	for left := len(saved); left > 0; left = len(saved) {
		for id := range saved {
			switch err := st.Delete(t.Context(), id); {
			case err == nil:
				delete(saved, id)
			case !errors.Is(err, store.ErrFull):
				t.Fatalf("Delete on a full disk: got %v, want nil or %v", err, store.ErrFull)
			}
		}
		if len(saved) == left {
			t.Fatalf("on a full disk: none of %d records can be removed", left)
		}
	}
	create(t, st, "again", store.Record{Data: make([]byte, 4000)})
	must(t, st.Check(t.Context()))
}

func TestWhatFindsNoRoomDoesNotHurtTheOthers(t *testing.T) {
	dir := tmpfs(t, "1m")
	st := open(t, filepath.Join(dir, "sessions.db"))
	tx, err := st.DB().Begin(true)
	must(t, err)
	first := async(t.Context(), st, "first", 1)
	queued(t, st, 0)
	small := []<-chan error{async(t.Context(), st, "small-1", 1), async(t.Context(), st, "small-2", 1)}
	queued(t, st, 2)
	large := async(t.Context(), st, "large", 2<<20)
	queued(t, st, 3)
	small = append(small, async(t.Context(), st, "small-3", 1))
	queued(t, st, 4)
	must(t, tx.Rollback())
	must(t, <-first)
	for _, done := range small {
		must(t, <-done)
	}
	if err := <-large; !errors.Is(err, store.ErrFull) {
		t.Errorf("a Save of 2 MiB on a disk of 1 MiB: got %v, want %v", err, store.ErrFull)
	}
	must(t, st.Check(t.Context()))
}

func TestOpenOnAFullDiskLeavesNoFileBehind(t *testing.T) {
	dir := tmpfs(t, "64k")
	must(t, os.WriteFile(filepath.Join(dir, "other"), make([]byte, 56<<10), 0o600))
	path := filepath.Join(dir, "sessions.db")
	if _, err := boltstore.Open(path, boltstore.Options{}); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Open: got %v, want %v", err, syscall.ENOSPC)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file: got %v, want it gone", err)
	}
}

func TestOpenOnAReadOnlyFileSystemSaysSo(t *testing.T) {
	dir := tmpfs(t, "1m")
	path := filepath.Join(dir, "sessions.db")
	must(t, open(t, path).Close())
	must(t, syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""))
	for _, path := range []string{path, path + "-new"} {
		if _, err := boltstore.Open(path, boltstore.Options{}); !errors.Is(err, syscall.EROFS) {
			t.Errorf("Open of %s: got %v, want %v", path, err, syscall.EROFS)
		}
	}
}

const nobody = 65534

func init() {
	children["unprivileged"] = func(path string) {
		if err := errors.Join(syscall.Setgid(nobody), syscall.Setuid(nobody)); os.Geteuid() == 0 {
			fmt.Println("still root:", err)
			return
		}
		_, err := boltstore.Open(path, boltstore.Options{})
		fmt.Println(errors.Is(err, os.ErrPermission), err)
	}
}

func TestAFileThatOneMustNotReadIsAnError(t *testing.T) {
	path := file(t)
	must(t, open(t, path).Close())
	must(t, os.Chmod(path, 0))
	if out := string(runChild(t, "unprivileged", path)); !strings.HasPrefix(out, "true boltstore: ") {
		t.Errorf("Open: got %q, want an error of permission", out)
	}
}
