package boltstore_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/sojourn-go/session/adapter/boltstore"
	"github.com/sojourn-go/session/store"
)

func TestSavesAtOnceShareCommits(t *testing.T) {
	st := open(t, file(t))
	const callers, each = 64, 10
	before := commits(t, st)
	var wg sync.WaitGroup
	for c := range callers {
		wg.Go(func() {
			var rec store.Record
			for n := range each {
				rec.Data = fmt.Append(nil, n)
				version, err := st.Save(t.Context(), fmt.Sprint("id-", c), rec)
				if err != nil {
					t.Error(err)
					return
				}
				rec.Version = version
			}
		})
	}
	wg.Wait()
	if n := commits(t, st) - before; n > callers*each/4 {
		t.Errorf("%d Saves by %d callers: got %d commits, want at most %d", callers*each, callers, n, callers*each/4)
	}
	for c := range callers {
		rec, err := st.Load(t.Context(), fmt.Sprint("id-", c))
		if err != nil || string(rec.Data) != fmt.Sprint(each-1) {
			t.Errorf("id-%d: got %q, %v, want %q", c, rec.Data, err, fmt.Sprint(each-1))
		}
	}
}

func TestWhatChangesNothingIsNotCommitted(t *testing.T) {
	st := open(t, file(t))
	rec := create(t, st, "a", store.Record{})
	before := commits(t, st)
	if _, err := st.Save(t.Context(), "a", store.Record{Version: rec.Version + 1}); !errors.Is(err, store.ErrConflict) {
		t.Errorf("Save upon a wrong version: got %v, want %v", err, store.ErrConflict)
	}
	must(t, st.Delete(t.Context(), "none"))
	if n, err := st.Sweep(t.Context()); n != 0 || err != nil {
		t.Errorf("Sweep: got %d, %v, want nothing to be there", n, err)
	}
	if n := commits(t, st) - before; n != 0 {
		t.Errorf("got %d commits, want none", n)
	}
}

// async saves a new record in a goroutine of its own.
func async(ctx context.Context, st *boltstore.Store, id string, size int) <-chan error {
	done := make(chan error, 1)
	go func() {
		_, err := st.Save(ctx, id, store.Record{Data: make([]byte, size)})
		done <- err
	}()
	return done
}

// queued waits until somebody leads and n wait.
func queued(t *testing.T, st *boltstore.Store, n int) {
	t.Helper()
	for range 10_000 {
		if leading, waiting := st.Queue(); leading && waiting == n {
			return
		}
		runtime.Gosched()
		time.Sleep(time.Millisecond)
	}
	leading, waiting := st.Queue()
	t.Fatalf("the queue: got leading %t and %d waiting, want true and %d", leading, waiting, n)
}

func TestASaveLeavesTheQueueWhenItsContextIsDone(t *testing.T) {
	st := open(t, file(t))
	tx, err := st.DB().Begin(true) // an application's own transaction takes its time
	must(t, err)
	first := async(t.Context(), st, "first", 1)
	queued(t, st, 0)
	ctx, cancel := context.WithCancel(t.Context())
	second := async(ctx, st, "second", 1)
	queued(t, st, 1)
	third := async(t.Context(), st, "third", 1)
	queued(t, st, 2)
	cancel()
	if err := <-second; !errors.Is(err, context.Canceled) || strings.Contains(err.Error(), "may be applied") {
		t.Errorf("Save, done while it waited: got %v, want the context's error and no doubt", err)
	}
	must(t, tx.Rollback())
	must(t, <-first)
	must(t, <-third)
	if _, err := st.Load(t.Context(), "second"); err != store.ErrNotFound {
		t.Errorf("Load of it: got %v, want %v", err, store.ErrNotFound)
	}
	if leading, waiting := st.Queue(); leading || waiting > 0 {
		t.Errorf("the queue: got leading %t and %d waiting, want it empty", leading, waiting)
	}
}

func TestASaveThatIsBeingWrittenIsInDoubtWhenItsContextIsDone(t *testing.T) {
	st := open(t, file(t))
	tx, err := st.DB().Begin(true)
	must(t, err)
	first := async(t.Context(), st, "first", 1)
	queued(t, st, 0)
	large := async(t.Context(), st, "large", 1<<20)
	queued(t, st, 1)
	ctx, cancel := context.WithCancel(t.Context())
	along := async(ctx, st, "along", 1)
	queued(t, st, 2)
	reader, err := st.DB().Begin(false) // the file cannot be mapped anew until it ends
	must(t, err)
	must(t, tx.Rollback())
	must(t, <-first)
	queued(t, st, 0) // large leads, and has taken the other along
	cancel()
	err = <-along
	must(t, reader.Rollback())
	must(t, <-large)
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "may be applied") {
		t.Errorf("Save, done while it was written: got %v, want the context's error, and the doubt", err)
	}
	if _, err := st.Load(t.Context(), "along"); err != nil {
		t.Errorf("Load of what was written for it: got %v, want it to be there", err)
	}
}

// A held is a context that is done when it is let go. Who asks for its Done
// before that waits.
type held struct {
	context.Context
	letGo chan struct{}
}

func (h held) Done() <-chan struct{} {
	<-h.letGo
	return h.letGo
}

func (h held) Err() error {
	select {
	case <-h.letGo:
		return context.Canceled
	default:
		return nil
	}
}

// Whether a call sees the lead first, or that its context is done, is chance.
func TestACallWhoseContextIsDonePassesTheLeadOn(t *testing.T) {
	st := open(t, file(t))
	left := 0
	for n := range 32 {
		tx, err := st.DB().Begin(true)
		must(t, err)
		first := async(t.Context(), st, fmt.Sprint("first-", n), 1)
		queued(t, st, 0)
		ctx := held{t.Context(), make(chan struct{})}
		second := async(ctx, st, fmt.Sprint("second-", n), 1)
		queued(t, st, 1)
		third := async(t.Context(), st, fmt.Sprint("third-", n), 1)
		queued(t, st, 2)
		must(t, tx.Rollback())
		must(t, <-first)
		queued(t, st, 1) // the lead is the second's
		close(ctx.letGo)
		err = <-second
		must(t, <-third)
		_, loaded := st.Load(t.Context(), fmt.Sprint("second-", n))
		switch {
		case errors.Is(err, context.Canceled) && loaded == store.ErrNotFound:
			left++
		case err != nil || loaded != nil:
			t.Errorf("Save: got %v, and then %v from Load, want it done or not", err, loaded)
		}
	}
	if left == 0 {
		t.Error("no call of 32 has passed the lead on")
	}
}

func TestACallIsToldWhatHasHappenedThoughItsContextIsDone(t *testing.T) {
	st := open(t, file(t))
	for n := range 8 {
		tx, err := st.DB().Begin(true)
		must(t, err)
		first := async(t.Context(), st, fmt.Sprint("first-", n), 1)
		queued(t, st, 0)
		second := async(t.Context(), st, fmt.Sprint("second-", n), 1)
		queued(t, st, 1)
		ctx := held{t.Context(), make(chan struct{})}
		third := async(ctx, st, fmt.Sprint("third-", n), 1)
		queued(t, st, 2)
		must(t, tx.Rollback())
		must(t, <-first)
		must(t, <-second) // with the third
		close(ctx.letGo)
		must(t, <-third)
	}
}

func TestACheckWaitsForWriters(t *testing.T) {
	st := open(t, file(t))
	tx, err := st.DB().Begin(true)
	must(t, err)
	first := async(t.Context(), st, "first", 1)
	queued(t, st, 0)
	checked := make(chan error, 1)
	go func() { checked <- st.Check(t.Context()) }()
	queued(t, st, 1)
	last := async(t.Context(), st, "last", 1)
	queued(t, st, 2)
	must(t, tx.Rollback())
	for _, done := range []<-chan error{first, checked, last} {
		must(t, <-done)
	}
}

func TestSeveralStoresInOneDatabaseAreApart(t *testing.T) {
	db, err := bolt.Open(file(t), 0o600, nil)
	must(t, err)
	defer db.Close()
	var stores [2]*boltstore.Store
	for i := range stores {
		stores[i], err = boltstore.New(db, boltstore.Options{Bucket: fmt.Sprint("it's \"", i, "\" é\x00")})
		must(t, err)
	}
	create(t, stores[0], "a", store.Record{Owner: "ann"})
	create(t, stores[1], "a", store.Record{Owner: "bob"})
	for i, want := range []string{"ann", "bob"} {
		rec, err := stores[i].Load(t.Context(), "a")
		if err != nil || rec.Owner != want {
			t.Errorf("Load from store %d: got owner %q, %v, want %q", i, rec.Owner, err, want)
		}
	}
}
