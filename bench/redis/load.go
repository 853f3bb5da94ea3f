package redis

import (
	"errors"
	"fmt"
	"time"

	"github.com/sojourn-go/session/bench/crowd"
	"github.com/sojourn-go/session/bench/measure"
)

// visitors are a subject with browsers that have signed in.
type visitors struct {
	Subject
	*crowd.Crowd
	server server
	places []*place
}

// gather opens a subject, and has n browsers sign in; with due as many again.
func gather(s Subject, at server, n int, due bool) (v *visitors, err error) {
	v = &visitors{Subject: s, server: at}
	still, err := v.open(false)
	idle := still
	if err == nil && !s.own && !s.lazy && !s.always {
		idle, err = v.open(true)
	}
	if err == nil {
		v.Crowd, err = crowd.Gather(crowd.Plan{Still: still, Idle: idle, Own: s.own, Sessions: n, Due: due, SignIn: signsIn})
	}
	if err != nil {
		v.close()
		return nil, fmt.Errorf("%s: %w", s.Name, err)
	}
	return v, nil
}

func (v *visitors) open(idle bool) (*place, error) {
	p, err := v.Subject.open(v.server.Addr(), idle)
	if err == nil {
		v.places = append(v.places, p)
	}
	return p, err
}

func (v *visitors) close() {
	for _, p := range v.places {
		p.close()
	}
}

// measure returns a block in which they do their work at a level.
func (v *visitors) measure(w Workload, level int, d time.Duration, spare []measure.Histogram) (b crowd.Block, stale, reads int64, err error) {
	l := &crowd.Load{Crowd: v.Crowd, Work: w.of(v.Subject), Level: level, Warm: d / 8, Probe: v.probe}
	if v.cached {
		l.Warm = d
	}
	b, err = l.Measure(d, spare)
	stale, reads = l.Stale()
	return b, stale, reads, err
}

// probe asks the server.
func (v *visitors) probe() (s crowd.Sample, err error) {
	calls, errCalls := v.server.calls()
	cpu, errCPU := v.server.cpu()
	for _, c := range v.saves() {
		s.Saves += calls[c]
	}
	s.CPU, s.Gets = cpu, calls["get"]
	return s, errors.Join(errCalls, errCPU)
}

// saves are the commands that count as a write. What a script does is counted
// by the server, too.
func (v *visitors) saves() []string {
	if v.own {
		return []string{"evalsha", "eval"}
	}
	return []string{"set", "setex"}
}
