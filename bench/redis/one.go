package redis

import (
	"fmt"
	"slices"

	"github.com/sojourn-go/session/bench/crowd"
	"github.com/sojourn-go/session/bench/measure"
)

// One opens a server and one subject over it, and returns what measures a block
// of one workload with it, at the demanded level. It is for a look by hand, as
// with a profile.
func One(subject, workload string, o Options) (block func() (crowd.Block, error), shut func(), err error) {
	subjects, workloads := Subjects(), Workloads()
	i := slices.IndexFunc(subjects, func(s Subject) bool { return s.Name == subject })
	j := slices.IndexFunc(workloads, func(w Workload) bool { return w.Name == workload })
	if i < 0 || j < 0 || !workloads[j].has(subjects[i]) {
		return nil, nil, fmt.Errorf("%s does not do %q", subject, workload)
	}
	y := &yard{spare: make([]measure.Histogram, Demanded)}
	if y.plain, err = start(); err != nil {
		return nil, nil, err
	}
	y.helper, y.shut, err = openRueidis(y.plain.Addr())
	if err == nil {
		var c *visitors
		c, err = gather(subjects[i], y.plain, o.Sessions, workloads[j].due > 0 && subjects[i].own)
		if err == nil {
			y.crowds = append(y.crowds, c)
		}
	}
	if err != nil {
		y.close()
		return nil, nil, err
	}
	return func() (crowd.Block, error) {
		var f Figures
		if err := f.block(o, y, y.crowds[0], workloads[j], Demanded); err != nil {
			return crowd.Block{}, err
		}
		return f.Cells[0].Blocks[0], nil
	}, y.close, nil
}
