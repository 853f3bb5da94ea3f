package redis

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sojourn-go/session/bench/measure"
	"github.com/sojourn-go/session/store"
)

// A Cell is one subject, doing one thing at one level.
type Cell struct {
	Workload, Subject string
	Level             int
	Blocks            []Block
}

// measureLoad is P11, and the mixture of P12. In each round the subjects take
// turns at each thing, beginning with another one each time.
func measureLoad(o Options, f *Figures) error {
	var y yard
	defer y.close()
	if err := y.build(o); err != nil {
		return err
	}
	var err error
	if f.Server, err = y.plain.version(); err != nil {
		return err
	}
	for round := range o.Rounds {
		for _, w := range Workloads() {
			if err := f.round(o, &y, w, round); err != nil {
				return fmt.Errorf("%s: %w", w.Name, err)
			}
		}
		o.log("round %d of %d", round+1, o.Rounds)
	}
	return nil
}

// A yard is where the crowds are. Those with a cache have a server of their own:
// it tells them of all that changes, which costs both of them something, also
// if it was others who changed it.
type yard struct {
	plain, telling server
	crowds         []*crowd
	helper         store.Store // of the plain server
	shut           func()
	spare          []measure.Histogram
}

func (y *yard) build(o Options) (err error) {
	if y.plain, err = start(); err != nil {
		return err
	}
	if y.telling, err = start(); err != nil {
		return err
	}
	if y.helper, y.shut, err = openRueidis(y.plain.Addr()); err != nil {
		return err
	}
	for _, subject := range Subjects() {
		at := y.plain
		if subject.cached {
			at = y.telling
		}
		c, err := gather(subject, at, o.Sessions, subject.own && !subject.cached)
		if err != nil {
			return err
		}
		y.crowds = append(y.crowds, c)
	}
	y.spare = make([]measure.Histogram, max(slices.Max(o.Levels), Demanded))
	return nil
}

func (y *yard) close() {
	for _, c := range y.crowds {
		c.close()
	}
	if y.shut != nil {
		y.shut()
	}
	for _, s := range []server{y.plain, y.telling} {
		if s.Server != nil {
			s.Stop()
		}
	}
}

func (f *Figures) round(o Options, y *yard, w Workload, round int) error {
	levels := o.Levels
	if w.demanded {
		levels = []int{Demanded}
	}
	for _, level := range levels {
		for i := range y.crowds {
			c := y.crowds[(i+round)%len(y.crowds)]
			if !w.has(c.Subject) {
				continue
			}
			if err := f.block(o, y, &load{crowd: c, Workload: w, level: level}); err != nil {
				return fmt.Errorf("%s, %d at once: %w", c.Name, level, err)
			}
		}
	}
	return nil
}

// block measures one block. What the figures of ours rest on is looked at: that
// the sessions which were made to be due were so.
func (f *Figures) block(o Options, y *yard, l *load) error {
	if l.due > 0 && l.own {
		if err := l.age(y.helper); err != nil {
			return err
		}
	}
	b, err := l.measure(o.Block, y.spare)
	if err != nil {
		return err
	}
	if l.own && b.Due > 0 && b.Saves < 0.9*b.Due {
		return fmt.Errorf("of %.3f requests that found a session due %.3f wrote", b.Due, b.Saves)
	}
	cell := f.cell(l.Workload.Name, l.Subject.Name, l.level)
	cell.Blocks = append(cell.Blocks, b)
	if l.cached {
		f.Stale += l.stale.Load()
		f.Reads += l.reads.Load()
	}
	return nil
}

// cell returns the cell, a new one if need be.
func (f *Figures) cell(workload, subject string, level int) *Cell {
	for i := range f.Cells {
		if c := &f.Cells[i]; c.Workload == workload && c.Subject == subject && c.Level == level {
			return c
		}
	}
	f.Cells = append(f.Cells, Cell{Workload: workload, Subject: subject, Level: level})
	return &f.Cells[len(f.Cells)-1]
}

// Find returns the cell, if it was measured.
func (f *Figures) Find(workload, subject string, level int) (Cell, bool) {
	for _, c := range f.Cells {
		if c.Workload == workload && c.Subject == subject && c.Level == level && len(c.Blocks) > 0 {
			return c, true
		}
	}
	return Cell{}, false
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
func (f *Figures) Results() (all []measure.Result) {
	for _, c := range f.Cells {
		r := c.Result(CPU)
		r.Group = fmt.Sprintf("%s-%d", strings.ReplaceAll(c.Workload, " ", "_"), c.Level)
		r.Allocs = c.Result(func(b Block) float64 { return b.Allocs }).Median()
		r.Bytes = c.Result(func(b Block) float64 { return b.Bytes }).Median()
		all = append(all, r)
	}
	return all
}

// CPU is the processor time of a request on both sides.
func CPU(b Block) float64 { return b.Client + b.Server }

// P99 is the time that one request in a hundred exceeds.
func P99(b Block) float64 { return b.P99 }
