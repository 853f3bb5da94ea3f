package nearcache_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/memstore"
	"github.com/sojourn-go/session/store/nearcache"
)

func TestAHitAllocatesItsDataAndItsOwner(t *testing.T) {
	for i, rec := range []store.Record{{Data: make([]byte, 100)}, {Data: make([]byte, 100), Owner: "ann"}} {
		want := i + 1
		s := vouched(t, always{rec: rec})
		load := func() { mustLoadCached(t, s, "id") }
		load()
		if n := testing.AllocsPerRun(100, load); n > float64(want) {
			t.Errorf("owner %q: got %v allocations, want %d", rec.Owner, n, want)
		}
		if got := s.Stats(); got.Misses != 1 {
			t.Errorf("owner %q: got %d misses, want 1", rec.Owner, got.Misses)
		}
	}
}

func TestAMissAllocatesWhatIsKeptOnce(t *testing.T) {
	s := vouched(t, always{rec: store.Record{Data: make([]byte, 100)}})
	names := sessionIDs(1000) // many: the room for an only one would come and go
	for _, id := range names {
		mustLoadCached(t, s, id)
	}
	n := testing.AllocsPerRun(100, func() {
		s.Forget(names[0])
		mustLoadCached(t, s, names[0])
	})
	if n > 1 {
		t.Errorf("got %v allocations beside those of the store inside, want 1", n)
	}
	if n := testing.AllocsPerRun(100, func() { s.Forget(names[0]) }); n > 0 {
		t.Errorf("Forget: got %v allocations, want 0", n)
	}
}

func TestTheHeapOfAKeptSessionCostsAtMost250Bytes(t *testing.T) {
	const n = 50_000
	names := sessionIDs(n)
	empty := inUse()
	s, err := nearcache.New(always{rec: store.Record{Data: make([]byte, 100)}}, nearcache.Options{Bound: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range names {
		s.Vouch(time.Now())
		mustLoadCached(t, s, id)
	}
	full := inUse()
	got := s.Stats()
	if got.Sessions != n {
		t.Fatalf("got %d sessions kept, want %d", got.Sessions, n)
	}
	if each := (full - empty) / n; each > 250 {
		t.Errorf("got %d bytes a session, want at most 250", each)
	} else {
		t.Logf("%d bytes a session on the heap, %d counted", each, got.Bytes/n)
	}
	runtime.KeepAlive(s)
	runtime.KeepAlive(names)
}

func inUse() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func sessionIDs(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("%024x", uint64(i)*0x9e3779b97f4a7c15)
	}
	return all
}

func vouched(t testing.TB, inner store.Store) *nearcache.Store {
	t.Helper()
	s, err := nearcache.New(inner, nearcache.Options{Bound: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	s.Vouch(time.Now())
	return s
}

func mustLoadCached(t testing.TB, s *nearcache.Store, id string) {
	if _, err := s.LoadCached(context.Background(), id); err != nil {
		t.Fatal(err)
	}
}

// BenchmarkHit loads 10 000 sessions of 100 bytes from memory in turn; beside
// it, the same from a memstore.
func BenchmarkHit(b *testing.B) {
	names := sessionIDs(10_000)
	rec := store.Record{Data: make([]byte, 100), Expires: time.Now().Add(time.Hour)}
	b.Run("nearcache", func(b *testing.B) {
		s := vouched(b, always{rec: rec})
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if i%1000 == 0 {
				s.Vouch(time.Now())
			}
			mustLoadCached(b, s, names[i%len(names)])
		}
		got := s.Stats()
		b.ReportMetric(float64(got.Hits)/float64(got.Hits+got.Misses), "hits/op")
	})
	b.Run("memstore", func(b *testing.B) {
		s := memstore.New(memstore.Options{})
		for _, id := range names {
			if _, err := s.Save(b.Context(), id, rec); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if _, err := s.Load(context.Background(), names[i%len(names)]); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkMiss is what a miss costs beside the question: each record is told
// to have changed, asked for and kept.
func BenchmarkMiss(b *testing.B) {
	names := sessionIDs(10_000)
	s := vouched(b, always{rec: store.Record{Data: make([]byte, 100)}})
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%1000 == 0 {
			s.Vouch(time.Now())
		}
		id := names[i%len(names)]
		s.Forget(id)
		mustLoadCached(b, s, id)
	}
}
