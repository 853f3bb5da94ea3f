package boltstore_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/sojourn-go/session/adapter/boltstore"
	"github.com/sojourn-go/session/store"
)

func TestAClosedStoreSaysSo(t *testing.T) {
	st := open(t, file(t))
	rec := create(t, st, "a", store.Record{})
	must(t, st.Close())
	must(t, st.Close())
	_, load := st.Load(t.Context(), "a")
	_, save := st.Save(t.Context(), "a", rec)
	_, sweep := st.Sweep(t.Context())
	var list error
	for _, err := range st.List(t.Context()) {
		list = err
	}
	for name, err := range map[string]error{
		"Load": load, "Save": save, "Delete": st.Delete(t.Context(), "a"), "Sweep": sweep, "List": list, "Check": st.Check(t.Context()),
	} {
		if !errors.Is(err, bolterrors.ErrDatabaseNotOpen) || !strings.Contains(err.Error(), "the database is closed") {
			t.Errorf("%s: got %v, want an error that says that the database is closed", name, err)
		}
	}
}

func TestCloseOfAStoreOfNewLeavesTheDatabaseOpen(t *testing.T) {
	db, err := bolt.Open(file(t), 0o600, nil)
	must(t, err)
	defer db.Close()
	st, err := boltstore.New(db, boltstore.Options{})
	must(t, err)
	must(t, st.Close())
	create(t, st, "a", store.Record{})
}

func TestAReadOnlyDatabaseIsReadAndRefusesToBeWritten(t *testing.T) {
	path := file(t)
	st := open(t, path)
	rec := create(t, st, "a", store.Record{Owner: "ann"})
	must(t, st.Close())
	db, err := bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true})
	must(t, err)
	defer db.Close()
	st, err = boltstore.New(db, boltstore.Options{})
	must(t, err)
	if got, err := st.Load(t.Context(), "a"); err != nil || got.Owner != "ann" {
		t.Errorf("Load: got %+v, %v, want the record", got, err)
	}
	must(t, st.Check(t.Context()))
	_, save := st.Save(t.Context(), "a", rec)
	for name, err := range map[string]error{"Save": save, "Delete": st.Delete(t.Context(), "a")} {
		if !errors.Is(err, store.ErrRefused) {
			t.Errorf("%s: got %v, want %v", name, err, store.ErrRefused)
		}
	}
}

func TestABucketThatIsGoneIsNotTakenForNoSession(t *testing.T) {
	st := open(t, file(t))
	must(t, st.DB().Update(func(tx *bolt.Tx) error { return tx.DeleteBucket([]byte("sojourn_sessions")) }))
	if _, err := st.Load(t.Context(), "a"); err == nil || errors.Is(err, store.ErrNotFound) {
		t.Errorf("Load: got %v, want an error of its own", err)
	}
	if _, err := st.Save(t.Context(), "a", store.Record{}); !errors.Is(err, store.ErrRefused) {
		t.Errorf("Save: got %v, want %v", err, store.ErrRefused)
	}
}

// A page whose bytes are wrong made bbolt panic, in whatever request came to it.
func TestADamagedPageIsAnErrorForThoseOnItAlone(t *testing.T) {
	path := file(t)
	st := open(t, path)
	createMany(t, st, "id-", 64, store.Record{Data: make([]byte, 1500)})
	must(t, st.Check(t.Context()))
	damage(t, path, "id-000030")
	var wg sync.WaitGroup
	var mu sync.Mutex
	failed := 0
	for n := range 64 {
		wg.Go(func() {
			id := fmt.Sprintf("id-%06d", n+1)
			rec, err := st.Load(t.Context(), id)
			_, also := st.Save(t.Context(), id, rec)
			if (err == nil) != (also == nil) {
				t.Errorf("%s: got %v from Load and %v from Save, want both or none", id, err, also)
			}
			if err != nil {
				if n == 29 && !strings.Contains(err.Error(), "damaged") {
					t.Errorf("Load of %s: got %v, want it to say what is wrong", id, err)
				}
				mu.Lock()
				failed++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if failed == 0 || failed > 8 {
		t.Errorf("with one page damaged: got %d of 64 records failed, want those on the page", failed)
	}
	if err := st.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("Check: got %v, want it to say that the database is damaged", err)
	}
}

// damage overwrites the headers of the leaf pages that hold a record, or did
// before it was changed.
func damage(t *testing.T, path, id string) {
	t.Helper()
	b, err := os.ReadFile(path)
	must(t, err)
	page := os.Getpagesize()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	must(t, err)
	defer f.Close()
	for at := 2 * page; at < len(b); at += page {
		if b[at+8] == 0x02 && strings.Contains(string(b[at:at+page]), id) || id == freelist && b[at+8] == 0x10 {
			_, err := f.WriteAt([]byte("\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00"), int64(at))
			must(t, err)
		}
	}
}

const freelist = "the list of free pages" // for damage

// With a list of free pages that is damaged bbolt panics while it rolls back,
// and its lock for writers stays locked: the next Save, and Close, would hang.
func TestADatabaseThatCannotRollBackSaysSoAndDoesNotHang(t *testing.T) {
	path := file(t)
	st, err := boltstore.Open(path, boltstore.Options{})
	must(t, err)
	createMany(t, st, "id-", 64, store.Record{Data: make([]byte, 1500)})
	damage(t, path, "id-000030")
	damage(t, path, freelist)
	if _, err := st.Save(t.Context(), "id-000030", store.Record{}); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("Save on a damaged page: got %v, want it to say so", err)
	}
	if _, err := st.Save(t.Context(), "new", store.Record{}); !errors.Is(err, store.ErrRefused) {
		t.Errorf("the next Save: got %v, want %v", err, store.ErrRefused)
	}
	for name, err := range map[string]error{"Check": st.Check(t.Context()), "Close": st.Close()} {
		if err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
	if _, err := st.Load(t.Context(), "id-000001"); err != nil {
		t.Errorf("Load of another record: got %v, want it", err)
	}
}

// To read mapped memory behind the end of a file ends a process, unless it asks
// for a panic instead.
func TestAFileThatIsCutOffWhileItIsOpenDoesNotEndTheProcess(t *testing.T) {
	path := file(t)
	st := open(t, path)
	createMany(t, st, "id-", 64, store.Record{Data: make([]byte, 1500)})
	must(t, os.Truncate(path, int64(2*os.Getpagesize())))
	if _, err := st.Load(t.Context(), "id-000030"); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("Load: got %v, want it to say that the database is damaged", err)
	}
}

// The syncs of the process: one of a new file, two of the commit that makes the
// bucket, and then two of each Save: its pages, and the page that makes it
// valid.
func TestAFailedSyncIsToldForWhatItIs(t *testing.T) {
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skipf("not run: no strace to make a sync fail: %v", err)
	}
	for name, test := range map[string]struct{ when, want string }{
		"of the pages: nothing happened, and the next Save is good": {"6", `first: ok
second: boltstore: save b: not applied: input/output error
third: ok
a: ok
b: not found
c: ok
check: ok close: ok
`},
		"of the page that makes it valid: nobody knows, and nothing is written upon it": {"7", `first: ok
second: boltstore: save b: it is applied, but may be lost with the machine: input/output error
third: refused
a: ok
b: ok
c: not found
check: ok close: ok
`},
	} {
		cmd := child(t, "sync", file(t), "strace", "-f", "-qq", "-o", os.DevNull, "-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO:when="+test.when)
		out, err := cmd.Output()
		if err != nil {
			t.Skipf("not run: strace does not work here: %v", err)
		}
		if string(out) != test.want {
			t.Errorf("a sync %s: got\n%swant\n%s", name, out, test.want)
		}
	}
}
