package sqlite_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/sojourn-go/session/adapter/sqlite"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/sqlstore"
)

func init() { roles["open"] = openAsNobody }

// small mounts a file system of 1 MB.
func small(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skip("not run: a small file system cannot be mounted:", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func TestAFullDiskIsSaidAndLosesNothing(t *testing.T) {
	t.Parallel()
	dir := small(t)
	path := filepath.Join(dir, "sessions.db")
	st := open(t, path)
	kept := map[string]string{}
	versions := map[string]uint64{}
	var full error
	for i := 0; full == nil; i++ {
		id, data := fmt.Sprint("record", i), strings.Repeat(fmt.Sprint(i%10), 20_000)
		v, err := st.Save(t.Context(), id, store.Record{Data: []byte(data)})
		if err != nil {
			full = err
			break
		}
		kept[id], versions[id] = data, v
		if i > 100 {
			t.Fatal("2 MB were saved on a disk of 1 MB")
		}
	}
	if !errors.Is(full, store.ErrFull) {
		t.Errorf("on a full disk: got error %v, want store.ErrFull", full)
	}
	for id, data := range kept {
		want(t, st, id, data)
	}
	// As large as it was, and so in the place of before, once there is room for
	// the journal.
	must(t, syscall.Mount("", dir, "", syscall.MS_REMOUNT, "size=4m"))
	save(t, st, "record0", "there is room again", versions["record0"])
	must(t, st.Close())
	again := open(t, path)
	kept["record0"] = "there is room again"
	for id, data := range kept {
		want(t, again, id, data)
	}
}

// openAsNobody opens paths as a user who may do little, and prints the errors.
func openAsNobody(paths []string) error {
	if err := errors.Join(syscall.Setegid(65534), syscall.Seteuid(65534)); err != nil {
		return err
	}
	for _, path := range paths {
		st, err := sqlite.Open(path, sqlstore.Options{})
		if err == nil {
			err = errors.Join(errors.New("it was opened"), st.Close())
		}
		fmt.Println(err)
	}
	return nil
}

func TestWhatMayNotBeReadOrWrittenIsSaidAtTheStart(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("not run: another user's rights take root")
	}
	data := database(t, 1)
	dir, err := os.MkdirTemp("", "sojourn-sqlite-") // which others may enter
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	file := func(folder string, folderMode os.FileMode, name string, mode os.FileMode) string {
		path := filepath.Join(dir, folder, name)
		must(t, os.MkdirAll(filepath.Dir(path), 0o700))
		if mode != 0 {
			must(t, os.WriteFile(path, data, mode))
			must(t, os.Chmod(path, mode))
		}
		must(t, os.Chmod(filepath.Dir(path), folderMode))
		return path
	}
	must(t, os.Chmod(dir, 0o755))
	cases := []struct{ path, text string }{
		{file("readable", 0o777, "a.db", 0o644), "it can be read, but not written to"},
		{file("secret", 0o777, "a.db", 0o600), "it cannot be opened"},
		{file("folder", 0o755, "a.db", 0o666), "its folder"},
		{file("empty", 0o755, "a.db", 0), "it cannot be made: permission denied"},
		{file("closed", 0o700, "a.db", 0o666), "permission denied"},
	}
	var paths []string
	for _, c := range cases {
		paths = append(paths, c.path)
	}
	p := begin(t, "open", paths...)
	for _, c := range cases {
		if line := p.line(); !strings.HasPrefix(line, "sqlite: "+c.path+": ") || !strings.Contains(line, c.text) {
			t.Errorf("got %q, want %q", line, c.text)
		}
		if left, err := os.ReadFile(c.path); err == nil && string(left) != string(data) {
			t.Errorf("%s was changed", c.path)
		}
	}
	p.end()
}
