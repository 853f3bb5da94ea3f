package memstore_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/memstore"
)

func TestAFullStoreGivesUpInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New(memstore.Options{MaxSessions: 6})
		in := func(h time.Duration) time.Time { return time.Now().Add(h * time.Hour) }
		mustSave(t, st, "expired", store.Record{Owner: "ann", Expires: in(1)})
		time.Sleep(2 * time.Hour)
		mustSave(t, st, "owned", store.Record{Owner: "ann", Expires: in(1)})
		mustSave(t, st, "known-late", store.Record{Expires: in(4)})
		mustSave(t, st, "known-soon", store.Record{Expires: in(3)})
		mustSave(t, st, "fresh-late", store.Record{Expires: in(24)})
		mustSave(t, st, "fresh-soon", store.Record{Expires: in(12)})
		mustLoad(t, st, "known-late")
		mustLoad(t, st, "known-soon")

		for i, gone := range []string{"expired", "fresh-soon", "fresh-late", "known-soon", "known-late"} {
			mustSave(t, st, fmt.Sprint("new", i), store.Record{Owner: "bob"})
			if exists(t, st, gone) {
				t.Errorf("after %d: %s is still there", i, gone)
			}
			if n := st.Stats().Sessions; n != 6 {
				t.Errorf("after %d: got %d sessions, want 6", i, n)
			}
		}
		want := st.Stats()
		if _, err := st.Save(t.Context(), "one-more", store.Record{}); !errors.Is(err, store.ErrFull) {
			t.Errorf("got %v, want ErrFull", err)
		}
		want.Refused++
		if got := st.Stats(); got != want {
			t.Errorf("after ErrFull: got %+v, want %+v", got, want)
		}
		if want.Evicted != 4 || want.Expired != 1 || want.Owned != 6 {
			t.Errorf("got %+v, want 4 evicted, 1 expired, 6 owned", want)
		}
	})
}

func TestWhatNeverExpiresIsGivenUpLast(t *testing.T) {
	st := memstore.New(memstore.Options{MaxSessions: 3})
	mustSave(t, st, "never", store.Record{})
	mustSave(t, st, "century", store.Record{Expires: time.Now().AddDate(100, 0, 0)})
	mustSave(t, st, "soon", store.Record{Expires: time.Now().Add(time.Hour)})
	for i, gone := range []string{"soon", "century", "never"} {
		mustSave(t, st, fmt.Sprint("new", i), store.Record{Owner: "ann"})
		if exists(t, st, gone) {
			t.Fatalf("%s is still there", gone)
		}
		for _, id := range []string{"never", "century", "soon"}[:2-i] {
			if !listed(t, st, id) {
				t.Errorf("%s went before its turn", id)
			}
		}
	}
}

// Listing is not loading: asking what is there must not change what goes.
func listed(t *testing.T, st *memstore.Store, id string) bool {
	t.Helper()
	for e, err := range st.List(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if e.ID == id {
			return true
		}
	}
	return false
}

func TestAFloodPushesOutNobodyWhoCameBack(t *testing.T) {
	for _, limit := range []int{500, 10_000} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			st := memstore.New(memstore.Options{MaxSessions: limit})
			soon := time.Now().Add(time.Hour)
			for i := range 100 {
				mustSave(t, st, fmt.Sprint("owned", i), store.Record{Owner: "ann", Expires: soon})
				mustSave(t, st, fmt.Sprint("known", i), store.Record{Expires: soon})
				mustLoad(t, st, fmt.Sprint("known", i))
			}
			flood(t, st, 2*limit)
			for i := range 100 {
				if !exists(t, st, fmt.Sprint("owned", i)) || !exists(t, st, fmt.Sprint("known", i)) {
					t.Fatalf("the flood pushed out session %d", i)
				}
			}
			if n := st.Stats().Sessions; n != limit {
				t.Errorf("got %d sessions, want %d", n, limit)
			}
		})
	}
}

// flood creates n sessions from several goroutines, nobody ever comes back.
func flood(t *testing.T, st *memstore.Store, n int) {
	t.Helper()
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			rec := store.Record{Data: pattern(50), Expires: time.Now().Add(24 * time.Hour)}
			for i := range n / 8 {
				if _, err := st.Save(t.Context(), fmt.Sprintf("flood%d.%d", g, i), rec); err != nil {
					t.Errorf("Save: %v", err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestAFullStoreNeverGivesUpAnOwner(t *testing.T) {
	st := memstore.New(memstore.Options{MaxSessions: 5000})
	for i := range 5000 {
		mustSave(t, st, fmt.Sprint("owned", i), store.Record{Owner: "ann"})
	}
	for i := range 100 {
		for _, owner := range []string{"", "bob"} {
			if _, err := st.Save(t.Context(), fmt.Sprint("new", i), store.Record{Owner: owner}); !errors.Is(err, store.ErrFull) {
				t.Fatalf("got %v, want ErrFull", err)
			}
		}
	}
	if got := st.Stats(); got.Sessions != 5000 || got.Owned != 5000 || got.Refused != 200 {
		t.Errorf("got %+v, want 5000 owned and 200 refused", got)
	}
	rec := mustLoad(t, st, "owned7")
	mustSave(t, st, "owned7", store.Record{Version: rec.Version})
	mustSave(t, st, "new", store.Record{Owner: "bob"})
	if exists(t, st, "owned7") {
		t.Error("the record that lost its owner was not given up")
	}
}

func TestAFullStoreStillUpdates(t *testing.T) {
	st := memstore.New(memstore.Options{MaxSessions: 1})
	v := mustSave(t, st, "only", store.Record{})
	mustSave(t, st, "only", store.Record{Data: pattern(100_000), Version: v})
	if got := mustLoad(t, st, "only"); len(got.Data) != 100_000 {
		t.Errorf("got %d bytes", len(got.Data))
	}
}

func TestBytesAreBounded(t *testing.T) {
	const limit = 1 << 20
	st := memstore.New(memstore.Options{MaxBytes: limit})
	for i := range 3000 {
		mustSave(t, st, fmt.Sprint(i), store.Record{Data: pattern(i), Expires: time.Now().Add(time.Hour)})
		if got := st.Stats().Bytes; got > limit {
			t.Fatalf("got %d bytes, want at most %d", got, limit)
		}
	}
	if got := st.Stats(); got.Bytes < limit-10_000 || got.Evicted == 0 {
		t.Errorf("got %+v, want a store that is nearly full", got)
	}
}

func TestARecordThatCannotFitPushesNobodyOut(t *testing.T) {
	st := memstore.New(memstore.Options{MaxBytes: 100_000})
	mustSave(t, st, "owned", store.Record{Owner: "ann", Data: pattern(50_000)})
	v := mustSave(t, st, "other", store.Record{Data: pattern(10)})
	for _, save := range []struct {
		id  string
		rec store.Record
	}{
		{"large", store.Record{Data: pattern(60_000)}},
		{"huge", store.Record{Data: pattern(200_000)}},
		{"other", store.Record{Data: pattern(60_000), Version: v}},
	} {
		before := st.Stats()
		if _, err := st.Save(t.Context(), save.id, save.rec); !errors.Is(err, store.ErrFull) {
			t.Errorf("%s: got %v, want ErrFull", save.id, err)
		}
		before.Refused++
		if got := st.Stats(); got != before {
			t.Errorf("%s: got %+v, want %+v", save.id, got, before)
		}
	}
	if rec := mustLoad(t, st, "other"); rec.Version != v {
		t.Error("a refused Save changed the record")
	}
}

func TestAGrowingRecordPushesOutOthersNotItself(t *testing.T) {
	for _, limit := range []int{10, 100_000} {
		st := memstore.New(memstore.Options{MaxSessions: limit, MaxBytes: 100_000})
		v := mustSave(t, st, "growing", store.Record{Data: pattern(40_000), Expires: time.Now().Add(time.Minute)})
		mustSave(t, st, "other", store.Record{Data: pattern(40_000), Expires: time.Now().Add(time.Hour)})
		mustLoad(t, st, "other")
		v = mustSave(t, st, "growing", store.Record{Data: pattern(70_000), Version: v, Expires: time.Now().Add(time.Minute)})
		if exists(t, st, "other") || mustLoad(t, st, "growing").Version != v {
			t.Error("the other record should have gone, and the growing one have stayed")
		}
	}
}

func TestALargeRecordPushesOutManySmallOnes(t *testing.T) {
	st := memstore.New(memstore.Options{MaxBytes: 1 << 20})
	flood(t, st, 20_000)
	mustSave(t, st, "large", store.Record{Data: pattern(1000 << 10), Owner: "ann"})
	if got := st.Stats(); got.Bytes > 1<<20 || got.Owned != 1 {
		t.Errorf("got %+v", got)
	}
}
