package memstore_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"runtime/metrics"
	"strconv"
	"testing"
	"time"

	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/memstore"
)

const million = 1_000_000

func benchID(i int) string { return fmt.Sprintf("%024x", uint64(i)*0x9e3779b97f4a7c15) }

// fill makes n records of dataLen bytes, every tenth with an owner, with ends
// spread over a day.
func fill(b *testing.B, n, dataLen int) (*memstore.Store, []string) {
	b.Helper()
	ids := make([]string, n)
	for i := range ids {
		ids[i] = benchID(i)
	}
	return fillWith(b, ids, dataLen, time.Now().Add(time.Hour), 24*time.Hour), ids
}

func fillWith(b *testing.B, ids []string, dataLen int, first time.Time, spread time.Duration) *memstore.Store {
	b.Helper()
	st := memstore.New(memstore.Options{MaxSessions: 16 * million, MaxBytes: 1 << 40})
	data := make([]byte, dataLen)
	for i, id := range ids {
		rec := store.Record{Data: data, Expires: first.Add(rand.N(spread))}
		if i%10 == 0 {
			rec.Owner = "user-" + strconv.Itoa(i)
		}
		if _, err := st.Save(context.Background(), id, rec); err != nil {
			b.Fatal(err)
		}
	}
	return st
}

// BenchmarkLoad loads at random from a million sessions: from all of them,
// most of which are in no cache of the processor, from 10 000 and from 100 of them.
func BenchmarkLoad(b *testing.B) {
	for _, dataLen := range []int{100, 1024} {
		st, ids := fill(b, million, dataLen)
		for _, id := range ids {
			st.Load(b.Context(), id) // the first Load of a record costs more
		}
		for _, active := range []int{million, 10_000, 100} {
			b.Run(fmt.Sprintf("1M x %d B, %d active", dataLen, active), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := st.Load(b.Context(), ids[rand.IntN(active)]); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkSaveUpdate(b *testing.B) {
	for _, move := range []time.Duration{0, time.Hour} {
		b.Run(fmt.Sprintf("end moves by %v", move), func(b *testing.B) {
			st, ids := fill(b, million, 100)
			ids = ids[1:10] // no owners
			end := time.Now().Add(time.Hour)
			versions := make([]uint64, len(ids))
			for i, id := range ids {
				rec, _ := st.Load(b.Context(), id)
				versions[i] = rec.Version
			}
			data := make([]byte, 100)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				n := i % len(ids)
				end = end.Add(move / 100)
				v, err := st.Save(b.Context(), ids[n], store.Record{Data: data, Expires: end, Version: versions[n]})
				if err != nil {
					b.Fatal(err)
				}
				versions[n] = v
			}
		})
	}
}

// BenchmarkSaveUpdateCold changes records that are in no cache.
func BenchmarkSaveUpdateCold(b *testing.B) {
	st, ids := fill(b, million, 100)
	versions := make([]uint64, len(ids))
	for i, id := range ids {
		rec, _ := st.Load(b.Context(), id)
		versions[i] = rec.Version
	}
	data, end := make([]byte, 100), time.Now().Add(25*time.Hour)
	b.ReportAllocs()
	for b.Loop() {
		i := rand.IntN(len(ids))
		v, err := st.Save(b.Context(), ids[i], store.Record{Data: data, Expires: end, Version: versions[i]})
		if err != nil {
			b.Fatal(err)
		}
		versions[i] = v
	}
}

func BenchmarkCreateAndDelete(b *testing.B) {
	st, _ := fill(b, million, 100)
	data, end := make([]byte, 100), time.Now().Add(time.Hour)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := st.Save(b.Context(), "new", store.Record{Data: data, Expires: end}); err != nil {
			b.Fatal(err)
		}
		if err := st.Delete(b.Context(), "new"); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFlood creates records in a store that is full of others like them.
func BenchmarkFlood(b *testing.B) {
	st := memstore.New(memstore.Options{})
	data, end := make([]byte, 100), time.Now().Add(time.Hour)
	n := 0
	create := func() {
		n++
		if _, err := st.Save(b.Context(), benchID(n), store.Record{Data: data, Expires: end.Add(time.Duration(n) * time.Millisecond)}); err != nil {
			b.Fatal(err)
		}
	}
	for range 1 << 20 {
		create()
	}
	b.ReportAllocs()
	for b.Loop() {
		create()
	}
}

// BenchmarkHeap tells what a session takes beyond its data, and what a garbage
// collection costs while they are there.
func BenchmarkHeap(b *testing.B) {
	for _, n := range []int{million, 5 * million} {
		for _, dataLen := range []int{100, 1024} {
			if n*dataLen > 2000*million {
				continue
			}
			b.Run(fmt.Sprintf("%dM x %d B", n/million, dataLen), func(b *testing.B) {
				benchHeap(b, n, dataLen)
			})
		}
	}
}

func benchHeap(b *testing.B, n, dataLen int) {
	ids := func(yield func(int, string) bool) {
		for i := range n {
			if !yield(i, benchID(i)) {
				return
			}
		}
	}
	empty := heap()
	st := memstore.New(memstore.Options{MaxSessions: 2 * n, MaxBytes: 1 << 40})
	data, now := make([]byte, dataLen), time.Now()
	for i, id := range ids {
		rec := store.Record{Data: data, Expires: now.Add(time.Hour + rand.N(24*time.Hour))}
		if i%10 == 0 {
			rec.Owner = "user-" + strconv.Itoa(i)
		}
		if _, err := st.Save(context.Background(), id, rec); err != nil {
			b.Fatal(err)
		}
	}
	overhead := float64(heap()-empty)/float64(n) - float64(dataLen)
	before := gcSeconds()
	for b.Loop() {
		runtime.GC()
	}
	b.ReportMetric((gcSeconds()-before)*1e3/float64(b.N), "gc-cpu-ms/op")
	b.ReportMetric(overhead, "B-overhead/session")
	b.ReportMetric(float64(st.Stats().Bytes)/float64(n)-float64(dataLen), "B-counted/session")
	runtime.KeepAlive(st)
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func gcSeconds() float64 {
	s := []metrics.Sample{{Name: "/cpu/classes/gc/total:cpu-seconds"}}
	metrics.Read(s)
	return s[0].Value.Float64()
}

// BenchmarkSweep clears away the tenth part of a million sessions, due at
// once.
func BenchmarkSweep(b *testing.B) {
	ids := make([]string, million)
	for i := range ids {
		ids[i] = benchID(i)
	}
	for b.Loop() {
		b.StopTimer()
		due := time.Now().Add(5 * time.Second)
		st := fillWith(b, ids[million/10:], 100, due.Add(time.Hour), time.Hour)
		for _, id := range ids[:million/10] {
			if _, err := st.Save(b.Context(), id, store.Record{Expires: due}); err != nil {
				b.Fatal(err)
			}
		}
		time.Sleep(time.Until(due))
		b.StartTimer()
		n, err := st.Sweep(b.Context())
		if err != nil || n == 0 {
			b.Fatalf("swept %d: %v", n, err)
		}
		b.ReportMetric(float64(n), "swept")
	}
}
