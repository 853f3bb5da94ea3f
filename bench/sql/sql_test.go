package sql_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sojourn-go/session/bench/sql"
	"github.com/sojourn-go/session/internal/sqlserver"
)

// unless skips the test if its servers are not installed.
func unless(t testing.TB, err error) {
	t.Helper()
	if errors.Is(err, sqlserver.ErrMissing) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// small is a measurement of everything, which each test looks at.
var small = sync.OnceValues(func() (sql.Figures, error) {
	return sql.Measure(sql.Options{Sessions: 150, Levels: []int{1, sql.Demanded}, Rounds: 1, Block: 20 * time.Millisecond})
})

func TestEachCallIsOneRoundTripWithEveryDriver(t *testing.T) {
	f, err := small()
	unless(t, err)
	got := map[string]int{}
	for _, trip := range f.Trips {
		got[trip.Subject+": "+trip.What] = trip.Trips
		t.Logf("%s: %s: %d", trip.Subject, trip.What, trip.Trips)
	}
	want := map[string]int{
		"scs-pgx: read":                1,
		"scs-pgx: touch":               2,
		"scs-pq: read":                 2,
		"scs-mysql: read":              2,
		"scs-mysql-interpolated: read": 1,
	}
	for _, subject := range []string{sql.Pgx, sql.Pgxpool, sql.PQ, sql.MySQL} {
		for _, call := range sql.Calls {
			want[subject+": "+call] = 1
		}
		for request, trips := range map[string]int{
			sql.NoCookie: 0, sql.Untouched: 0, sql.Read: 1, sql.Touch: 2, sql.Write: 2, sql.Garbage: 0, sql.OwnerList: 6,
		} {
			want[subject+": "+request] = trips
		}
	}
	for what, trips := range want {
		if n, ok := got[what]; !ok || n != trips {
			t.Errorf("%s: got %d round trips (%v), want %d", what, n, ok, trips)
		}
	}
}

func TestASmallMeasurementHasEveryFigure(t *testing.T) {
	f, err := small()
	unless(t, err)
	for _, s := range sql.Subjects() {
		for _, w := range sql.Workloads() {
			for _, level := range []int{1, sql.Demanded} {
				c, ok := f.Cells.Find(w.Name, s.Name, level)
				alone := strings.HasSuffix(s.Name, "-store") && w.Name == sql.Touch
				if s.Name == sql.Pgxpool || strings.HasSuffix(s.Name, "-unlogged") && level == 1 || alone {
					if ok {
						t.Errorf("%s, %s at %d was measured", w.Name, s.Name, level)
					}
					continue
				}
				if !ok {
					t.Errorf("%s, %s at %d was not measured", w.Name, s.Name, level)
				}
				for _, b := range c.Blocks {
					served := s.Engine == sql.PostgreSQL || s.Engine == sql.MariaDB
					if b.Rate <= 0 || b.Client <= 0 || b.Server > 0 != served || b.P50 <= 0 || b.P99 < b.P50 || b.Allocs <= 0 {
						t.Errorf("%s, %s at %d: got %+v", w.Name, s.Name, level, b)
					}
				}
			}
		}
	}
	if f.Record < 1000 || f.Record > 1048 {
		t.Errorf("a record has %d bytes, want about 1 KB", f.Record)
	}
	if f.Disk == "" || f.Sync <= 0 || f.Versions[sql.PostgreSQL] == "" || f.Versions[sql.MariaDB] == "" || f.Versions[sql.SQLite] == "" {
		t.Errorf("got disk %q, versions %v", f.Disk, f.Versions)
	}
}

func TestManySessionsHaveEveryFigure(t *testing.T) {
	s, err := sql.MeasureScale(sql.ScaleOptions{Sessions: 1000, Visitors: 4, Undisturbed: 40 * time.Millisecond, Calls: 50, Log: t.Logf})
	unless(t, err)
	if len(s.Stores) != len(sql.Engines()) || s.Record < 100 || s.Visitors != 4 {
		t.Fatalf("got %+v", s)
	}
	for _, got := range s.Stores {
		if got.Swept != 100 || got.Seconds <= 0 || got.Disk < float64(s.Record) {
			t.Errorf("got %+v", got)
		}
		for _, times := range []sql.Times{got.Load, got.List, got.Before, got.During} {
			if times.P50 <= 0 || times.P99 < times.P50 || times.Slowest < times.P99 {
				t.Errorf("%s: got %+v", got.Engine, times)
			}
		}
	}
}

// BenchmarkRequest is for a look by hand, as in
//
//	go test ./sql -run '^$' -bench 'Request/workload=read/subject=sojourn-pgx$' -cpuprofile cpu
//
// An operation is half a second of requests. The command of this module
// interleaves the subjects, and is what to quote.
func BenchmarkRequest(b *testing.B) {
	o := sql.Options{Sessions: 20_000, Block: 500 * time.Millisecond}
	for _, w := range sql.Workloads() {
		for _, s := range sql.Subjects() {
			if s.Name == sql.Pgxpool || strings.HasSuffix(s.Name, "-store") && w.Name == sql.Touch {
				continue // which is not measured
			}
			b.Run("workload="+w.Name+"/subject="+s.Name, func(b *testing.B) {
				block, shut, err := sql.One(s.Name, w.Name, o)
				unless(b, err)
				defer shut()
				b.ReportAllocs()
				var client, server, p99, allocs, rate, n float64
				for b.Loop() {
					got, err := block()
					if err != nil {
						b.Fatal(err)
					}
					client, server, p99, allocs, rate, n = client+got.Client, server+got.Server, p99+got.P99, allocs+got.Allocs, rate+got.Rate, n+1
				}
				b.ReportMetric(rate/n, "req/s")
				b.ReportMetric(client/n, "client-ns/req")
				b.ReportMetric(server/n, "server-ns/req")
				b.ReportMetric(p99/n, "p99-ns/req")
				b.ReportMetric(allocs/n, "allocs/req")
			})
		}
	}
}
