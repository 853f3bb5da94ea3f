package boltstore_test

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"

	bolt "go.etcd.io/bbolt"

	"github.com/sojourn-go/session/adapter/boltstore"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/storetest"
)

func TestAnOpenedStoreKeepsTheContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store { return open(t, file(t)) })
}

func TestAStoreInTheDatabaseOfAnApplicationKeepsTheContract(t *testing.T) {
	db, err := bolt.Open(file(t), 0o600, nil)
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	storetest.Run(t, func(t *testing.T) store.Store {
		st, err := boltstore.New(db, boltstore.Options{Bucket: "app: sessions"})
		must(t, err)
		return st
	})
}

func TestTheContractIsExactToTheMillisecond(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		err := storetest.Check(func() (store.Store, error) {
			path := filepath.Join(dir, "sessions.db")
			os.Remove(path)
			return boltstore.Open(path, boltstore.Options{})
		})
		if err != nil {
			t.Error(err)
		}
	})
}
