package sqlite_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sojourn-go/session/adapter/sqlite"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/sqlstore"
)

// The test binary is the other process as well: what it does is in role.
const role = "SOJOURN_TEST_ROLE"

var roles = map[string]func(args []string) error{}

func TestMain(m *testing.M) {
	if name := os.Getenv(role); name != "" {
		if err := roles[name](os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// A process is the test binary in a role.
type process struct {
	t     *testing.T
	cmd   *exec.Cmd
	stdin io.Closer // what it waits for the end of
	lines *bufio.Scanner
	errs  strings.Builder
}

func begin(t *testing.T, name string, args ...string) *process {
	t.Helper()
	self, err := os.Executable()
	must(t, err)
	p := &process{t: t, cmd: exec.Command(self, args...)}
	// The race detector waits a second at the end of each process.
	p.cmd.Env = append(os.Environ(), role+"="+name, "GORACE=atexit_sleep_ms=0")
	p.cmd.Stderr = &p.errs
	p.stdin, err = p.cmd.StdinPipe()
	must(t, err)
	out, err := p.cmd.StdoutPipe()
	must(t, err)
	p.lines = bufio.NewScanner(out)
	must(t, p.cmd.Start())
	t.Cleanup(func() {
		if p.cmd.ProcessState == nil {
			_ = p.cmd.Process.Kill()
			_ = p.cmd.Wait()
		}
	})
	return p
}

// line waits for a line of the process.
func (p *process) line() string {
	p.t.Helper()
	if !p.lines.Scan() {
		p.t.Fatalf("the other process said nothing: %v, %v", p.lines.Err(), p.cmd.Wait())
	}
	return p.lines.Text()
}

// end lets the process come to its end, which must be a good one.
func (p *process) end() {
	p.t.Helper()
	_ = p.stdin.Close()
	if err := p.cmd.Wait(); err != nil {
		p.t.Fatalf("the other process: %v\n%s", err, p.errs.String())
	}
}

// untilClosed waits for the parent.
func untilClosed() { _, _ = io.Copy(io.Discard, os.Stdin) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newPath(t testing.TB) string { return filepath.Join(t.TempDir(), "sessions.db") }

func open(t testing.TB, path string) *sqlite.Store {
	t.Helper()
	st, err := sqlite.Open(path, sqlstore.Options{})
	must(t, err)
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return st
}

func save(t testing.TB, st store.Store, id, data string, version uint64) uint64 {
	t.Helper()
	v, err := st.Save(t.Context(), id, store.Record{Data: []byte(data), Version: version})
	if err != nil {
		t.Fatalf("Save of %s: %v", id, err)
	}
	return v
}

// want fails the test unless the record holds data; "" is for no record.
func want(t testing.TB, st store.Store, id, data string) {
	t.Helper()
	rec, err := st.Load(t.Context(), id)
	if errors.Is(err, store.ErrNotFound) && data == "" {
		return
	}
	if err != nil || string(rec.Data) != data {
		t.Errorf("%s: got %q, error %v; want %q", id, rec.Data, err, data)
	}
}

// within is a context for calls that must not take longer.
func within(t testing.TB, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}
