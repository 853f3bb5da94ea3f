package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/memstore"
)

// restarted signs in, and looks whether that holds in the next demo.
func restarted(t *testing.T, where string, flags ...string) *server {
	t.Helper()
	first := start(t, flags...)
	v := newVisitor(t, first.url)
	v.get("/").want(t, 200, counted(1), "kept in "+where)
	v.signIn("Ann").want(t, 303)
	first.stop(syscall.SIGTERM)
	if log := first.stderr.String(); strings.Contains(log, "level=WARN") {
		t.Errorf("the log of a good day is\n%s", log)
	}
	second := start(t, flags...)
	v.url = second.url
	v.get("/").want(t, 200, counted(2), "Good to see you, Ann.")
	v.post("/logout", "").want(t, 303)
	v.get("/").want(t, 200, counted(1), "Welcome, stranger.")
	return second
}

func TestStores_ARestartSignsNobodyOut(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ where, kind string }{{"a SQLite file", "sqlite"}, {"a bbolt file", "bolt"}} {
		t.Run(c.kind, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "my sessions.db")
			d := restarted(t, c.where, "-store", c.kind+":"+file)
			if log := d.stderr.String(); !strings.Contains(log, "sessions are kept in ") || !strings.Contains(log, file) {
				t.Errorf("the log does not say where they are kept:\n%s", log)
			}
		})
	}
}

func TestStores_SeveralDemosMayUseOneSQLiteFile(t *testing.T) {
	t.Parallel()
	share(t, "a SQLite file", "-store", "sqlite:"+filepath.Join(t.TempDir(), "sessions.db"))
}

func TestStores_ByDefaultThereIsAFileInTheCacheDirectory(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("not run: the cache directory is said by other variables")
	}
	cache := filepath.Join(t.TempDir(), "made", "cache")
	t.Setenv(cacheVariable, cache)
	restarted(t, "a SQLite file")
	for name, want := range map[string]os.FileMode{"sojourn": os.ModeDir | 0o700, "sojourn/demo.db": 0o600} {
		if info, err := os.Stat(filepath.Join(cache, name)); err != nil || info.Mode() != want {
			t.Errorf("%s: %v, error %v; want mode %v", name, info, err, want)
		}
	}
}

var inMemoryLine = regexp.MustCompile(`(?m)^sojourn demo: The sessions are kept in memory, and forgotten when this program stops: .*\.$`)

func TestStores_WithoutAPlaceForAFileTheDemoRunsInMemoryAndSaysSo(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("not run: the cache directory is said by other variables")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	foreign := filepath.Join(dir, "foreign", "sojourn", "demo.db")
	if err := os.MkdirAll(filepath.Dir(foreign), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(foreign, []byte("somebody else's"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ cache, why string }{
		{"relative", "there is no cache directory"},
		{filepath.Join(dir, "file"), "not a directory"},
		{filepath.Join(dir, "foreign"), "it is no SQLite database"},
	} {
		t.Setenv(cacheVariable, c.cache)
		d := start(t)
		newVisitor(t, d.url).get("/").want(t, 200, counted(1), "in the memory of this program")
		d.stop(syscall.SIGTERM)
		said := inMemoryLine.FindAllString(d.stderr.String(), -1)
		if len(said) != 1 || !strings.Contains(said[0], c.why) {
			t.Errorf("want one line with %q, got %q of\n%s", c.why, said, d.stderr)
		}
	}
	if left, err := os.ReadFile(foreign); err != nil || string(left) != "somebody else's" {
		t.Errorf("a foreign file was changed: %q, %v", left, err)
	}
}

// Whoever asks for a file gets that or an error, and never memory.
func TestStores_AFileThatCannotBeUsedIsAFailure(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := filepath.Join(dir, "text")
	if err := os.WriteFile(text, []byte(strings.Repeat("this is a text\n", 5000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ store, want string }{
		{"sqlite:" + text, "it is no SQLite database"},
		{"sqlite:" + dir, "it is a folder"},
		{"sqlite:" + filepath.Join(dir, "nowhere", "a.db"), "no such file or directory"},
		{"sqlite::memory:", "memstore"},
		{"bolt:" + text, "bolt"},
		{"bolt:" + dir, dir},
		{"bolt:" + filepath.Join(dir, "nowhere", "a.db"), "no such file or directory"},
	} {
		code, stdout, stderr := execute(t, "demo", "-addr", "127.0.0.1:0", "-store", c.store)
		_, path, _ := strings.Cut(c.store, ":")
		if code != 1 || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.HasPrefix(stderr, "sojourn demo: the sessions cannot be kept in "+path+": ") || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: exit code %d, standard output %q, standard error %q; want 1 and one line with %q", c.store, code, stdout, stderr, c.want)
		}
	}
}

func TestStores_ABoltFileIsForOneDemoAtATime(t *testing.T) {
	t.Parallel()
	store := "bolt:" + filepath.Join(t.TempDir(), "sessions.bolt")
	d := start(t, "-store", store)
	code, stdout, stderr := execute(t, "demo", "-addr", "127.0.0.1:0", "-store", store)
	if code != 1 || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, "it is in use") {
		t.Errorf("exit code %d, standard output %q, standard error %q", code, stdout, stderr)
	}
	newVisitor(t, d.url).get("/").want(t, 200, counted(1))
}

func TestStores_APathIsAskedForBeforeAnythingIsOpened(t *testing.T) {
	t.Parallel()
	for store, want := range map[string]string{
		"sqlite":            "-store sqlite: a path has to follow, as in sqlite:sessions.db",
		"sqlite:":           "-store sqlite: a path has to follow, as in sqlite:sessions.db",
		"bolt:":             "-store bolt: a path has to follow, as in bolt:sessions.db",
		"sqlite://tmp/a.db": "-store sqlite: the path follows the colon, without //",
		"SQLITE:a.db":       `there is no store something with an address in it`,
	} {
		code, stdout, stderr := execute(t, "demo", "-store", store, "-idle", "1us")
		if code != 2 || stdout != "" || !strings.Contains(stderr, want) || !strings.Contains(stderr, "Idle is 1µs") {
			t.Errorf("%s: exit code %d, standard output %q, standard error %q; want %q", store, code, stdout, stderr, want)
		}
	}
}

// Every kind of store is told of, and every one that is told of exists.
func TestStores_TheHelpKnowsThemAll(t *testing.T) {
	t.Parallel()
	_, help, _ := execute(t, "help", "demo")
	for _, k := range kinds() {
		if line := fmt.Sprintf("%-28s %s\n", k.usage, k.help); !strings.Contains(help, line) {
			t.Errorf("no %q in\n%s", line, help)
		}
		if !k.takes(k.usage) {
			t.Errorf("-store %s is not taken", k.usage)
		}
	}
	for _, name := range []string{redisVariable, postgresVariable, mysqlVariable, "sojourn/demo.db"} {
		if !strings.Contains(help, name) {
			t.Errorf("no %s in\n%s", name, help)
		}
	}
}

// A moody is a store that cannot be swept the first time.
type moody struct {
	store.Store
	sweeps int
}

func (m *moody) Sweep(context.Context) (int, error) {
	m.sweeps++
	if m.sweeps == 1 {
		return 0, errors.New("the server is down")
	}
	return 0, nil
}

func TestStores_OneThatCouldNotBeSweptIsSweptLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log buffer
		m := &moody{Store: memstore.New(memstore.Options{})}
		ctx, cancel := context.WithTimeout(t.Context(), 5*sweepPeriod+time.Second)
		defer cancel()
		sweep(ctx, m, slog.New(slog.NewTextHandler(&log, nil)))
		if m.sweeps != 6 || strings.Count(log.String(), "the server is down") != 1 {
			t.Errorf("%d sweeps in %v; the log is\n%s", m.sweeps, 5*sweepPeriod, log.String())
		}
	})
}
