package sql

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sojourn-go/session/bench/crowd"
	"github.com/sojourn-go/session/bench/measure"
	"github.com/sojourn-go/session/bench/peers"
)

// visitors are a subject with browsers that have signed in.
type visitors struct {
	Subject
	*house
	*crowd.Crowd
	host *host
}

// gather opens a subject, and has n browsers sign in; of ours as many again.
func gather(s Subject, h *host, n int) (*visitors, error) {
	at, err := s.open(h, h.addr(), s.Name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Name, err)
	}
	v := &visitors{Subject: s, house: at, host: h}
	v.Crowd, err = crowd.Gather(crowd.Plan{Still: at.still, Idle: at.idle, Own: s.own, Sessions: n, Due: s.own, SignIn: signsIn})
	if err == nil {
		err = v.tidy()
	}
	if err != nil {
		at.close()
		return nil, fmt.Errorf("%s: %w", s.Name, err)
	}
	return v, nil
}

func (v *visitors) tidy() error { return v.host.tidy(v.Engine, v.Name, v.table) }

// probe asks the server.
func (v *visitors) probe() (s crowd.Sample, err error) {
	if v.own {
		s.Saves = v.saves.Load()
	}
	s.CPU, err = v.host.cpu()
	return s, err
}

// block measures one block, after which all is tidied up.
func (v *visitors) block(w Workload, level int, d time.Duration, spare []measure.Histogram) (b crowd.Block, err error) {
	if w.work.Due > 0 && v.own {
		if err := v.Age(v.store); err != nil {
			return b, err
		}
	}
	l := &crowd.Load{Crowd: v.Crowd, Work: w.work, Level: level, Warm: d / 8, Probe: v.probe}
	if b, err = l.Measure(d, spare); err != nil {
		return b, err
	}
	if w.Name != Read {
		err = v.tidy()
	}
	return b, err
}

// A yard is where the visitors of an engine are.
type yard struct {
	host  *host
	all   []*visitors
	spare []measure.Histogram
}

func (y *yard) close() {
	for _, v := range y.all {
		v.close()
	}
	if y.host != nil {
		y.host.stop()
	}
}

// measure is P13 and P14 on one engine. In each round the subjects take turns
// at each thing, beginning with another one each time.
func (f *Figures) measure(o Options, e engine) (err error) {
	y := &yard{spare: make([]measure.Histogram, max(slices.Max(o.Levels), Demanded))}
	defer y.close()
	if y.host, err = e.start(); err != nil {
		return err
	}
	if err := y.host.synced(e.name); err != nil {
		return err
	}
	if f.Versions[e.name], err = y.host.version(e.name); err != nil {
		return err
	}
	for _, s := range Subjects() {
		if s.Engine != e.name || s.trips {
			continue
		}
		v, err := gather(s, y.host, o.Sessions)
		if err != nil {
			return err
		}
		y.all = append(y.all, v)
		if v.own {
			if f.Record, err = recordSize(v.house); err != nil {
				return err
			}
		}
	}
	for round := range o.Rounds {
		for _, w := range Workloads() {
			if err := f.round(o, y, w, round); err != nil {
				return fmt.Errorf("%s: %w", w.Name, err)
			}
		}
		o.log("%s: round %d of %d", e.name, round+1, o.Rounds)
	}
	return nil
}

func (f *Figures) round(o Options, y *yard, w Workload, round int) error {
	for _, level := range o.Levels {
		for i := range y.all {
			v := y.all[(i+round)%len(y.all)]
			if v.high && level != Demanded || v.bare && w.Name == Touch {
				continue
			}
			b, err := v.block(w, level, o.Block, y.spare)
			if err != nil {
				return fmt.Errorf("%s, %d at once: %w", v.Name, level, err)
			}
			f.Cells.Add(w.Name, v.Name, level, b)
		}
	}
	return nil
}

// signIn has one browser sign in, and returns its cookie.
func signIn(site peers.Site, a peers.Action) (jar string, err error) {
	_, err = site.Guest(a)(&jar)
	return jar, err
}

// idOf returns the id in a cookie of ours.
func idOf(cookie string) string {
	_, token, _ := strings.Cut(cookie, "=")
	return token[:crowd.IDLen]
}

// recordSize returns how long the record is that a browser is given here.
func recordSize(h *house) (int, error) {
	cookie, err := signIn(h.still, signsIn)
	if err != nil {
		return 0, err
	}
	rec, err := h.store.Load(context.Background(), idOf(cookie))
	return len(rec.Data), err
}
