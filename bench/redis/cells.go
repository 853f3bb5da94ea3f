package redis

import (
	"fmt"
	"slices"

	"github.com/sojourn-go/session/bench/measure"
	"github.com/sojourn-go/session/store"
)

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
	crowds         []*visitors
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
			v := y.crowds[(i+round)%len(y.crowds)]
			if !w.has(v.Subject) {
				continue
			}
			if err := f.block(o, y, v, w, level); err != nil {
				return fmt.Errorf("%s, %d at once: %w", v.Name, level, err)
			}
		}
	}
	return nil
}

// block measures one block.
func (f *Figures) block(o Options, y *yard, v *visitors, w Workload, level int) error {
	if w.due > 0 && v.own {
		if err := v.Age(y.helper); err != nil {
			return err
		}
	}
	b, stale, reads, err := v.measure(w, level, o.Block, y.spare)
	if err != nil {
		return err
	}
	f.Cells.Add(w.Name, v.Name, level, b)
	if v.cached {
		f.Stale += stale
		f.Reads += reads
	}
	return nil
}
