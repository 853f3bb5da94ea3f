package report

import (
	"fmt"
	"strings"

	"github.com/sojourn-go/session/bench/crowd"
	"github.com/sojourn-go/session/bench/measure"
	"github.com/sojourn-go/session/bench/redis"
)

// redisTrips is P10 on a server.
func (d *Data) redisTrips() []Line {
	var lines []Line
	for _, want := range []struct {
		request, subject string
		most             int
	}{
		{redis.NoCookie, redis.Rueidis, 0},
		{redis.Untouched, redis.Rueidis, 0},
		{redis.Read, redis.Rueidis, 1},
		{redis.Write, redis.Rueidis, 2},
		{redis.Garbage, redis.Rueidis, 0},
		{redis.Read, redis.Near, 0},
		{redis.OwnerList, redis.Rueidis, 6},
	} {
		what := want.request
		if want.subject == redis.Near {
			what = "cached " + what
		}
		l := Line{ID: "P10", What: "Redis, round trips: " + what, Demand: fmt.Sprintf("≤ %d", want.most), Reached: "–", Verdict: Unknown}
		if trip, ok := d.trip(want.request, want.subject); ok {
			l.Reached, l.Verdict = sent(trip), Met
			if trip.Trips > want.most || len(trip.Commands) > want.most {
				l.Verdict = Missed
			}
		}
		lines = append(lines, l)
	}
	return lines
}

func (d *Data) trip(request, subject string) (redis.Trip, bool) {
	for _, t := range d.Redis.Trips {
		if t.Request == request && t.Subject == subject {
			return t, true
		}
	}
	return redis.Trip{}, false
}

// sent is what a request sends, in words.
func sent(t redis.Trip) string {
	if len(t.Commands) == 0 {
		return fmt.Sprint(t.Trips)
	}
	var parts []string
	for i := 0; i < len(t.Commands); {
		n := 1
		for i+n < len(t.Commands) && t.Commands[i+n] == t.Commands[i] {
			n++
		}
		name := t.Commands[i]
		if i += n; n > 1 {
			name = fmt.Sprintf("%d %s", n, name)
		}
		parts = append(parts, name)
	}
	return fmt.Sprintf("%d: %s", t.Trips, strings.Join(parts, ", "))
}

// redisLoad is P11 and P12: ours beside the better of the two forms of scs.
func (d *Data) redisLoad() []Line {
	var lines []Line
	add := func(id, what, workload, subject string, demand, moonshot float64, figure func(crowd.Block) float64) {
		b := bound{id: id, what: "Redis, " + what, demand: demand, moonshot: moonshot, format: times}
		lines = append(lines, b.judge(d.lessThanSCS(workload, subject, redis.Demanded, figure)))
	}
	for _, p := range []struct {
		workload         string
		demand, moonshot float64
	}{{redis.Read, 6, 7}, {redis.Touch, 9, 12}, {redis.Write, 5, 6}} {
		add("P11", p.workload+": CPU of client and server, scs over ours", p.workload, redis.Rueidis, p.demand, p.moonshot, crowd.CPU)
		add("P11", p.workload+": p99, scs over ours", p.workload, redis.Rueidis, 5, 0, crowd.P99)
	}
	add("P12", redis.Mix+", cached: CPU of client and server, scs over ours", redis.Mix, redis.Near, 20, 25, crowd.CPU)
	stale := bound{id: "P12", what: "Redis, cached: reads that did not find an own write", atMost: true, format: "%.0f"}
	heap := bound{id: "P12", what: "Redis: heap of the client for a cached session of 100 B", atMost: true, demand: 250, format: size}
	own, ok := d.cached(redis.OwnCache)
	return append(lines, stale.judge(exact(float64(d.Redis.Stale)), d.Redis.Reads > 0), heap.judge(exact(own.Heap), ok))
}

// lessThanSCS says how many times as much of something scs takes, in the better
// of its forms.
func (d *Data) lessThanSCS(workload, subject string, level int, figure func(crowd.Block) float64) (measure.Ratio, bool) {
	ours, ok := d.Redis.Cells.Find(workload, subject, level)
	scs, okSCS := d.Redis.Cells.Better(workload, redis.SCS, level, figure)
	if !ok || !okSCS {
		return measure.Ratio{}, false
	}
	return scs.Over(ours.Result(figure)), true
}

func (d *Data) cached(name string) (redis.Cached, bool) {
	for _, c := range d.Redis.Cached {
		if c.Cache == name {
			return c, true
		}
	}
	return redis.Cached{}, false
}
