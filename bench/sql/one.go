package sql

import (
	"fmt"
	"slices"

	"github.com/sojourn-go/session/bench/crowd"
	"github.com/sojourn-go/session/bench/measure"
)

// One starts an engine and opens one subject on it, and returns what measures a
// block of one workload with it, at the demanded level. It is for a look by
// hand, as with a profile.
func One(subject, workload string, o Options) (block func() (crowd.Block, error), shut func(), err error) {
	subjects, workloads, engines := Subjects(), Workloads(), allEngines()
	i := slices.IndexFunc(subjects, func(s Subject) bool { return s.Name == subject })
	j := slices.IndexFunc(workloads, func(w Workload) bool { return w.Name == workload })
	if i < 0 || j < 0 || subjects[i].trips || subjects[i].bare && workload == Touch {
		return nil, nil, fmt.Errorf("%s does not do %q", subject, workload)
	}
	e := slices.IndexFunc(engines, func(e engine) bool { return e.name == subjects[i].Engine })
	y := &yard{spare: make([]measure.Histogram, Demanded)}
	if y.host, err = engines[e].start(); err != nil {
		return nil, nil, err
	}
	v, err := gather(subjects[i], y.host, o.Sessions)
	if err != nil {
		y.close()
		return nil, nil, err
	}
	y.all = append(y.all, v)
	return func() (crowd.Block, error) { return v.block(workloads[j], Demanded, o.Block, y.spare) }, y.close, nil
}
