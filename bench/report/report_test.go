package report_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/sojourn-go/session/bench/alone"
	"github.com/sojourn-go/session/bench/crowd"
	"github.com/sojourn-go/session/bench/measure"
	"github.com/sojourn-go/session/bench/peers"
	"github.com/sojourn-go/session/bench/redis"
	"github.com/sojourn-go/session/bench/report"
	"github.com/sojourn-go/session/bench/sql"
	"github.com/sojourn-go/session/bench/trips"
	"github.com/sojourn-go/session/bench/wire"
)

// sample returns data in which ours takes 100 ns and two allocations, and
// everybody else a hundred times that; over the wire 5 % of 100.
func sample() *report.Data {
	d := report.Here("the test")
	add := func(all *[]measure.Result, group, name string, fast bool) {
		r := measure.Result{Group: group, Name: name, NS: []float64{10_000, 12_000, 11_000}, Allocs: 200, Bytes: 9000}
		if fast {
			r = measure.Result{Group: group, Name: name, NS: []float64{100, 120, 110}, Allocs: 2, Bytes: 440}
		}
		*all = append(*all, r)
	}
	for _, w := range peers.Workloads() {
		for _, s := range peers.Subjects() {
			add(&d.Requests, w.Letter, s.Name, strings.HasPrefix(s.Name, peers.Memory))
		}
	}
	for _, g := range []string{"seal", "open", alone.ReadGroup(3), alone.ReadGroup(30), alone.WriteGroup(3), alone.WriteGroup(30)} {
		for _, name := range []string{alone.Own, alone.SecureGob, alone.MessagePack} {
			add(&d.Alone, g, name, name == alone.Own)
		}
	}
	for _, w := range wire.Workloads {
		for i, name := range wire.Subjects {
			d.Wire = append(d.Wire, measure.Result{Group: w, Name: name, NS: []float64{100 + 3*float64(i)}})
		}
	}
	d.Trips = []trips.Row{{Request: "read", Loads: 1, Want: 1}, {Request: "write", Loads: 1, Saves: 2, Want: 2}}
	d.Scale = report.Scale{
		DataLen:  100,
		Stores:   []report.Store{{Store: "memstore", Sessions: 5_000_000, Holds: []report.Hold{{"empty", 900}, {"save", 100}}}},
		Verdicts: []report.ScaleVerdict{{Sessions: 5_000_000, What: "Load", Figure: 300, Demand: 250}},
	}
	d.Redis = onRedis()
	d.SQL, d.SQLScale = onSQL(), inSQL()
	return &d
}

// onSQL returns figures in which scs takes four times as much as ours, in its
// better form, and makes a quarter of the requests.
func onSQL() sql.Figures {
	f := sql.Figures{
		Trips: []sql.Trip{
			{What: sql.NoCookie, Subject: sql.Pgx},
			{What: sql.Untouched, Subject: sql.Pgx},
			{What: sql.Read, Subject: sql.Pgx, Trips: 1},
			{What: sql.Write, Subject: sql.Pgx, Trips: 3},
			{What: sql.Garbage, Subject: sql.Pgx},
			{What: sql.OwnerList, Subject: sql.Pgx, Trips: 6},
			{What: sql.CallLoad, Subject: sql.Pgx, Trips: 1},
		},
		Record: 1024, Disk: "ext4", Versions: map[string]string{sql.PostgreSQL: "15"},
	}
	for _, call := range sql.Calls {
		f.Trips = append(f.Trips, sql.Trip{What: call, Subject: sql.MySQL, Trips: 1})
	}
	for _, w := range sql.Workloads() {
		for subject, factor := range map[string]float64{
			sql.Pgx: 1, sql.SCSPgx: 4, sql.BoltStore: 1, sql.SCSBoltStore: 4, sql.Lite: 1, sql.SCSLite: 12, sql.SCSLite + "-1": 8,
		} {
			b := crowd.Block{Client: 6000 * factor, Server: 4000 * factor, P50: 1e6, P99: 2e6 * factor, Rate: 1e5 / factor, Allocs: 10}
			f.Cells.Add(w.Name, subject, sql.Demanded, b)
			f.Cells.Add(w.Name, subject, sql.Demanded, b)
		}
	}
	return f
}

func inSQL() sql.Scale {
	return sql.Scale{Record: 188, Visitors: 8, Stores: []sql.Scaled{{
		Engine: sql.Bolt, Sessions: 1_000_000, Disk: 500, Swept: 100_000, Seconds: 2,
		Load: sql.Times{P50: 5000, P99: 7000}, During: sql.Times{P50: 1000, P99: 2e6, Slowest: 30e6},
	}}}
}

// onRedis returns figures in which scs takes 10 times as much as ours, in its
// better form, and cached reads a tenth of ours.
func onRedis() redis.Figures {
	f := redis.Figures{
		Trips: []redis.Trip{
			{Request: redis.Read, Subject: redis.Rueidis, Trips: 1, Commands: []string{"GET"}},
			{Request: redis.Write, Subject: redis.Rueidis, Trips: 3, Commands: []string{"GET", "EVALSHA", "EVAL"}},
			{Request: redis.OwnerList, Subject: redis.Rueidis, Trips: 6, Commands: []string{"GET", "GET", "GET", "GET", "GET", "GET"}},
		},
		Cached: []redis.Cached{{Cache: redis.OwnCache, Sessions: 1000, Data: 100, Heap: 260}},
		Stored: []redis.Stored{{Subject: redis.Rueidis, Sessions: 1_000_000, Key: 32, Value: 188, Memory: 400}},
		Reads:  1000,
		Server: "redis-server 7",
	}
	for _, w := range redis.Workloads() {
		for subject, factor := range map[string]float64{redis.Rueidis: 1, redis.Near: 0.1, redis.SCSGo: 12, redis.SCSRedigo: 10} {
			b := crowd.Block{Client: 600 * factor, Server: 400 * factor, P99: 1000 * factor, Rate: 1e6, Allocs: 10}
			f.Cells = append(f.Cells, crowd.Cell{Workload: w.Name, Subject: subject, Level: redis.Demanded, Blocks: []crowd.Block{b, b}})
		}
	}
	return f
}

const (
	inRequests = "no cookie / untouched / read / write / garbage cookie / list of an owner with 5 sessions"
	inCalls    = "each call of the store, Load / Save, new / Save / Delete / List, 128 records"
)

func TestEveryDemandHasItsVerdict(t *testing.T) {
	verdicts := map[string]report.Verdict{}
	for _, l := range sample().Lines() {
		verdicts[l.ID+" "+l.What] = l.Verdict
	}
	for what, want := range map[string]report.Verdict{
		"P1 a, no cookie, untouched, scs over ours":                                     report.Moonshot,
		"P2 c: allocations":                                                             report.Met,
		"P3 e: allocations":                                                             report.Moonshot,
		"P1 b: allocations":                                                             report.Missed, // two allocations, where one was demanded
		"P2 c, ours over a map of live objects (for icza)":                              report.Moonshot,
		"P5 read, CPU added to a bare server":                                           report.Met,
		"P7 seal: allocations":                                                          report.Missed,
		"P8 write 1 of 3, msgpack over ours":                                            report.Met,
		"P10 store calls: read":                                                         report.Met,
		"P10 store calls: write":                                                        report.Missed,
		"P9 5 million sessions: Load":                                                   report.Missed,
		"P10 Redis, round trips: read":                                                  report.Met,
		"P10 Redis, round trips: write":                                                 report.Missed,
		"P10 Redis, round trips: cached read":                                           report.Unknown,
		"P10 Redis, round trips: list of an owner with 5 sessions":                      report.Met,
		"P11 Redis, read: CPU of client and server, scs over ours":                      report.Moonshot,
		"P11 Redis, touch: CPU of client and server, scs over ours":                     report.Met, // beside the better of the two
		"P11 Redis, write: p99, scs over ours":                                          report.Met,
		"P12 Redis, " + redis.Mix + ", cached: CPU of client and server, scs over ours": report.Moonshot,
		"P12 Redis, cached: reads that did not find an own write":                       report.Met,
		"P12 Redis: heap of the client for a cached session of 100 B":                   report.Missed,
		"P10 sojourn-pgx, round trips: " + inRequests:                                   report.Missed,
		"P10 sojourn-pq, round trips: " + inRequests:                                    report.Unknown,
		"P10 sojourn-pgx, round trips: " + inCalls:                                      report.Unknown,
		"P10 sojourn-mysql, round trips: " + inCalls:                                    report.Met,
		"P13 PostgreSQL, touch: CPU of client and server, scs over ours":                report.Met,
		"P13 PostgreSQL, read: CPU of client and server, scs over ours":                 report.Moonshot,
		"P14 bbolt, durable writes a second, 128 at once, ours over scs":                report.Missed,
	} {
		if got := verdicts[what]; got != want {
			t.Errorf("%s: got %q, want %q", what, got, want)
		}
	}
}

func TestThePageSpeaksOfEveryDemandAndHoldsTheNotes(t *testing.T) {
	var b strings.Builder
	if err := sample().Markdown(&b, "## What is missed, and why\n\nNothing."); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	for i := range 14 {
		if !strings.Contains(page, fmt.Sprintf("| P%d |", i+1)) {
			t.Errorf("the page does not say what became of P%d", i+1)
		}
	}
	for _, want := range []string{"## What is missed, and why\n\nNothing.\n", "| 100x |", "2, 440 B", "0.100 ms (save)", "results.svg", "| 12x |", "| 6: 6 GET |", "| 400 B | 2.5 million |",
		"| 4x CPU, 0.25x rate |", "| ≤ 0 / 0 / 1 / 2 / 0 / 6 |  | 0 / 0 / 1 / 3 / 0 / 6 | **missed** |", "| scs-sqlite-1 | 8x CPU, 0.12x rate |", "| bbolt | 1 million | 500 B | 5 µs / 7 µs |", "| 1 µs / 2 ms / 30 ms | 100000 in 2.0 s |"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if strings.Contains(page, "%!") || strings.Contains(page, "NaN") {
		t.Error("the page has a format without its value")
	}
}

func TestTheChartIsWellFormedAndSaysInWordsWhatItShows(t *testing.T) {
	var b strings.Builder
	if err := sample().Chart(&b); err != nil {
		t.Fatal(err)
	}
	svg := b.String()
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"<title", "<desc", "scs, memory 100×", "prefers-color-scheme: dark"} {
		if !strings.Contains(svg, want) {
			t.Errorf("the chart lacks %q", want)
		}
	}
	if strings.Contains(svg, "<script") || strings.Contains(svg, "%!") {
		t.Error("the chart has a script, or a format without its value")
	}
}
