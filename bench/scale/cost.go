package main

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	passes     = 5
	rounds     = 3
	sampleSize = 500_000
)

// measureCost finds all figures but the holds.
func measureCost(name string, n int) (Figures, error) {
	f := Figures{Store: name, Sessions: n, EmptyGCMillis: collect()}
	sizeBefore, objectsBefore := heap()
	st, err := open(name, 2*n)
	if err != nil {
		return f, err
	}
	p := &population{subject: st, n: n, start: time.Now()}
	if err := p.fill(); err != nil {
		return f, err
	}
	size, objects := heap()
	f.HeapPerSession = float64(size-sizeBefore) / float64(n)
	f.HeapOverhead = f.HeapPerSession - dataLen
	f.ObjectsPerSession = float64(objects-objectsBefore) / float64(n)
	f.GCMillis = collect()

	sample := sampleOf(n, sampleSize)
	if err := p.check(sample, true); err != nil {
		return f, err
	}
	ids := make([]string, len(sample))
	for k, i := range sample {
		ids[k] = p.id(i)
	}
	if f.LoadNanos, err = loadAll(p, ids); err != nil {
		return f, err
	}
	for range rounds {
		if err := f.sweepRound(p, sample, ids); err != nil {
			return f, err
		}
	}
	runtime.KeepAlive(p)
	return f, nil
}

// collect returns the CPU time of a forced collection, in milliseconds. Upon
// one processor: workers on two of them spin when a busy machine takes one
// away, for milliseconds, and that is no cost of the store.
func collect() float64 {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	runtime.GC() // what was garbage before is nobody's cost here
	var all []float64
	for range passes {
		start := cpu()
		runtime.GC()
		all = append(all, millis(cpu()-start))
	}
	return median(all)
}

// loadAll returns the CPU time of a Load, in nanoseconds, upon one processor.
func loadAll(p *population, ids []string) (float64, error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var all []float64
	for range passes {
		start := cpu()
		for _, id := range ids {
			if data, _, err := p.load(id); err != nil || len(data) != dataLen {
				return 0, fmt.Errorf("session %s: got %d bytes and the error %v", id, len(data), err)
			}
		}
		all = append(all, float64(cpu()-start)/float64(len(ids)))
	}
	return median(all), nil
}

// sweepRound makes a tenth due, and sweeps it away under the eyes of a reader.
func (f *Figures) sweepRound(p *population, sample []int, ids []string) error {
	due, err := p.makeDue()
	if err != nil {
		return err
	}
	runtime.GC()
	waitUntil(due)
	cpuBefore, wall := cpu(), time.Duration(0)
	slowest, err := readDuring(p, ids, func() error {
		start := time.Now()
		err := p.sweep()
		wall = time.Since(start)
		return err
	})
	used := cpu() - cpuBefore
	if err := errors.Join(err, p.checkSwept(sample)); err != nil {
		return err
	}
	runtime.GC()
	quiet, err := readDuring(p, ids, func() error {
		time.Sleep(wall)
		return nil
	})
	f.SweepWallMillis = append(f.SweepWallMillis, millis(wall))
	f.SweepMillis = append(f.SweepMillis, millis(used))
	f.DuringSweepMillis = append(f.DuringSweepMillis, millis(slowest))
	f.QuietMillis = append(f.QuietMillis, millis(quiet))
	return err
}

// readDuring returns the wall time of the slowest Load of a goroutine that
// loads one session after the other from before do to its end.
func readDuring(p *population, ids []string, do func() error) (slowest time.Duration, err error) {
	var stop atomic.Bool
	started, stopped := make(chan bool, 1), make(chan error)
	go func() {
		var err error
		for k := 0; !stop.Load() && err == nil; k++ {
			if k == 0 {
				started <- true
			}
			start := time.Now()
			_, _, err = p.load(ids[k%len(ids)])
			slowest = max(slowest, time.Since(start))
		}
		stopped <- err
	}()
	<-started
	errDo := do()
	stop.Store(true)
	return slowest, errors.Join(errDo, <-stopped)
}

// cpu is the CPU time that this process has used.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic("scale: this system does not tell the CPU time of a process: " + err.Error())
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func median(all []float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}
