package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"

	modernc "modernc.org/sqlite"
)

// A file is a database by its absolute path: the process may change its folder
// between two connections.
type file struct{ path string }

// newFile returns the file of a path, and what is wrong with that, before the
// disk is asked. It is never nil.
func newFile(path string) (*file, error) {
	switch {
	case path == "":
		return &file{}, errors.New("sqlite: the path is empty: it is that of a file (memstore keeps sessions in memory)")
	case path == ":memory:" || strings.HasPrefix(path, "file::memory:"):
		return &file{}, fmt.Errorf("sqlite: %q is no file: memstore keeps sessions in memory", path)
	case strings.ContainsRune(path, 0):
		return &file{}, fmt.Errorf("sqlite: the path %q holds a NUL byte", path)
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return &file{}, fmt.Errorf("sqlite: %s: %w", path, err)
	}
	return &file{abs}, nil
}

// making keeps two openers of this process from making one file at once. When
// one of them closes what it has made, the locks of the other would be gone: that
// is how POSIX has it.
var making sync.Mutex

// make makes the file if it is not there: empty, which to SQLite is an empty
// database. Those that SQLite puts beside it get the same mode. It looks at
// nothing in a file that is there, and does not open it, because of those locks.
func (f *file) make() error {
	making.Lock()
	defer making.Unlock()
	info, err := os.Stat(f.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return create(f.path)
	case err != nil:
		return cause(err)
	case info.IsDir():
		return errors.New("it is a folder, and not a file")
	case !info.Mode().IsRegular():
		return fmt.Errorf("it is no regular file (%v)", info.Mode())
	}
	return nil
}

func create(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		return fmt.Errorf("it cannot be made: %w", cause(err))
	}
	return nil
}

// cause is an error of package os without the path, which the text has already.
func cause(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}

// uri is the path as SQLite's URI, in which every character may occur, with what
// each connection begins with.
func (f *file) uri(pragmas []string) string {
	path := filepath.ToSlash(f.path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // C:/...
	}
	q := url.Values{
		"mode":    {"rw"}, // a file that was deleted is not made anew behind our back
		"_txlock": {"immediate"},
		"_pragma": append([]string{busyTimeout(inside)}, pragmas...),
		// The text of an error is that of its code.
		"_error_rc": {"1"},
	}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}).String()
}

// The result codes of SQLite that are told in other words.
const (
	codeBusy         = 5
	codeReadOnly     = 8
	codeCorrupt      = 11
	codeCantOpen     = 14
	codeNotADB       = 26
	codeBusySnapshot = 517
	codeReadOnlyDir  = 1544
)

// explain says in words what a file is that cannot be opened.
func explain(err error) error {
	e, ok := errors.AsType[*modernc.Error](err)
	if !ok {
		return err
	}
	const folder = "its folder, where other files come and go beside it, cannot be written to"
	switch e.Code() & 0xff {
	case codeNotADB:
		return fmt.Errorf("it is no SQLite database: %w", err)
	case codeCorrupt:
		return fmt.Errorf("it is damaged, or has been cut off: %w", err)
	case codeReadOnly:
		if e.Code() == codeReadOnlyDir {
			return fmt.Errorf("%s: %w", folder, err)
		}
		return fmt.Errorf("it cannot be written to: %w", err)
	case codeCantOpen:
		return fmt.Errorf("it cannot be opened, or %s: %w", folder, err)
	}
	return err
}
