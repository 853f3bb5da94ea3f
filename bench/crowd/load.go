package crowd

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sojourn-go/session/bench/measure"
	"github.com/sojourn-go/session/bench/peers"
)

// A Work is what the browsers do.
type Work struct {
	Due    float64 // the part of requests that find a session whose use has to be written down again
	Writes float64 // the part of requests that change the session
	Idle   bool    // sessions end by inactivity
	Write  peers.Action
}

// A Sample is what was counted so far, on the other side.
type Sample struct {
	CPU   time.Duration // of the server
	Saves int64         // that were asked of it
	Gets  int64
}

// A Load is a crowd that visits. It is used for one block.
type Load struct {
	*Crowd
	Work
	Level int                    // how many visit at once
	Warm  time.Duration          // how long before anything is measured
	Probe func() (Sample, error) // nil: there is no other side

	warm  bool         // nothing is measured yet
	next  atomic.Int64 // of the due sessions
	stop  atomic.Bool
	stale atomic.Int64
	reads atomic.Int64
}

// Stale returns how many reads did not find a write that had been finished
// before them, and of how many that is known. Only writes of ours that lose
// nothing are looked for.
func (l *Load) Stale() (stale, reads int64) { return l.stale.Load(), l.reads.Load() }

// Stop ends Run.
func (l *Load) Stop() { l.stop.Store(true) }

// A visitor is one goroutine of a load.
type visitor struct {
	*Load
	read, write  peers.Guest
	random       *rand.Rand
	times        *measure.Histogram
	jar          string
	stale, reads int64
}

// errLost says that a session does not hold what was put into it.
var errLost = errors.New("the session was lost on the way")

// Run has the visitors visit for so long, or until Stop, or until no session is
// due any more. It returns how long that took, and how long the requests took.
// spare has room for each of the visitors.
func (l *Load) Run(d time.Duration, spare []measure.Histogram) (time.Duration, *measure.Histogram, error) {
	begin := make(chan struct{})
	errs := make([]error, l.Level)
	var wg sync.WaitGroup
	var end time.Time
	for i := range l.Level {
		spare[i] = measure.Histogram{}
		v := &visitor{Load: l, times: &spare[i], random: rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))}
		if l.Writes < 1 {
			v.read = l.guest(i, l.Idle, peers.Read)
		}
		if l.Writes > 0 {
			v.write = l.guest(i, l.Idle, l.Write)
		}
		wg.Go(func() {
			<-begin
			errs[i] = v.visit(end)
		})
	}
	start := time.Now()
	end = start.Add(d)
	close(begin)
	wg.Wait()
	took := time.Since(start)
	all := &measure.Histogram{}
	for i := range l.Level {
		all.Merge(&spare[i])
	}
	if all.Count() == 0 && errors.Join(errs...) == nil {
		return took, all, errors.New("no request was made")
	}
	return took, all, errors.Join(errs...)
}

// visit makes one request at least, however late the visitor comes.
func (v *visitor) visit(end time.Time) error {
	last := time.Now()
	for first := true; (first || last.Before(end)) && !v.stop.Load(); first = false {
		done, err := v.one()
		if err != nil {
			v.stop.Store(true)
			return err
		}
		now := time.Now()
		if done {
			v.times.Add(now.Sub(last))
		}
		last = now
	}
	v.Load.stale.Add(v.stale)
	v.Load.reads.Add(v.reads)
	return nil
}

// one makes one request. It is not done if there is no due session any more.
func (v *visitor) one() (done bool, err error) {
	if v.Due > 0 && !v.warm && len(v.aged) > 0 && v.random.Float64() < v.Due {
		i := v.next.Add(1) - 1
		if i >= int64(len(v.aged)) {
			v.stop.Store(true)
			return false, nil
		}
		v.jar = v.aged[i]
		answer, err := v.read(&v.jar)
		return true, Judge(answer, peers.FirstCount, err)
	}
	i := v.random.IntN(len(v.cookies))
	v.jar = v.cookies[i]
	if v.Writes == 1 || v.Writes > 0 && v.random.Float64() < v.Writes {
		answer, err := v.write(&v.jar)
		v.acknowledge(&v.acked[i], answer.Value)
		return true, Judge(answer, peers.FirstCount+1, err)
	}
	acked := v.acked[i].Load() // before the request begins
	answer, err := v.read(&v.jar)
	v.reads++
	if answer.Value < acked {
		v.stale++
	}
	return true, Judge(answer, peers.FirstCount, err)
}

// acknowledge notes that a write has been answered. Those of others lose
// writes, and prove nothing.
func (v *visitor) acknowledge(at *atomic.Int64, value int64) {
	if !v.plan.Own || v.Write != peers.Update {
		return
	}
	for old := at.Load(); old < value && !at.CompareAndSwap(old, value); old = at.Load() {
	}
}

// Judge returns what is wrong with an answer whose counter is to be at least so
// much.
func Judge(a peers.Answer, least int64, err error) error {
	if err == nil && a.Value < least {
		err = fmt.Errorf("%w: got %d", errLost, a.Value)
	}
	return err
}

// Measure returns a block of the load. What the figures of ours rest on is
// looked at: that the sessions which were made to be due were so.
func (l *Load) Measure(d time.Duration, spare []measure.Histogram) (b Block, err error) {
	l.warm = true
	if _, _, err = l.Run(l.Warm, spare); err != nil {
		return b, err
	}
	l.warm = false
	l.stop.Store(false)
	runtime.GC()
	before, err := l.begin()
	if err != nil {
		return b, err
	}
	took, times, err := l.Run(d, spare)
	if err != nil {
		return b, err
	}
	after, err := l.end()
	n := float64(times.Count())
	due := min(int(l.next.Load()), len(l.aged))
	l.used = max(l.used, due)
	b = Block{
		Rate:   n / took.Seconds(),
		Client: float64(after.client-before.client) / n,
		Server: float64(after.CPU-before.CPU) / n,
		P50:    times.Quantile(0.5),
		P99:    times.Quantile(0.99),
		Allocs: float64(after.allocs-before.allocs) / n,
		Bytes:  float64(after.bytes-before.bytes) / n,
		Due:    float64(due) / n,
		Saves:  float64(after.Saves-before.Saves) / n,
		Gets:   float64(after.Gets-before.Gets) / n,
	}
	if err == nil && l.plan.Own && b.Due > 0 && b.Saves < 0.9*b.Due {
		err = fmt.Errorf("of %.3f requests that found a session due %.3f wrote", b.Due, b.Saves)
	}
	return b, err
}

// A state is what is counted, at one moment.
type state struct {
	Sample
	client        time.Duration
	allocs, bytes uint64
}

// begin asks the other side first, and end last: the asking is not measured.
func (l *Load) begin() (s state, err error) {
	if l.Probe != nil {
		s.Sample, err = l.Probe()
	}
	s.own()
	return s, err
}

func (l *Load) end() (s state, err error) {
	s.own()
	if l.Probe != nil {
		s.Sample, err = l.Probe()
	}
	return s, err
}

// own counts what this process has used.
func (s *state) own() {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	s.client, s.allocs, s.bytes = measure.CPU(), m.Mallocs, m.TotalAlloc
}
