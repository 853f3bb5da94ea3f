package hold_test

import (
	"runtime"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sojourn-go/session/bench/scale/hold"
)

// spin works for so long, by the clock of its own thread: on a busy machine most
// of any time by the wall is others'.
func spin(d time.Duration) {
	for start := threadTime(); threadTime()-start < d; {
	}
}

func threadTime() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		panic(err)
	}
	return time.Duration(t.Nano())
}

func TestEveryHoldIsCountedByTheWorkDoneInIt(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var m hold.Mutex
	var rw hold.RWMutex
	hold.Take()
	for i := range 10 {
		m.Lock()
		spin(time.Duration(i))
		m.Unlock()
	}
	for _, l := range []sync.Locker{&m, &rw, rLocker{&rw}} {
		l.Lock()
		spin(20 * time.Millisecond)
		l.Unlock()
	}
	got := hold.Take()
	if got.Count != 13 || got.Over[0] < 3 || got.Over[1] < 3 {
		t.Errorf("got %+v, want 13 holds, three of them long", got)
	}
	if got.Longest <= hold.Limits[1] || got.Longest > got.Total {
		t.Errorf("got %+v, want the longest between the limit and the total", got)
	}
	if again := hold.Take(); again != (hold.Tally{}) {
		t.Errorf("got %+v after Take, want nothing", again)
	}
}

func TestWaitingIsNoWork(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var m hold.Mutex
	hold.Take()
	m.Lock()
	time.Sleep(50 * time.Millisecond)
	m.Unlock()
	if got := hold.Take(); got.Longest > 25*time.Millisecond {
		t.Errorf("got %v of work in a hold that slept 50 ms", got.Longest)
	}
}

func TestAHoldThatChangesItsThreadIsNotMeasured(t *testing.T) {
	var m hold.Mutex
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	m.Lock()
	done := make(chan any)
	go func() {
		defer func() { done <- recover() }()
		m.Unlock()
	}()
	if <-done == nil {
		t.Error("got no panic from an Unlock on another thread")
	}
}

type rLocker struct{ rw *hold.RWMutex }

func (l rLocker) Lock()   { l.rw.RLock() }
func (l rLocker) Unlock() { l.rw.RUnlock() }
