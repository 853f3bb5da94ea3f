package boltstore_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sojourn-go/session/adapter/boltstore"
	"github.com/sojourn-go/session/store"
)

func benchID(i int) string { return fmt.Sprintf("%024x", uint64(i)*0x9e3779b97f4a7c15) }

// fill makes a store of n records of 1 KiB, and returns their versions.
func fill(b *testing.B, n int) (*boltstore.Store, []uint64) {
	b.Helper()
	st := open(b, file(b))
	versions := make([]uint64, n)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 256 {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				v, err := st.Save(context.Background(), benchID(i), record())
				if err != nil {
					b.Error(err)
					return
				}
				versions[i] = v
			}
		})
	}
	wg.Wait()
	return st, versions
}

func record() store.Record {
	return store.Record{Data: make([]byte, 1024), Owner: "ann", Expires: time.Now().Add(time.Hour)}
}

// BenchmarkSave changes records among 50 000. Each goroutine has its own, and
// each Save waits for the disk.
func BenchmarkSave(b *testing.B) {
	const n = 50_000
	for _, callers := range []int{1, 16, 128} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			st, versions := fill(b, n)
			before := commits(b, st)
			b.ReportAllocs()
			b.ResetTimer()
			var done atomic.Int64
			var wg sync.WaitGroup
			for c := range callers {
				wg.Go(func() {
					for done.Add(1) <= int64(b.N) {
						i := rand.IntN(n/callers)*callers + c
						rec := record()
						rec.Version = versions[i]
						v, err := st.Save(context.Background(), benchID(i), rec)
						if err != nil {
							b.Error(err)
							return
						}
						versions[i] = v
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "saves/s")
			b.ReportMetric(float64(b.N)/float64(commits(b, st)-before), "saves/commit")
		})
	}
}

// BenchmarkLoad loads at random from 50 000 records of 1 KiB.
func BenchmarkLoad(b *testing.B) {
	st, versions := fill(b, 50_000)
	ids := make([]string, len(versions))
	for i := range ids {
		ids[i] = benchID(i)
	}
	load := func() error {
		_, err := st.Load(context.Background(), ids[rand.IntN(len(ids))])
		return err
	}
	b.Run("callers=1", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := load(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("callers=16", func(b *testing.B) {
		b.ReportAllocs()
		b.SetParallelism(8)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if err := load(); err != nil {
					b.Error(err)
					return
				}
			}
		})
	})
}
