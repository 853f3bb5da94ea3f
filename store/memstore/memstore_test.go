package memstore_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/memstore"
	"github.com/sojourn-go/session/store/storetest"
)

func TestAMemstoreKeepsTheContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store { return memstore.New(memstore.Options{}) })
}

func TestAOneShardMemstoreKeepsTheContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store { return memstore.New(memstore.Options{MaxSessions: 1000}) })
}

func TestOptionsThatMakeNoSensePanicWithTheCure(t *testing.T) {
	for _, o := range []memstore.Options{{MaxSessions: -1}, {MaxSessions: 1 << 30}, {MaxBytes: -1}} {
		func() {
			defer func() {
				text, _ := recover().(string)
				if !strings.HasPrefix(text, "memstore: ") || !strings.Contains(text, ": leave it 0") && !strings.Contains(text, "several stores") {
					t.Errorf("%+v: got panic %q, want one of memstore with a cure", o, text)
				}
			}()
			memstore.New(o)
		}()
	}
}

func TestAnInvalidIDIsAnErrorOfEveryMethod(t *testing.T) {
	st := memstore.New(memstore.Options{})
	for _, id := range []string{"", strings.Repeat("a", 129), "a b", "a/b", "ä", "a\x00", "a\n"} {
		_, loadErr := st.Load(t.Context(), id)
		_, saveErr := st.Save(t.Context(), id, store.Record{})
		for method, err := range map[string]error{"Load": loadErr, "Save": saveErr, "Delete": st.Delete(t.Context(), id)} {
			if err == nil || errors.Is(err, store.ErrNotFound) || !strings.HasPrefix(err.Error(), "memstore: ") {
				t.Errorf("%s of %q: got %v, want an error of memstore", method, id, err)
			}
		}
	}
	mustSave(t, st, strings.Repeat("Z", 128), store.Record{})
}

func TestAnInvalidOwnerIsAnError(t *testing.T) {
	st := memstore.New(memstore.Options{})
	for _, owner := range []string{strings.Repeat("a", 256), "\xff", "a\x00b"} {
		if _, err := st.Save(t.Context(), "id", store.Record{Owner: owner}); err == nil {
			t.Errorf("owner %q: got no error", owner)
		}
	}
	longest := strings.Repeat("ü", 127) + "u"
	mustSave(t, st, "id", store.Record{Owner: longest})
	if rec := mustLoad(t, st, "id"); rec.Owner != longest {
		t.Errorf("got owner %q, want %q", rec.Owner, longest)
	}
}

func TestACancelledContextChangesNothing(t *testing.T) {
	st := memstore.New(memstore.Options{})
	v := mustSave(t, st, "id", store.Record{Data: []byte("old")})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, loadErr := st.Load(ctx, "id")
	_, saveErr := st.Save(ctx, "id", store.Record{Version: v})
	_, sweepErr := st.Sweep(ctx)
	errs := []error{loadErr, saveErr, sweepErr, st.Delete(ctx, "id")}
	for _, err := range st.List(ctx) {
		errs = append(errs, err)
	}
	if len(errs) != 5 {
		t.Errorf("got %d errors, want 5", len(errs))
	}
	for _, err := range errs {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want %v", err, context.Canceled)
		}
	}
	if rec := mustLoad(t, st, "id"); string(rec.Data) != "old" || rec.Version != v {
		t.Errorf("got %q with version %d, want old with %d", rec.Data, rec.Version, v)
	}
}

func TestTheSizeOfDataHasNoGaps(t *testing.T) {
	st := memstore.New(memstore.Options{})
	var version uint64
	for n := 0; n < 9000; n += 1 + n/100 {
		data := pattern(n)
		version = mustSave(t, st, "id", store.Record{Data: data, Owner: "ann", Version: version})
		mustSave(t, st, fmt.Sprint("n", n), store.Record{Data: data})
		for _, id := range []string{"id", fmt.Sprint("n", n)} {
			if rec := mustLoad(t, st, id); string(rec.Data) != string(data) {
				t.Fatalf("%s with %d bytes came back as %d others", id, n, len(rec.Data))
			}
		}
	}
}

func TestSixteenMebibytesAreOneRecord(t *testing.T) {
	st := memstore.New(memstore.Options{})
	data := pattern(16 << 20)
	v := mustSave(t, st, "id", store.Record{Data: data})
	if got := st.Stats().Bytes; got < 16<<20 {
		t.Errorf("got %d bytes counted, want 16 MiB", got)
	}
	data[0]++
	rec := mustLoad(t, st, "id")
	if rec.Data[0] == data[0] || string(rec.Data[1:]) != string(data[1:]) {
		t.Error("the store kept the caller's bytes, or lost some")
	}
	rec.Data[1]++
	if mustLoad(t, st, "id").Data[1] == rec.Data[1] {
		t.Error("the store handed out its own bytes")
	}
	mustSave(t, st, "id", store.Record{Data: []byte("small"), Version: v})
	if got := st.Stats().Bytes; got > 100 {
		t.Errorf("got %d bytes counted for a small record", got)
	}
}

func TestTheStoreStartsNoGoroutine(t *testing.T) {
	before := runtime.NumGoroutine()
	st := memstore.New(memstore.Options{MaxSessions: 100})
	for i := range 1000 {
		mustSave(t, st, fmt.Sprint(i), store.Record{Expires: time.Now().Add(time.Hour)})
	}
	if _, err := st.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("got %d goroutines, want %d", after, before)
	}
}

func TestALoadAllocatesItsDataAndASaveNothing(t *testing.T) {
	st := memstore.New(memstore.Options{})
	rec := store.Record{Data: pattern(100), Expires: time.Now().Add(time.Hour)}
	rec.Version = mustSave(t, st, "id", rec)
	if n := testing.AllocsPerRun(100, func() { mustLoad(t, st, "id") }); n > 1 {
		t.Errorf("Load: got %v allocations, want 1", n)
	}
	if n := testing.AllocsPerRun(100, func() { rec.Version = mustSave(t, st, "id", rec) }); n > 0 {
		t.Errorf("Save: got %v allocations, want 0", n)
	}
}

func TestAVersionNeverComesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New(memstore.Options{})
		seen := map[uint64]bool{0: true}
		for i := range 300 {
			v := mustSave(t, st, "id", store.Record{Expires: time.Now().Add(time.Second)})
			if seen[v] {
				t.Fatalf("version %d came again", v)
			}
			seen[v] = true
			if i%2 == 0 {
				time.Sleep(time.Second)
			} else if err := st.Delete(t.Context(), "id"); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i + i>>8 + n)
	}
	return b
}

func mustSave(t testing.TB, st *memstore.Store, id string, rec store.Record) uint64 {
	t.Helper()
	v, err := st.Save(t.Context(), id, rec)
	if err != nil {
		t.Fatalf("Save of %s: %v", id, err)
	}
	return v
}

func mustLoad(t testing.TB, st *memstore.Store, id string) store.Record {
	t.Helper()
	rec, err := st.Load(t.Context(), id)
	if err != nil {
		t.Fatalf("Load of %s: %v", id, err)
	}
	return rec
}

func exists(t testing.TB, st *memstore.Store, id string) bool {
	t.Helper()
	_, err := st.Load(t.Context(), id)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("Load of %s: %v", id, err)
	}
	return err == nil
}
