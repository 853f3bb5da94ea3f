package crowd

import (
	"fmt"
	"strings"

	"github.com/sojourn-go/session/bench/measure"
)

// A Block is what one subject came to in one round.
type Block struct {
	Rate           float64 // requests a second
	Client, Server float64 // processor time of a request, ns
	P50, P99       float64 // of the time that a request took, ns
	Allocs, Bytes  float64 // in the client, of a request
	Due            float64 // the part of requests that found a session due
	Saves          float64 // that were asked of the server, for a request
	Gets           float64
}

// CPU is the processor time of a request on both sides.
func CPU(b Block) float64 { return b.Client + b.Server }

// P99 is the time that one request in a hundred exceeds.
func P99(b Block) float64 { return b.P99 }

// Each is the time from one finished request to the next, of all that are made
// at once: the more a second, the less.
func Each(b Block) float64 { return 1e9 / b.Rate }

// A Cell is one subject, doing one thing at one level.
type Cell struct {
	Workload, Subject string
	Level             int
	Blocks            []Block
}

// Cells are all that was measured.
type Cells []Cell

// Add adds a block to its cell, which is a new one if need be.
func (all *Cells) Add(workload, subject string, level int, b Block) {
	for i := range *all {
		if c := &(*all)[i]; c.Workload == workload && c.Subject == subject && c.Level == level {
			c.Blocks = append(c.Blocks, b)
			return
		}
	}
	*all = append(*all, Cell{Workload: workload, Subject: subject, Level: level, Blocks: []Block{b}})
}

// Find returns the cell, if it was measured.
func (all Cells) Find(workload, subject string, level int) (Cell, bool) {
	for _, c := range all {
		if c.Workload == workload && c.Subject == subject && c.Level == level && len(c.Blocks) > 0 {
			return c, true
		}
	}
	return Cell{}, false
}

// Better returns the one figure of that subject which has less of it, of those
// that were measured.
func (all Cells) Better(workload string, subjects []string, level int, figure func(Block) float64) (best measure.Result, ok bool) {
	for _, name := range subjects {
		c, found := all.Find(workload, name, level)
		if !found {
			continue
		}
		if r := c.Result(figure); !ok || r.Median() < best.Median() {
			best, ok = r, true
		}
	}
	return best, ok
}

// Result returns one figure of all blocks, for medians and ratios.
func (c Cell) Result(figure func(Block) float64) measure.Result {
	r := measure.Result{Group: c.Workload, Name: c.Subject}
	for _, b := range c.Blocks {
		r.NS = append(r.NS, figure(b))
	}
	return r
}

// Results returns the processor time of all cells, with allocations that are
// medians of blocks.
func (all Cells) Results() (results []measure.Result) {
	for _, c := range all {
		r := c.Result(CPU)
		r.Group = fmt.Sprintf("%s-%d", strings.ReplaceAll(c.Workload, " ", "_"), c.Level)
		r.Allocs = c.Result(func(b Block) float64 { return b.Allocs }).Median()
		r.Bytes = c.Result(func(b Block) float64 { return b.Bytes }).Median()
		results = append(results, r)
	}
	return results
}
