package boltstore_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/sojourn-go/session/adapter/boltstore"
	"github.com/sojourn-go/session/store"
)

// createMany creates n records, some at once.
func createMany(t *testing.T, st *boltstore.Store, prefix string, n int, rec store.Record) {
	t.Helper()
	var wg sync.WaitGroup
	var next atomic.Int64
	for range 256 {
		wg.Go(func() {
			for i := next.Add(1); i <= int64(n); i = next.Add(1) {
				if _, err := st.Save(t.Context(), fmt.Sprintf("%s%06d", prefix, i), rec); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// A page of List was once thought to be read within its transaction: then the
// Save would wait for bbolt to map the file anew, and bbolt for the List.
func TestOneMaySaveWhileOneLists(t *testing.T) {
	st := open(t, file(t))
	createMany(t, st, "small-", 600, store.Record{})
	n := 0
	for e, err := range st.List(t.Context()) {
		must(t, err)
		n++
		rec := e.Record
		rec.Data = make([]byte, 8<<10)
		if _, err := st.Save(t.Context(), e.ID, rec); err != nil {
			t.Fatal(err)
		}
	}
	if n != 600 {
		t.Errorf("List: got %d records, want 600", n)
	}
}

func TestListEndsWithItsContext(t *testing.T) {
	st := open(t, file(t))
	createMany(t, st, "id-", 1000, store.Record{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n, failed := 0, error(nil)
	for _, err := range st.List(ctx) {
		if cancel(); err != nil {
			failed = err
			continue
		}
		n++
	}
	if n == 0 || n >= 1000 || !errors.Is(failed, context.Canceled) {
		t.Errorf("List, cancelled at the first: got %d records and %v, want fewer than 1000 and %v", n, failed, context.Canceled)
	}
}

func TestSweepsAtOnceCountEachRecordOnce(t *testing.T) {
	st := open(t, file(t))
	const expired, kept = 3000, 500
	createMany(t, st, "e", expired, store.Record{Expires: time.Now().Add(-time.Second)})
	createMany(t, st, "k", kept, store.Record{Expires: time.Now().Add(time.Hour)})
	var removed atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			n, err := st.Sweep(t.Context())
			if err != nil {
				t.Error(err)
			}
			removed.Add(int64(n))
		})
	}
	wg.Wait()
	if n := removed.Load(); n != expired {
		t.Errorf("4 Sweeps at once: got %d removed, want %d", n, expired)
	}
	if n := keysOf(t, st); n != kept {
		t.Errorf("after them: got %d keys in the bucket, want %d", n, kept)
	}
}

// keysOf counts what is in the bucket, expired or not.
func keysOf(t *testing.T, st *boltstore.Store) (n int) {
	t.Helper()
	must(t, st.DB().View(func(tx *bolt.Tx) error {
		n = tx.Bucket([]byte("sojourn_sessions")).Stats().KeyN
		return nil
	}))
	return n
}

func TestWhatIsNoSessionIsNotTouched(t *testing.T) {
	st := open(t, file(t))
	create(t, st, "a", store.Record{})
	for name, value := range map[string]string{
		"foreign": "anything", "short": "A", "empty": "", "newer": "B23456789012345678", "zero": "A\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
	} {
		put := func(tx *bolt.Tx) error { return tx.Bucket([]byte("sojourn_sessions")).Put([]byte("b"), []byte(value)) }
		must(t, st.DB().Update(put))
		if _, err := st.Load(t.Context(), "b"); err == nil || errors.Is(err, store.ErrNotFound) {
			t.Errorf("Load of a %s value: got %v, want an error of its own", name, err)
		}
		if _, err := st.Save(t.Context(), "b", store.Record{}); !errors.Is(err, store.ErrRefused) {
			t.Errorf("Save over a %s value: got %v, want %v", name, err, store.ErrRefused)
		}
		if n, err := st.Sweep(t.Context()); n != 0 || err != nil {
			t.Errorf("Sweep with a %s value: got %d, %v, want 0", name, n, err)
		}
		var last error
		n := 0
		for _, err := range st.List(t.Context()) {
			if last = err; err == nil {
				n++
			}
		}
		if n != 1 || last == nil {
			t.Errorf("List up to a %s value: got %d records and %v, want one record and an error", name, n, last)
		}
	}
}
