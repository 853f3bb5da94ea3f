package boltstore_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/sojourn-go/session/adapter/boltstore"
	"github.com/sojourn-go/session/store"
)

// scratch returns a directory for an example.
func scratch() string {
	dir, err := os.MkdirTemp("", "boltstore")
	if err != nil {
		log.Fatal(err)
	}
	return dir
}

func ExampleOpen() {
	dir := scratch()
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "sessions.db")

	st, err := boltstore.Open(path, boltstore.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer st.Close() // once nothing uses it any more

	_, err = boltstore.Open(path, boltstore.Options{})
	fmt.Println("in use:", errors.Is(err, bolterrors.ErrTimeout))
	// Output:
	// in use: true
}

// An application that has a bbolt database keeps its sessions beside the rest.
func ExampleNew() {
	dir := scratch()
	defer os.RemoveAll(dir)
	db, err := bolt.Open(filepath.Join(dir, "shop.db"), 0o600, &bolt.Options{Timeout: time.Second})
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()

	st, err := boltstore.New(db, boltstore.Options{Bucket: "sessions"})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	if _, err := st.Save(ctx, "cart-7", store.Record{Data: []byte("tea"), Owner: "ann"}); err != nil {
		log.Fatal(err)
	}
	rec, err := st.Load(ctx, "cart-7")
	fmt.Printf("%s's %s, %v\n", rec.Owner, rec.Data, err)
	for e, err := range st.List(ctx) {
		fmt.Println(e.ID, err)
	}
	fmt.Println(st.Delete(ctx, "cart-7"))
	// Output:
	// ann's tea, <nil>
	// cart-7 <nil>
	// <nil>
}

func ExampleStore_Sweep() {
	dir := scratch()
	defer os.RemoveAll(dir)
	var st *boltstore.Store // a store.Store, for session.New
	st, err := boltstore.Open(filepath.Join(dir, "sessions.db"), boltstore.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer st.Close()

	// What has expired stays in the file until somebody sweeps.
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- store.SweepEvery(ctx, st, time.Minute) }()
	// ... the application runs, and is told to stop
	cancel()
	<-done

	n, err := st.Sweep(context.Background())
	fmt.Println(n, err)
	// Output:
	// 0 <nil>
}

func ExampleStore_Check() {
	dir := scratch()
	defer os.RemoveAll(dir)
	st, err := boltstore.Open(filepath.Join(dir, "sessions.db"), boltstore.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer st.Close()
	fmt.Println(st.Check(context.Background()))
	// Output:
	// <nil>
}

// A copy of the database is made while it is used, in a read transaction.
func ExampleStore_DB() {
	dir := scratch()
	defer os.RemoveAll(dir)
	st, err := boltstore.Open(filepath.Join(dir, "sessions.db"), boltstore.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer st.Close()

	backup := filepath.Join(dir, "backup.db")
	err = st.DB().View(func(tx *bolt.Tx) error { return tx.CopyFile(backup, 0o600) })
	if err != nil {
		log.Fatal(err)
	}
	again, err := boltstore.Open(backup, boltstore.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(again.Close())
	// Output:
	// <nil>
}
