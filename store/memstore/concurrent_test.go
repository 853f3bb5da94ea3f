package memstore_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/memstore"
)

func TestAnyOperationsInAnyOrderAreThoseOfAMap(t *testing.T) {
	for _, ids := range []int{40, 3000} {
		t.Run(fmt.Sprint(ids), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { compareWithMap(t, ids) })
		})
	}
}

func compareWithMap(t *testing.T, ids int) {
	// One shard for all: the more they get into each other's way.
	st := memstore.New(memstore.Options{MaxSessions: 1 << 9, MaxBytes: 1 << 30})
	if ids > 1<<9 {
		st = memstore.New(memstore.Options{MaxSessions: ids})
	}
	random := rand.New(rand.NewPCG(3, uint64(ids)))
	model := map[string]store.Record{}
	for step := range 30_000 {
		id := fmt.Sprint("id", random.IntN(ids))
		want, ok := model[id]
		if ok && !want.Expires.IsZero() && !want.Expires.After(time.Now()) {
			delete(model, id)
			want, ok = store.Record{}, false
		}
		switch n := random.IntN(10); {
		case n < 4:
			got, err := st.Load(t.Context(), id)
			if ok != (err == nil) || !same(got, want) {
				t.Fatalf("step %d: got %+v, %v, want %+v", step, got, err, want)
			}
		case n < 8:
			rec := randomRecord(random)
			rec.Version = want.Version
			if random.IntN(8) == 0 {
				rec.Version++
			}
			v, err := st.Save(t.Context(), id, rec)
			if fits := rec.Version == want.Version; fits != (err == nil) || !fits && !errors.Is(err, store.ErrConflict) {
				t.Fatalf("step %d: Save: got %v, want it applied: %t", step, err, fits)
			} else if fits {
				rec.Version = v
				model[id] = rec
			}
		case n < 9:
			if err := st.Delete(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			delete(model, id)
		default:
			time.Sleep(time.Duration(random.IntN(20)) * time.Second)
		}
		if random.IntN(2000) == 0 {
			st.Sweep(t.Context())
			listsTheSame(t, st, model)
		}
	}
}

func randomRecord(random *rand.Rand) store.Record {
	var rec store.Record
	n := random.IntN(300)
	switch random.IntN(20) {
	case 0:
		n = random.IntN(6000)
	case 1:
		n = 0
	}
	rec.Data = bytes.Repeat([]byte{byte(random.Uint32())}, n)
	if random.IntN(3) == 0 {
		rec.Owner = fmt.Sprint("owner", random.IntN(1000))
	}
	if random.IntN(5) > 0 {
		rec.Expires = time.UnixMilli(time.Now().UnixMilli() + 1 + random.Int64N(1<<random.IntN(30)))
	}
	return rec
}

func same(a, b store.Record) bool {
	return bytes.Equal(a.Data, b.Data) && a.Owner == b.Owner && a.Expires.Equal(b.Expires) && a.Version == b.Version
}

func listsTheSame(t *testing.T, st *memstore.Store, model map[string]store.Record) {
	t.Helper()
	live := 0
	for _, rec := range model {
		if rec.Expires.IsZero() || rec.Expires.After(time.Now()) {
			live++
		}
	}
	for e, err := range st.List(t.Context()) {
		if err != nil || !same(e.Record, model[e.ID]) {
			t.Fatalf("List: got %+v, %v, want %+v", e, err, model[e.ID])
		}
		live--
	}
	if live != 0 {
		t.Fatalf("List: %d more are alive than it yielded", live)
	}
}

func TestSixtyFourWritersLoseNoUpdate(t *testing.T) {
	st := memstore.New(memstore.Options{})
	var wg sync.WaitGroup
	const counters, each = 5, 100
	for g := range 64 {
		wg.Go(func() {
			for i := range each {
				countUp(t, st, fmt.Sprint("counter", (g+i)%counters))
			}
		})
	}
	wg.Wait()
	var sum uint64
	for i := range counters {
		sum += binary.LittleEndian.Uint64(mustLoad(t, st, fmt.Sprint("counter", i)).Data)
	}
	if sum != 64*each {
		t.Errorf("got %d, want %d", sum, 64*each)
	}
}

func countUp(t *testing.T, st *memstore.Store, id string) {
	for {
		rec, err := st.Load(t.Context(), id)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			t.Errorf("Load: %v", err)
			return
		}
		data := make([]byte, 8+rand.IntN(100))
		if err == nil {
			copy(data, rec.Data[:8])
		}
		binary.LittleEndian.PutUint64(data, binary.LittleEndian.Uint64(data)+1)
		_, err = st.Save(t.Context(), id, store.Record{Data: data, Version: rec.Version})
		if err == nil {
			return
		}
		if !errors.Is(err, store.ErrConflict) {
			t.Errorf("Save: %v", err)
			return
		}
	}
}

func TestABoundHoldsWhileSixtyFourWrite(t *testing.T) {
	st := memstore.New(memstore.Options{MaxSessions: 2000, MaxBytes: 200_000})
	var wg sync.WaitGroup
	for g := range 64 {
		wg.Go(func() {
			for i := range 200 {
				id := fmt.Sprintf("%d.%d", g, i)
				rec := store.Record{Data: pattern(rand.IntN(300)), Expires: time.Now().Add(time.Hour)}
				if _, err := st.Save(t.Context(), id, rec); err != nil {
					t.Errorf("Save: %v", err)
				}
				if s := st.Stats(); s.Sessions > 2000 || s.Bytes > 200_000 {
					t.Errorf("got %+v", s)
				}
				if i%3 == 0 {
					st.Delete(t.Context(), fmt.Sprintf("%d.%d", rand.IntN(64), i))
				}
			}
		})
	}
	wg.Wait()
}

func TestListYieldsOnceWhatStaysWhileAllElseChanges(t *testing.T) {
	st := memstore.New(memstore.Options{MaxSessions: 100_000})
	const stay = 3000
	for i := range stay {
		mustSave(t, st, fmt.Sprint("stay", i), store.Record{Data: pattern(i % 200)})
	}
	var stop atomic.Bool
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() { comeAndGo(t, st, g, &stop) })
	}
	for range 5 {
		seen := map[string]int{}
		for e, err := range st.List(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			seen[e.ID]++
			if seen[e.ID] > 1 {
				t.Errorf("%s came twice", e.ID)
			}
		}
		for i := range stay {
			if seen[fmt.Sprint("stay", i)] != 1 {
				t.Errorf("stay%d came %d times", i, seen[fmt.Sprint("stay", i)])
			}
		}
	}
	stop.Store(true)
	wg.Wait()
}

// comeAndGo makes the store grow and shrink, and changes what stays so that it
// is moved.
func comeAndGo(t *testing.T, st *memstore.Store, g int, stop *atomic.Bool) {
	for !stop.Load() {
		for i := range 3000 {
			st.Save(t.Context(), fmt.Sprintf("go%d.%d", g, i), store.Record{Data: pattern(i % 200)})
			id := fmt.Sprint("stay", rand.IntN(3000))
			if rec, err := st.Load(t.Context(), id); err != nil {
				t.Errorf("Load of %s: %v", id, err)
			} else {
				st.Save(t.Context(), id, store.Record{Data: pattern(rand.IntN(200)), Version: rec.Version})
			}
		}
		for i := range 3000 {
			st.Delete(t.Context(), fmt.Sprintf("go%d.%d", g, i))
		}
	}
}

func TestAListMayWriteToTheStoreItLists(t *testing.T) {
	st := memstore.New(memstore.Options{})
	for i := range 1000 {
		mustSave(t, st, fmt.Sprint(i), store.Record{})
	}
	n := 0
	for e := range st.List(t.Context()) {
		if err := st.Delete(t.Context(), e.ID); err != nil {
			t.Fatal(err)
		}
		if n++; n == 500 {
			break
		}
	}
	if got := st.Stats().Sessions; got != 500 {
		t.Errorf("got %d left, want 500", got)
	}
}

func TestAListThatIsCancelledYieldsTheErrorAndStops(t *testing.T) {
	st := memstore.New(memstore.Options{})
	for i := range 100 {
		mustSave(t, st, fmt.Sprint(i), store.Record{})
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n, failed := 0, false
	for _, err := range st.List(ctx) {
		if failed {
			t.Fatal("List went on after an error")
		}
		if failed = err != nil; !failed {
			n++
		}
		if n == 10 {
			cancel()
		}
	}
	if n != 10 || !failed {
		t.Errorf("got %d entries, failed %t, want 10 and an error", n, failed)
	}
}
