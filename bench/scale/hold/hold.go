// Package hold has the mutexes of package sync, made to tell how long they
// are held: in CPU time of the holding thread, so that neither a neighbour on
// the machine nor a wait for the processor counts as a hold.
//
// What the thread does for the runtime within a hold does count: the help that
// the garbage collector asks of whoever allocates, and the pages that the
// system has to provide for fresh memory. So do the interrupts that the system
// puts on the account of the thread they meet.
//
// Whoever locks must stay on its thread, see [runtime.LockOSThread]; if it
// does not, Unlock panics.
package hold

import (
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Limits are the lengths beyond which a [Tally] counts holds.
var Limits = [...]time.Duration{100 * time.Microsecond, 200 * time.Microsecond}

// A Tally is what became of all holds of a period. None is left out.
type Tally struct {
	Count   int
	Longest time.Duration
	Total   time.Duration
	Over    [len(Limits)]int // how many were longer than each of Limits
}

var (
	mu      sync.Mutex
	tally   Tally
	pending atomic.Int32 // readers that hold a lock
)

// Take returns the tally since the last Take, and begins a new one.
func Take() Tally {
	mu.Lock()
	defer mu.Unlock()
	t := tally
	tally = Tally{}
	return t
}

// Add adds what u counted to t.
func (t *Tally) Add(u Tally) {
	t.Count += u.Count
	t.Longest = max(t.Longest, u.Longest)
	t.Total += u.Total
	for i := range t.Over {
		t.Over[i] += u.Over[i]
	}
}

// A period is one hold that has begun.
type period struct {
	thread int
	since  time.Duration
}

// begin asks for the time last, and end asks for it first: what else they do
// is not in the hold.
func begin() period {
	thread := unix.Gettid()
	return period{thread, threadTime()}
}

func (p period) end() {
	d := threadTime() - p.since
	if p.thread != unix.Gettid() {
		panic("hold: unlocked on another thread than locked: call runtime.LockOSThread first")
	}
	one := Tally{Count: 1, Longest: d, Total: d}
	for i, limit := range Limits {
		if d > limit {
			one.Over[i] = 1
		}
	}
	mu.Lock()
	defer mu.Unlock()
	tally.Add(one)
}

func threadTime() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		panic("hold: this system does not tell the CPU time of a thread: " + err.Error())
	}
	return time.Duration(t.Nano())
}

// A Mutex is a [sync.Mutex] whose holds are counted.
type Mutex struct {
	mu   sync.Mutex
	held period
}

// Lock locks m.
func (m *Mutex) Lock() {
	m.mu.Lock()
	m.held = begin()
}

// Unlock counts the hold, and unlocks m.
func (m *Mutex) Unlock() {
	m.held.end()
	m.mu.Unlock()
}

// An RWMutex is a [sync.RWMutex] whose holds are counted, those of readers
// too; there is place for one reader at a time, and a second one panics.
type RWMutex struct {
	mu   sync.RWMutex
	held period
}

// Lock locks m for writing.
func (m *RWMutex) Lock() {
	m.mu.Lock()
	m.held = begin()
}

// Unlock counts the hold, and unlocks m for writing.
func (m *RWMutex) Unlock() {
	m.held.end()
	m.mu.Unlock()
}

// RLock locks m for reading.
func (m *RWMutex) RLock() {
	m.mu.RLock()
	if pending.Add(1) > 1 {
		panic("hold: two readers at once: only one can be timed")
	}
	m.held = begin()
}

// RUnlock counts the hold, and undoes an RLock.
func (m *RWMutex) RUnlock() {
	m.held.end()
	pending.Add(-1)
	m.mu.RUnlock()
}
