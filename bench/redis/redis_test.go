package redis_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sojourn-go/session/bench/redis"
	"github.com/sojourn-go/session/internal/redisserver"
)

func needServer(t *testing.T) {
	t.Helper()
	if _, err := redisserver.Find(); errors.Is(err, redisserver.ErrMissing) {
		t.Skip(err)
	}
}

func TestRequestsSendNoMoreThanTheyMust(t *testing.T) {
	needServer(t)
	all, err := redis.CountTrips()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, trip := range all {
		got[trip.Subject+": "+trip.Request] = strings.Join(trip.Commands, " ")
		t.Logf("%s: %s: %d %v", trip.Subject, trip.Request, trip.Trips, trip.Commands)
	}
	for what, want := range map[string]string{
		"sojourn-rueidis: no cookie":                        "",
		"sojourn-rueidis: untouched":                        "",
		"sojourn-rueidis: read":                             "GET",
		"sojourn-rueidis: write":                            "GET EVALSHA",
		"sojourn-rueidis: garbage cookie":                   "",
		"sojourn-goredis: write":                            "GET EVALSHA",
		"sojourn-cached: read":                              "",
		"sojourn-cached: write":                             "GET EVALSHA",
		"scs-goredis: read":                                 "GET",
		"scs-goredis, idle: read":                           "GET SET",
		"scs-redigo: write":                                 "GET MULTI SET PEXPIREAT EXEC",
		"fiber-redis: read":                                 "GET SET",
		"sojourn-rueidis: list of an owner with 5 sessions": "GET GET GET GET GET GET",
	} {
		if text, ok := got[what]; !ok || text != want {
			t.Errorf("%s: got %q, want %q", what, text, want)
		}
	}
}

func TestASmallMeasurementHasEveryFigure(t *testing.T) {
	needServer(t)
	f, err := redis.Measure(redis.Options{
		Sessions: 300, Levels: []int{1, 16}, Rounds: 2, Block: 20 * time.Millisecond,
		Cached: 500, Stored: 2000, Log: t.Logf,
	})
	if err != nil {
		t.Fatal(err)
	}
	for workload, level := range map[string]int{
		redis.Read: 1, redis.Touch: 16, redis.Write: 16, redis.Every: redis.Demanded, redis.Mix: redis.Demanded,
	} {
		for _, subject := range []string{redis.Rueidis, redis.GoRedis, redis.SCSGo, redis.SCSRedigo} {
			if _, ok := f.Cells.Find(workload, subject, level); !ok {
				t.Errorf("%s, %s at %d was not measured", workload, subject, level)
			}
		}
	}
	for _, c := range f.Cells {
		if len(c.Blocks) != 2 {
			t.Errorf("%s, %s: got %d blocks, want 2", c.Workload, c.Subject, len(c.Blocks))
		}
		for _, b := range c.Blocks {
			if b.Rate <= 0 || b.Client <= 0 || b.Server <= 0 || b.P50 <= 0 || b.P99 < b.P50 || b.Allocs <= 0 {
				t.Errorf("%s, %s at %d: got %+v", c.Workload, c.Subject, c.Level, b)
			}
		}
	}
	for _, r := range f.Cells.Results() {
		if len(r.NS) != 2 || r.Allocs <= 0 || strings.Contains(r.Group, " ") {
			t.Errorf("got %+v", r)
		}
	}
	if f.Stale != 0 || f.Reads == 0 {
		t.Errorf("got %d stale reads of %d", f.Stale, f.Reads)
	}
	if len(f.Cached) != 2 || len(f.Stored) != 2 {
		t.Errorf("got %+v, %+v", f.Cached, f.Stored)
	}
	if !slices.ContainsFunc(f.Stored, func(s redis.Stored) bool { return s.Subject == redis.SCSGo && s.Memory > float64(s.Value+s.Key) }) {
		t.Errorf("got %+v", f.Stored)
	}
}

// BenchmarkRequest is for a look by hand, as in
//
//	go test ./redis -run '^$' -bench 'Request/workload=read/subject=sojourn-rueidis' -cpuprofile cpu
//
// An operation is half a second of requests. The command of this module
// interleaves the subjects, and is what to quote.
func BenchmarkRequest(b *testing.B) {
	o := redis.Options{Sessions: 20_000, Block: 500 * time.Millisecond}
	for _, w := range redis.Workloads() {
		for _, s := range redis.Subjects() {
			b.Run("workload="+w.Name+"/subject="+s.Name, func(b *testing.B) {
				block, shut, err := redis.One(s.Name, w.Name, o)
				if err != nil {
					b.Skip("not run:", err)
				}
				defer shut()
				var client, server, p99, allocs, n float64
				for b.Loop() {
					got, err := block()
					if err != nil {
						b.Fatal(err)
					}
					client, server, p99, allocs, n = client+got.Client, server+got.Server, p99+got.P99, allocs+got.Allocs, n+1
				}
				b.ReportMetric(client/n, "client-ns/req")
				b.ReportMetric(server/n, "server-ns/req")
				b.ReportMetric(p99/n, "p99-ns/req")
				b.ReportMetric(allocs/n, "allocs/req")
			})
		}
	}
}
