package embedded_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/sojourn-go/session/adapter/boltstore"
	"github.com/sojourn-go/session/adapter/sqlite"
	"github.com/sojourn-go/session/proof/stories"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/sqlstore"
)

func TestMain(m *testing.M) {
	stories.Serve(ways)
	os.Exit(m.Run())
}

var ways = map[string]stories.Way{
	"sqlite": func(path string) (stories.Store, error) { return sqlite.Open(path, sqlstore.Options{}) },
	"bolt":   func(path string) (stories.Store, error) { return boltstore.Open(path, boltstore.Options{}) },
}

func long() bool { return os.Getenv("SOJOURN_LONG") != "" }

func newPath(t *testing.T) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "sessions")
}

// open opens a file, until the test is over.
func open(t *testing.T, way, path string) stories.Store {
	t.Helper()
	st, err := ways[way](path)
	check(t, err)
	t.Cleanup(func() { st.Close() })
	return st
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestStories_of_two_processes_on_one_SQLite_file(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	stories.Run(t, stories.Start(t, "sqlite", [2]string{path, path}))
}

// A bbolt file has one process, in which there may be two managers.
func TestStories_of_two_managers_on_one_bbolt_file(t *testing.T) {
	t.Parallel()
	st := open(t, "bolt", newPath(t))
	stories.Run(t, stories.Share(t, [2]store.Store{st, st}))
}

func TestStories_a_second_process_on_a_bbolt_file_is_refused(t *testing.T) {
	path := newPath(t)
	st := open(t, "bolt", path)
	if _, err := ways["bolt"](path); !errors.Is(err, bolterrors.ErrTimeout) {
		t.Errorf("a second Open: %v, want %v", err, bolterrors.ErrTimeout)
	}
	stories.Refused(t, "bolt", path)
	if _, err := st.Load(t.Context(), "anything"); err != store.ErrNotFound {
		t.Errorf("Load by who has the file: %v, want %v", err, store.ErrNotFound)
	}
}

func histories() int {
	if long() {
		return 10_000
	}
	return 200
}

// opener returns what opens two stores for two nodes on one file.
func opener(t *testing.T, way string) func() [2]store.Store {
	t.Helper()
	path := newPath(t)
	if way == "bolt" {
		st := open(t, way, path)
		return func() [2]store.Store { return [2]store.Store{st, st} }
	}
	return func() [2]store.Store { return [2]store.Store{open(t, way, path), open(t, way, path)} }
}

func TestHistories_over_a_file_are_linearizable(t *testing.T) {
	for way := range ways {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			if _, bad := stories.Tell(t, histories(), opener(t, way)); bad != "" {
				t.Error(bad)
			}
		})
	}
}

func TestHistories_over_a_file_show_what_a_store_does_wrong(t *testing.T) {
	for way := range ways {
		t.Run(way, func(t *testing.T) { stories.Spoilt(t, opener(t, way)) })
	}
}
