package report

import (
	"fmt"
	"slices"
)

// Scale is what the command bench/scale found, as far as it is shown here.
type Scale struct {
	DataLen  int // bytes of a session's data
	Stores   []Store
	Verdicts []ScaleVerdict
}

// A Store is one memory store of one size.
type Store struct {
	Store             string
	Sessions          int
	HeapOverhead      float64 // bytes a session
	ObjectsPerSession float64
	GCMillis          float64
	LoadNanos         float64
	DuringSweepMillis []float64 // how long a reader had to wait, in each round
	Holds             []Hold
}

// A Hold is how long an operation held a lock, at most.
type Hold struct {
	Operation     string
	LongestMicros float64
}

// A ScaleVerdict is a demand of P9 at one size.
type ScaleVerdict struct {
	Sessions         int
	What             string
	Figure           float64
	AtLeast          bool
	Demand, Moonshot float64
}

// control is the operation that holds a lock and does nothing.
const control = "empty"

// longest returns the longest hold of a lock, and what held it.
func (s Store) longest() Hold {
	var longest Hold
	for _, h := range s.Holds {
		if h.Operation != control && h.LongestMicros > longest.LongestMicros {
			longest = h
		}
	}
	return longest
}

// scale is P9: memstore with many sessions.
func (d *Data) scale() []Line {
	if len(d.Scale.Verdicts) == 0 {
		return []Line{{ID: "P9", What: "memstore with 1 and 5 million sessions", Reached: "–", Verdict: Unknown}}
	}
	var lines []Line
	for _, v := range d.Scale.Verdicts {
		b := bound{
			id: "P9", what: inMillions(v.Sessions) + " sessions: " + v.What,
			atMost: !v.AtLeast, demand: v.Demand, moonshot: v.Moonshot, format: "%.3g",
		}
		lines = append(lines, b.judge(exact(v.Figure), true))
	}
	return lines
}

func inMillions(n int) string {
	if n%1_000_000 != 0 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%d million", n/1_000_000)
}

func (d *Data) stores(p *page) {
	if len(d.Scale.Stores) == 0 {
		return
	}
	p.add("\n## Many sessions in memory\n")
	p.add("Sessions of %d bytes, header included. A lock's time is the CPU time of the thread that holds it; the reader reads at random\n"+
		"while a tenth of all sessions is due and swept away, and its wait is by the clock, on a machine that does other work too.\n", d.Scale.DataLen)
	p.head("store", "sessions", "heap beside the data, a session", "objects, a session", "GC cycle, CPU", "Load, CPU", "longest hold of a lock", "longest wait of a reader")
	for _, s := range d.Scale.Stores {
		hold, wait := s.longest(), 0.0
		if len(s.DuringSweepMillis) > 0 {
			wait = slices.Max(s.DuringSweepMillis)
		}
		p.row(s.Store, inMillions(s.Sessions), fmt.Sprintf("%.0f B", s.HeapOverhead),
			fmt.Sprintf("%.2f", s.ObjectsPerSession), fmt.Sprintf("%.1f ms", s.GCMillis), fmt.Sprintf("%.0f ns", s.LoadNanos),
			fmt.Sprintf("%.3f ms (%s)", hold.LongestMicros/1000, hold.Operation), fmt.Sprintf("%.1f ms", wait))
	}
}
