package sqlite_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/sojourn-go/session/adapter/sqlite"
	"github.com/sojourn-go/session/store/sqlstore"
)

// refused opens a path, which must be refused with all of these texts.
func refused(t *testing.T, path string, o sqlstore.Options, texts ...string) {
	t.Helper()
	st, err := sqlite.Open(path, o)
	if err == nil {
		_ = st.Close()
		t.Fatalf("%s was opened", path)
	}
	for _, text := range append(texts, "sqlite: ") {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("no %q in: %v", text, err)
		}
	}
}

// content is all that is in a folder, by name.
func content(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	entries, err := os.ReadDir(dir)
	must(t, err)
	for _, e := range entries {
		if e.Type().IsRegular() {
			all[e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name()))
			must(t, err)
		}
	}
	return all
}

// database makes a file with n records, closes it, and returns what it holds.
func database(t *testing.T, n int) []byte {
	t.Helper()
	path := newPath(t)
	st, err := sqlite.Open(path, sqlstore.Options{})
	must(t, err)
	for i := range n {
		save(t, st, "record-"+string(rune('a'+i)), strings.Repeat("x", 10_000), 0)
	}
	must(t, st.Close())
	data, err := os.ReadFile(path)
	must(t, err)
	return data
}

// foreign is a database of somebody else's, made with plain SQL.
func foreign(t *testing.T, statements string) []byte {
	t.Helper()
	path := newPath(t)
	st, err := sqlite.Open(path, sqlstore.Options{})
	must(t, err)
	_, err = st.DB().ExecContext(t.Context(), "DROP TABLE sojourn_sessions; "+statements)
	must(t, err)
	must(t, st.Close())
	data, err := os.ReadFile(path)
	must(t, err)
	return data
}

func TestAFileThatIsNotOursIsRefusedAndNotTouched(t *testing.T) {
	t.Parallel()
	whole := database(t, 20)
	for _, c := range []struct {
		what string
		data []byte
		text string
	}{
		{"a text", []byte(strings.Repeat("no database\n", 1000)), "it is no SQLite database"},
		{"a short text", []byte("hello"), "it is no SQLite database"},
		{"cut off in its header", whole[:60], "it is damaged, or has been cut off"},
		{"cut off in its first page", whole[:1000], "it is damaged, or has been cut off"},
		{"cut off after its first page", whole[:4096], "it is damaged, or has been cut off"},
		{"cut off in the middle", whole[:len(whole)/2], "it is damaged, or has been cut off"},
		{"its last byte missing", whole[:len(whole)-1], "it has been cut off"},
		{"another one's table of this name", foreign(t, "CREATE TABLE sojourn_sessions (id INTEGER PRIMARY KEY, data BLOB)"), "sojourn_sessions"},
		{"a view of this name", foreign(t, "CREATE VIEW sojourn_sessions AS SELECT 1 AS id"), "sojourn_sessions"},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			path := newPath(t)
			must(t, os.WriteFile(path, c.data, 0o600))
			refused(t, path, sqlstore.Options{}, path, c.text)
			left := content(t, filepath.Dir(path))
			if !bytes.Equal(left["sessions.db"], c.data) || len(left) != 1 {
				t.Errorf("the file was changed, or something is beside it now: %d files", len(left))
			}
		})
	}
}

func TestAPathThatIsNoFileIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o600))
	for _, c := range []struct{ path, text string }{
		{"", "the path is empty"},
		{":memory:", "memstore"},
		{"file::memory:?cache=shared", "memstore"},
		{"a\x00b", "NUL"},
		{dir, "it is a folder"},
		{filepath.Join(dir, "nowhere", "a.db"), "it cannot be made: "},
		{filepath.Join(dir, "file", "a.db"), filepath.Join(dir, "file", "a.db")},
		{os.DevNull, "it is no regular file"},
	} {
		refused(t, c.path, sqlstore.Options{}, c.text)
	}
	if left := content(t, dir); len(left) != 1 {
		t.Errorf("something was made: %v", left)
	}
}

func TestAllThatIsWrongIsToldAtOnceAndNothingIsMade(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	refused(t, path, sqlstore.Options{Schema: "temp", Timeout: -1}, `Options.Schema is "temp"`, "Timeout")
	refused(t, "", sqlstore.Options{Timeout: -1}, "the path is empty", "Timeout")
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file: %v, want none", err)
	}
}

func TestAnyNameOfAFileWillDo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	names := []string{"a b", "ü 中文", "50%", "%41", "a#b", "a&b=c+d", "file:x", "'; DROP TABLE x --", "-"}
	if runtime.GOOS != "windows" {
		names = append(names, "why?mode=ro", "a\nb", "\\", `"`, "\xff", "*", "http:x", "sub/../a")
		must(t, os.Mkdir(filepath.Join(dir, "sub"), 0o700))
	}
	for _, name := range names {
		path := dir + "/" + name
		st := open(t, path)
		save(t, st, "a", name, 0)
		if info, err := os.Stat(path); err != nil || info.Size() == 0 || info.Mode().Perm() != 0o600 && runtime.GOOS != "windows" {
			t.Errorf("%q: got %v, error %v", name, info, err)
		}
		want(t, open(t, path), "a", name)
	}
}

func TestAPathIsThatOfTheFolderOfThen(t *testing.T) {
	t.Chdir(t.TempDir())
	st := open(t, "sessions.db")
	t.Chdir(t.TempDir())
	_, err := st.DB().ExecContext(t.Context(), "CREATE TABLE mine (a)")
	must(t, err)
	if left := content(t, "."); len(left) > 0 {
		t.Errorf("in the other folder there is %v", left)
	}
}

func TestAFileOfTheApplicationGetsOurTableAndKeepsItsOwn(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	must(t, os.WriteFile(path, foreign(t, "PRAGMA journal_mode = DELETE; CREATE TABLE mine (a); INSERT INTO mine VALUES ('kept')"), 0o644))
	st := open(t, path)
	save(t, st, "a", "ours", 0)
	var kept string
	must(t, st.DB().QueryRowContext(t.Context(), "SELECT a FROM mine").Scan(&kept))
	if kept != "kept" {
		t.Errorf("got %q", kept)
	}
	if runtime.GOOS == "windows" {
		return
	}
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o644 {
			t.Errorf("%s: %v, %v; want the mode that the file had", name, info.Mode(), err)
		}
	}
}

func TestAnEmptyFileIsAnEmptyDatabase(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	must(t, os.WriteFile(path, nil, 0o600))
	save(t, open(t, path), "a", "b", 0)
}

func TestWhatIsKeptIsThereWhenTheFileIsOpenedAgain(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	st := open(t, path)
	v := save(t, st, "a", "kept", 0)
	must(t, st.Close())
	must(t, st.Close()) // again, which does nothing
	if _, err := st.Load(t.Context(), "a"); err == nil {
		t.Error("Load of a closed store: no error")
	}
	if err := st.DB().PingContext(t.Context()); err == nil {
		t.Error("Close left DB open")
	}
	if left := content(t, filepath.Dir(path)); len(left) != 1 {
		t.Errorf("beside the closed file there are others: %d", len(left))
	}
	again := open(t, path)
	want(t, again, "a", "kept")
	save(t, again, "a", "changed", v)
}

// Every connection, also those that are opened later, syncs each commit.
func TestEveryConnectionHasTheSettings(t *testing.T) {
	t.Parallel()
	st := open(t, newPath(t))
	for range 3 {
		c, err := st.DB().Conn(t.Context())
		must(t, err)
		defer c.Close()
		for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2"} {
			var got string
			must(t, c.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got))
			if got != want {
				t.Errorf("%s is %s, want %s", pragma, got, want)
			}
		}
	}
}
