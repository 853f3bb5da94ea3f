package main

import (
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/sojourn-go/session/bench/scale/hold"
)

// A holder runs operations, and keeps how long each held locks.
type holder struct {
	*population
	sample []int
	found  []Hold

	nothing int // what the control does
}

// measureHolds finds the holds. It needs the binary whose stores tell them,
// and stays on one thread.
func measureHolds(name string, n int) (Figures, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	f := Figures{Store: name, Sessions: n}
	st, err := open(name, n)
	if err != nil {
		return f, err
	}
	h := &holder{population: &population{subject: st, n: n, start: time.Now()}, sample: sampleOf(n, sampleSize)}
	err = firstError(
		func() error { return h.during(opEmpty, h.holdNothing) },
		func() error { return h.during(opCreate, h.fill) },
		func() error { return h.during(opLoad, func() error { return h.check(h.sample, true) }) },
		func() error { return h.during(opList, h.listAll) },
		func() error { return h.during(opSave, h.saveSample) },
		h.sweepTwice,
		func() error { return h.during(opFull, h.overfill) },
		func() error { return h.during(opDelete, h.deleteSample) },
	)
	f.Holds = h.found
	return f, err
}

// during keeps what the locks tell of one operation. What came before, which
// may have prepared it, is dropped.
func (h *holder) during(operation string, do func() error) error {
	if operation == opFull && h.idLen() != (own{}).idLen() {
		return nil
	}
	hold.Take()
	if err := do(); err != nil {
		return fmt.Errorf("%s: %w", operation, err)
	}
	t := hold.Take()
	if t.Count == 0 {
		return fmt.Errorf("%s: no lock was held: this binary has stores that do not tell", operation)
	}
	h.found = append(h.found, toHold(operation, t))
	return nil
}

func (h *holder) holdNothing() error {
	var m hold.Mutex
	for range h.n {
		m.Lock()
		h.nothing++
		m.Unlock()
	}
	return nil
}

func (h *holder) listAll() error {
	if n, err := h.list(); err != nil || n != h.n {
		return fmt.Errorf("listed %d of %d sessions, and the error %v", n, h.n, err)
	}
	return nil
}

// saveSample replaces records by such as end an hour later. To learn the
// version memstore loads first, which counts as well.
func (h *holder) saveSample() error {
	for _, i := range h.sample {
		id := h.id(i)
		version, err := h.version(id)
		if err != nil {
			return err
		}
		if err := h.save(id, i, version, farEnd(h.start, i).Add(time.Hour)); err != nil {
			return err
		}
	}
	return nil
}

// sweepTwice sweeps a tenth away, and then nothing, in each round.
func (h *holder) sweepTwice() error {
	var due, none hold.Tally
	for range rounds {
		end, err := h.makeDue()
		if err != nil {
			return err
		}
		waitUntil(end)
		for _, t := range []*hold.Tally{&due, &none} {
			hold.Take()
			err = errors.Join(err, h.sweep())
			t.Add(hold.Take())
		}
		if err := errors.Join(err, h.checkSwept(h.sample)); err != nil {
			return err
		}
	}
	h.found = append(h.found, toHold(opSweepDue, due), toHold(opSweep, none))
	return nil
}

// overfill creates more sessions than there is room for: a tenth fits, then
// each new one pushes out another.
func (h *holder) overfill() error {
	for i := range h.n / 5 {
		if err := h.save(h.id(h.n+i), h.n+i, 0, farEnd(h.start, i)); err != nil {
			return err
		}
	}
	if h.held() != h.n {
		return fmt.Errorf("%d sessions are held by a full store, want %d", h.held(), h.n)
	}
	return nil
}

func (h *holder) deleteSample() error {
	for _, i := range h.sample {
		if err := h.remove(h.id(i)); err != nil {
			return err
		}
	}
	return nil
}
