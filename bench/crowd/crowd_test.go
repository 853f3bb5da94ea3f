package crowd_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/bench/crowd"
	"github.com/sojourn-go/session/bench/measure"
	"github.com/sojourn-go/session/bench/peers"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/memstore"
)

// A counter counts Saves.
type counter struct {
	store.Store
	saves atomic.Int64
}

func (c *counter) Save(ctx context.Context, id string, rec store.Record) (uint64, error) {
	c.saves.Add(1)
	return c.Store.Save(ctx, id, rec)
}

// gather returns a crowd of ours in memory, whose sessions are due.
func gather(t *testing.T) (*crowd.Crowd, *counter) {
	t.Helper()
	st := &counter{Store: memstore.New(memstore.Options{})}
	m, err := session.New(st, session.Options{})
	if err != nil {
		t.Fatal(err)
	}
	site := peers.OwnSite(m)
	c, err := crowd.Gather(crowd.Plan{Still: site, Idle: site, Own: true, Sessions: 500, Due: true, SignIn: peers.SignIn})
	if err == nil {
		err = c.Age(st)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c, st
}

const level = 4

func TestABlockTellsWhatItsRequestsTook(t *testing.T) {
	c, st := gather(t)
	probe := func() (crowd.Sample, error) { return crowd.Sample{Saves: st.saves.Load(), CPU: time.Second}, nil }
	l := &crowd.Load{Crowd: c, Work: crowd.Work{Due: 0.5, Idle: true}, Level: level, Probe: probe}
	b, err := l.Measure(time.Minute, make([]measure.Histogram, level)) // until no session is due any more
	if err != nil {
		t.Fatal(err)
	}
	if b.Rate <= 0 || b.Client <= 0 || b.Server != 0 || b.P50 <= 0 || b.P99 < b.P50 || b.Allocs <= 0 {
		t.Errorf("got %+v", b)
	}
	if b.Due < 0.4 || b.Due > 0.6 || b.Saves < b.Due {
		t.Errorf("got %.2f requests that found a session due, and %.2f that wrote, want half of all", b.Due, b.Saves)
	}
}

func TestABlockFailsIfSessionsWereNotDueThatWereToBe(t *testing.T) {
	c, _ := gather(t)
	none := func() (crowd.Sample, error) { return crowd.Sample{}, nil }
	l := &crowd.Load{Crowd: c, Work: crowd.Work{Due: 0.5, Idle: true}, Level: level, Probe: none}
	if _, err := l.Measure(time.Minute, make([]measure.Histogram, level)); err == nil || !strings.Contains(err.Error(), "due") {
		t.Errorf("got error %v", err)
	}
}

func TestNoReadIsStaleInMemory(t *testing.T) {
	c, _ := gather(t)
	l := &crowd.Load{Crowd: c, Work: crowd.Work{Writes: 0.5, Write: peers.Update}, Level: level}
	if _, err := l.Measure(20*time.Millisecond, make([]measure.Histogram, level)); err != nil {
		t.Fatal(err)
	}
	if stale, reads := l.Stale(); stale != 0 || reads == 0 {
		t.Errorf("got %d stale reads of %d", stale, reads)
	}
}

func TestTheBetterOfSeveralIsTheOneThatTakesLess(t *testing.T) {
	var all crowd.Cells
	for _, cpu := range []float64{30, 10, 20} {
		all.Add("read", "slow", 1, crowd.Block{Client: 2 * cpu, Server: 1, Rate: 1e6})
		all.Add("read", "fast", 1, crowd.Block{Client: cpu, Server: 1, Rate: 1e7})
	}
	got, ok := all.Better("read", []string{"slow", "none", "fast"}, 1, crowd.CPU)
	if !ok || got.Name != "fast" || got.Median() != 21 {
		t.Errorf("got %+v, %v", got, ok)
	}
	if _, ok := all.Better("read", []string{"fast"}, 2, crowd.CPU); ok {
		t.Error("got what was not measured")
	}
	if c, ok := all.Find("read", "slow", 1); !ok || c.Result(crowd.Each).Median() != 1000 {
		t.Errorf("got %+v, %v", c, ok)
	}
}
