package boltstore_test

import (
	"context"
	"path/filepath"
	"testing"

	bolt "go.etcd.io/bbolt"

	"github.com/sojourn-go/session/adapter/boltstore"
	"github.com/sojourn-go/session/store"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// file returns the path of a file that is not there.
func file(t testing.TB) string { return filepath.Join(t.TempDir(), "sessions.db") }

// open opens a store in a file until the test ends.
func open(t testing.TB, path string) *boltstore.Store {
	t.Helper()
	st, err := boltstore.Open(path, boltstore.Options{})
	must(t, err)
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return st
}

// create saves a new record.
func create(t testing.TB, st store.Store, id string, rec store.Record) store.Record {
	t.Helper()
	rec.Version = 0
	version, err := st.Save(context.Background(), id, rec)
	if err != nil {
		t.Fatalf("Save of %s: %v", id, err)
	}
	rec.Version = version
	return rec
}

// commits returns the number of the last transaction of the store's database:
// it counts those that were committed.
func commits(t testing.TB, st *boltstore.Store) (n int) {
	t.Helper()
	must(t, st.DB().View(func(tx *bolt.Tx) error {
		n = tx.ID()
		return nil
	}))
	return n
}
