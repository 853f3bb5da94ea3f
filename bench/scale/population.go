package main

import (
	"bytes"
	"fmt"
	"runtime"
	"time"
)

// A population is a store with n sessions in it.
type population struct {
	subject
	n     int
	start time.Time
	took  time.Duration // to fill it
}

// fill makes the sessions, all of them far from their ends.
func (p *population) fill() error {
	for i := range p.n {
		if err := p.save(p.id(i), i, 0, farEnd(p.start, i)); err != nil {
			return err
		}
	}
	p.took = time.Since(p.start)
	return nil
}

func (p *population) id(i int) string { return idOf(i, p.idLen()) }

// makeDue gives one end to a tenth of the sessions, or makes them anew with it,
// and returns it. It is as far away as it took to make all of them, and a
// little more.
func (p *population) makeDue() (time.Time, error) {
	due := time.Now().Add(300*time.Millisecond + p.took)
	for i := range p.n {
		if !isDue(i) {
			continue
		}
		id := p.id(i)
		version, err := p.version(id)
		if err != nil {
			return due, err
		}
		if err := p.save(id, i, version, due); err != nil {
			return due, err
		}
	}
	if !time.Now().Before(due) {
		return due, fmt.Errorf("it took longer to make %d sessions due than they had", p.n/10)
	}
	return due, nil
}

// waitUntil lets no session of a due end be there, by either store's clock.
func waitUntil(due time.Time) { time.Sleep(time.Until(due) + 2*time.Millisecond) }

// check reads a sample. Without the due ones, those must not be there.
func (p *population) check(sample []int, withDue bool) error {
	for _, i := range sample {
		data, owner, err := p.load(p.id(i))
		switch {
		case err != nil:
			return err
		case isDue(i) && !withDue:
			if data != nil {
				return fmt.Errorf("session %d of %d is there although it was swept away", i, p.n)
			}
		case !bytes.Equal(data, dataOf(i)):
			return fmt.Errorf("session %d of %d: got data %x, want %x", i, p.n, data, dataOf(i))
		case p.hasOwners() && owner != ownerOf(i):
			return fmt.Errorf("session %d of %d: got owner %q, want %q", i, p.n, owner, ownerOf(i))
		}
	}
	return nil
}

// checkSwept makes sure that the due sessions, and only they, are out of
// memory too.
func (p *population) checkSwept(sample []int) error {
	if want := p.n - countDue(p.n); p.held() != want {
		return fmt.Errorf("%d sessions are held after a sweep, want %d of %d", p.held(), want, p.n)
	}
	return p.check(sample, false)
}

// heap returns what is live.
func heap() (size, objects int64) {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc), int64(m.HeapObjects)
}
