package report

import (
	"fmt"
	"slices"

	"github.com/sojourn-go/session/bench/alone"
	"github.com/sojourn-go/session/bench/measure"
	"github.com/sojourn-go/session/bench/peers"
	"github.com/sojourn-go/session/bench/wire"
)

// Lines returns every demand with its verdict.
func (d *Data) Lines() []Line {
	return slices.Concat(d.memory(), d.overWire(), d.sealed(), d.sealing(), d.record(), d.scale(), d.roundTrips(), d.redisTrips(), d.redisLoad(),
		d.sqlTrips(), d.sqlLoad())
}

// faster says how many times as long as ours another subject takes.
func (d *Data) faster(b bound, group, ours, otherGroup, other string) Line {
	b.format = times
	return b.judge(over(d.Requests, otherGroup, other, group, ours))
}

func over(all []measure.Result, slowGroup, slow, fastGroup, fast string) (measure.Ratio, bool) {
	a, okA := measure.Find(all, slowGroup, slow)
	b, okB := measure.Find(all, fastGroup, fast)
	if !okA || !okB {
		return measure.Ratio{}, false
	}
	return a.Over(b), true
}

// allocated judges the allocations of ours in a group.
func allocated(all []measure.Result, b bound, group, ours string) Line {
	b.atMost, b.format = true, allocs
	b.what += ": allocations"
	r, ok := measure.Find(all, group, ours)
	return b.judge(exact(r.Allocs), ok)
}

func (d *Data) bytes(id, what, group string, most float64) Line {
	r, ok := measure.Find(d.Requests, group, peers.Memory)
	return bound{id: id, what: what + ": bytes allocated", atMost: true, demand: most, format: size}.judge(exact(r.Bytes), ok)
}

// memory is P1 to P4: sessions in a memstore beside scs with an idle time-out.
func (d *Data) memory() []Line {
	scs := func(id, what, w string, demand, moonshot float64) Line {
		return d.faster(bound{id: id, what: what + ", scs over ours", demand: demand, moonshot: moonshot}, w, peers.Memory, w, peers.SCSIdle)
	}
	own := func(id, what, w string, most, moonshot float64) Line {
		return allocated(d.Requests, bound{id: id, what: what, demand: most, moonshot: moonshot}, w, peers.Memory)
	}
	small := bound{what: "d over c: the cost does not depend on the session's size", id: "P2", atMost: true, demand: 1.3}
	live := bound{what: "c, ours over a map of live objects (for icza)", id: "P2", atMost: true, demand: 1.3, moonshot: 1}
	login := bound{what: "f by Login, with the user's list, scs over ours", id: "P4", demand: 2}
	return []Line{
		scs("P1", "a, no cookie, untouched", "a", 2, 4),
		own("P1", "a", "a", 1, 0),
		d.bytes("P1", "a", "a", 450),
		scs("P1", "b, untouched", "b", 70, 100),
		own("P1", "b", "b", 1, 0),
		d.bytes("P1", "b", "b", 450),
		scs("P2", "c, read 1 of 3", "c", 45, 70),
		d.faster(live, "c", peers.LiveMap, "c", peers.Memory),
		scs("P2", "d, read 1 of 30", "d", 60, 100),
		d.faster(small, "c", peers.Memory, "d", peers.Memory),
		own("P2", "c", "c", 2, 0),
		own("P2", "d", "d", 2, 0),
		scs("P3", "e, counter + 1", "e", 22, 40),
		own("P3", "e", "e", 6, 3),
		scs("P4", "f, a new session", "f", 5, 6),
		own("P4", "f", "f", 7, 0),
		scs("P4", "g, a new token", "g", 20, 30),
		own("P4", "g", "g", 6, 0),
		d.faster(login, "f-login", peers.Memory, "f", peers.SCSIdle),
	}
}

// overWire is P5: what the middleware adds to a server's CPU time.
func (d *Data) overWire() []Line {
	var lines []Line
	for i, w := range wire.Workloads {
		b := bound{id: "P5", what: w + ", CPU added to a bare server", atMost: true, demand: 7, moonshot: 5, format: percent}
		if i == 2 {
			b.demand, b.moonshot = 12, 10
		}
		lines = append(lines, b.judge(d.added(w, peers.Memory)))
	}
	return lines
}

// added returns by how many percent a subject takes longer than the bare
// server.
func (d *Data) added(workload, subject string) (measure.Ratio, bool) {
	r, ok := over(d.Wire, workload, subject, workload, wire.Bare)
	return measure.Ratio{Low: 100 * (r.Low - 1), Median: 100 * (r.Median - 1), High: 100 * (r.High - 1)}, ok
}

// sealed is P6: sessions in the cookie beside gorilla's.
func (d *Data) sealed() []Line {
	gorilla := func(what, w string, demand, moonshot float64) Line {
		return d.faster(bound{id: "P6", what: what + ", gorilla over ours", demand: demand, moonshot: moonshot}, w, peers.Sealed, w, peers.Gorilla)
	}
	text := bound{id: "P6", what: "cookie value for 200 B of data", atMost: true, demand: 330, format: letters}
	return []Line{
		gorilla("sealed, read", "c", 25, 35),
		allocated(d.Requests, bound{id: "P6", what: "sealed, read", demand: 4}, "c", peers.Sealed),
		gorilla("sealed, write", "e", 14, 25),
		allocated(d.Requests, bound{id: "P6", what: "sealed, write", demand: 8}, "e", peers.Sealed),
		text.judge(exact(float64(d.Texts.Own)), d.Texts.Own > 0),
	}
}

// sealing is P7: the codec alone.
func (d *Data) sealing() []Line {
	var lines []Line
	for _, b := range []bound{{what: "seal", demand: 12, moonshot: 15}, {what: "open", demand: 40, moonshot: 50}} {
		group := b.what
		b.id, b.format, b.what = "P7", times, group+" 200 B, gorilla (gob) over ours"
		lines = append(lines, b.judge(over(d.Alone, group, alone.SecureGob, group, alone.Own)),
			allocated(d.Alone, bound{id: "P7", what: group}, group, alone.Own))
	}
	return lines
}

// record is P8: one value beside the whole in msgpack.
func (d *Data) record() []Line {
	var lines []Line
	for _, n := range []int{3, 30} {
		read, write := alone.ReadGroup(n), alone.WriteGroup(n)
		b := bound{id: "P8", what: read + ", msgpack over ours", demand: 50, format: times}
		lines = append(lines, b.judge(over(d.Alone, read, alone.MessagePack, read, alone.Own)),
			allocated(d.Alone, bound{id: "P8", what: read}, read, alone.Own))
		b = bound{id: "P8", what: write + ", msgpack over ours", demand: 20, format: times}
		lines = append(lines, b.judge(over(d.Alone, write, alone.MessagePack, write, alone.Own)),
			allocated(d.Alone, bound{id: "P8", what: write, demand: 1}, write, alone.Own))
	}
	return lines
}

// roundTrips is P10.
func (d *Data) roundTrips() []Line {
	var lines []Line
	for _, r := range d.Trips {
		l := Line{ID: "P10", What: "store calls: " + r.Request, Demand: fmt.Sprintf("≤ %d", r.Want), Verdict: Met}
		l.Reached = fmt.Sprintf("%d Load, %d Save", r.Loads, r.Saves)
		if r.Loads+r.Saves > r.Want {
			l.Verdict = Missed
		}
		lines = append(lines, l)
	}
	b := bound{id: "P10", what: "touches in one Idle of reading without a pause", atMost: true, demand: 10, format: "%.0f"}
	return append(lines, b.judge(exact(float64(d.Touches)), len(d.Trips) > 0))
}
