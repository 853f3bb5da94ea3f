package main

import (
	"time"

	"github.com/sojourn-go/session/bench/scale/hold"
)

// A Report is what the command found. With -json it is printed as it is here.
type Report struct {
	Go       string
	DataLen  int // bytes of data of each session, header included
	Stores   []Figures
	Verdicts []Verdict
}

// Figures are those of one store of one size.
type Figures struct {
	Store    string // "memstore" or "scs"
	Sessions int

	// HeapPerSession is the growth of the heap by all sessions, divided by
	// their number, and HeapOverhead what of it is not data: bookkeeping, id
	// and owner, and what the allocator rounds up. The ids are as long as each
	// library makes them, 24 and 43 bytes; owners only memstore has.
	HeapPerSession    float64
	HeapOverhead      float64
	ObjectsPerSession float64

	// GCMillis is the CPU time of the process for one forced collection while
	// the store is live, EmptyGCMillis before there was anything in it:
	// medians of several.
	GCMillis      float64
	EmptyGCMillis float64

	// LoadNanos is the CPU time of the process for one Load of a session
	// chosen at random, collections included: the median of several passes.
	LoadNanos float64

	// Every round makes a tenth of all sessions due at the same moment and
	// sweeps them away, while a goroutine loads sessions at random.
	// DuringSweep is the wall time of its slowest Load in each round, Quiet
	// that of a reader without any sweep for as long. SweepMillis is the CPU
	// time of the process for each round, reader included.
	SweepWallMillis   []float64
	SweepMillis       []float64
	DuringSweepMillis []float64
	QuietMillis       []float64

	// Holds are how long locks were held, by kind of operation, measured in a
	// process of its own by CPU time of the thread.
	Holds []Hold
}

// A Hold is how long an operation held locks. No hold is left out.
type Hold struct {
	// Operation is one of the names of operations. "empty" is the control: it
	// holds a lock, as often as there are sessions, and does nothing; how long
	// that lasted is what the machine adds.
	Operation     string
	Count         int
	LongestMicros float64
	TotalMillis   float64
	Over100Micros int
	Over200Micros int
}

// Operations by their names.
const (
	opEmpty    = "empty"
	opCreate   = "create, store grows"
	opLoad     = "load"
	opSave     = "save"
	opSweepDue = "sweep, tenth due"
	opSweep    = "sweep, none due"
	opDelete   = "delete"
	opList     = "list"
	opFull     = "create, store full" // memstore only: scs knows no bound
)

// A Verdict is what came of one demand at one size.
type Verdict struct {
	Sessions int
	What     string
	Figure   float64
	AtLeast  bool // whether Figure must be at least Demand, or at most
	Demand   float64
	Moonshot float64 // 0 if there is none
	Met      bool
}

func toHold(operation string, t hold.Tally) Hold {
	return Hold{
		Operation:     operation,
		Count:         t.Count,
		LongestMicros: float64(t.Longest) / float64(time.Microsecond),
		TotalMillis:   millis(t.Total),
		Over100Micros: t.Over[0],
		Over200Micros: t.Over[1],
	}
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
