package redis

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

// A Block is what one subject came to in one round.
type Block struct {
	Rate           float64 // requests a second
	Client, Server float64 // processor time of a request, ns
	P50, P99       float64 // of the time that a request took, ns
	Allocs, Bytes  float64 // in the client, of a request
	Due            float64 // the part of requests that found a session due
	Saves          float64 // scripts and SETs that the server was sent, for a request
	Gets           float64
}

// A load is a crowd that visits.
type load struct {
	*crowd
	Workload
	level int
	warm  bool // nothing is measured yet

	next  atomic.Int64 // of the due sessions
	stop  atomic.Bool
	stale atomic.Int64
	reads atomic.Int64
}

// A visitor is one goroutine of a load.
type visitor struct {
	*load
	read, write  peers.Guest
	random       *rand.Rand
	times        *measure.Histogram
	jar          string
	stale, reads int64
}

// errLost says that a session does not hold what was put into it.
var errLost = errors.New("the session was lost on the way")

// run has the visitors visit for so long, or until no session is due any more.
// It returns how long that took, and how long the requests took.
func (l *load) run(d time.Duration, spare []measure.Histogram) (time.Duration, *measure.Histogram, error) {
	l.stop.Store(false)
	begin := make(chan struct{})
	errs := make([]error, l.level)
	var wg sync.WaitGroup
	var end time.Time
	for i := range l.level {
		spare[i] = measure.Histogram{}
		v := &visitor{load: l, times: &spare[i], random: rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))}
		if l.writes < 1 {
			v.read = l.guest(i, l.Workload.idle, peers.Read)
		}
		if l.writes > 0 {
			v.write = l.guest(i, l.Workload.idle, l.Workload.write(l.Subject))
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
	for i := range l.level {
		all.Merge(&spare[i])
	}
	if all.Count() == 0 && errors.Join(errs...) == nil {
		return took, all, errors.New("no request was made")
	}
	return took, all, errors.Join(errs...)
}

func (v *visitor) visit(end time.Time) error {
	last := time.Now()
	for last.Before(end) && !v.stop.Load() {
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
	v.load.stale.Add(v.stale)
	v.load.reads.Add(v.reads)
	return nil
}

// one makes one request. It is not done if there is no due session any more.
func (v *visitor) one() (done bool, err error) {
	if v.due > 0 && !v.warm && len(v.aged) > 0 && v.random.Float64() < v.due {
		i := v.next.Add(1) - 1
		if i >= int64(len(v.aged)) {
			v.stop.Store(true)
			return false, nil
		}
		v.jar = v.aged[i]
		answer, err := v.read(&v.jar)
		return true, judge(answer, peers.FirstCount, err)
	}
	i := v.random.IntN(len(v.cookies))
	v.jar = v.cookies[i]
	if v.writes == 1 || v.writes > 0 && v.random.Float64() < v.writes {
		answer, err := v.write(&v.jar)
		v.acknowledge(&v.acked[i], answer.Value)
		return true, judge(answer, peers.FirstCount+1, err)
	}
	acked := v.acked[i].Load() // before the request begins
	answer, err := v.read(&v.jar)
	v.reads++
	if answer.Value < acked {
		v.stale++
	}
	return true, judge(answer, peers.FirstCount, err)
}

// acknowledge notes that a write has been answered. Those of others lose
// writes, and prove nothing.
func (v *visitor) acknowledge(at *atomic.Int64, value int64) {
	if !v.own || v.Workload.write(v.Subject) != peers.Update {
		return
	}
	for old := at.Load(); old < value && !at.CompareAndSwap(old, value); old = at.Load() {
	}
}

func judge(a peers.Answer, least int64, err error) error {
	if err == nil && a.Value < least {
		err = fmt.Errorf("%w: got %d", errLost, a.Value)
	}
	return err
}

// measure returns a block of the load.
func (l *load) measure(d time.Duration, spare []measure.Histogram) (b Block, err error) {
	l.warm = true
	warming := d / 8
	if l.cached {
		warming = d
	}
	if _, _, err = l.run(warming, spare); err != nil {
		return b, err
	}
	l.warm = false
	l.next.Store(0)
	runtime.GC()
	before, err := take(l.server)
	if err != nil {
		return b, err
	}
	took, times, err := l.run(d, spare)
	if err != nil {
		return b, err
	}
	after, err := take(l.server)
	n := float64(times.Count())
	due := min(int(l.next.Load()), len(l.aged))
	l.used = max(l.used, due)
	per := func(counts ...string) (sum float64) {
		for _, c := range counts {
			sum += float64(after.calls[c] - before.calls[c])
		}
		return sum / n
	}
	return Block{
		Rate:   n / took.Seconds(),
		Client: float64(after.client-before.client) / n,
		Server: float64(after.server-before.server) / n,
		P50:    times.Quantile(0.5),
		P99:    times.Quantile(0.99),
		Allocs: float64(after.allocs-before.allocs) / n,
		Bytes:  float64(after.bytes-before.bytes) / n,
		Due:    float64(due) / n,
		Saves:  per(l.saves()...),
		Gets:   per("get"),
	}, err
}

// saves are the commands that count as a write. What a script does is counted
// by the server, too.
func (l *load) saves() []string {
	if l.own {
		return []string{"evalsha", "eval"}
	}
	return []string{"set", "setex"}
}

// A state is what is counted, at one moment.
type state struct {
	client, server time.Duration
	allocs, bytes  uint64
	calls          map[string]int64
}

func take(s server) (state, error) {
	calls, errCalls := s.calls()
	cpu, errCPU := s.cpu()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return state{measure.CPU(), cpu, m.Mallocs, m.TotalAlloc, calls}, errors.Join(errCalls, errCPU)
}
