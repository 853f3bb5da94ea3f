package crowd

import (
	"math"
	"runtime"
	"sync/atomic"
	"testing"
	"time"
)

// A Freezer is a server that can be halted, and go on.
type Freezer interface {
	Freeze() error
	Thaw() error
}

// Freeze halts a server under a crowd for a while. Answers come nevertheless,
// and soon after it goes on all is well.
func Freeze(t *testing.T, s Freezer, c *Crowd, d time.Duration) {
	t.Helper()
	c.Expect(Troubled)
	must(t, s.Freeze())
	c.Expect(Rule{Reads: Either, Writes: Either, Most: Timeout + time.Second})
	before := c.Refusals(Verbs...)
	<-time.After(d)
	c.Expect(Troubled)
	if c.Refusals(Verbs...) < before+len(c.tabs) {
		t.Error("few noticed that the server stood still")
	}
	must(t, s.Thaw())
	t.Logf("all was well %v after SIGCONT", c.Recovers(3*time.Second))
}

// Watch notes the greatest number of goroutines that were there for a while,
// until the test is over. Each timer that fires is one for a moment.
func Watch(t *testing.T) *atomic.Int64 {
	var peak atomic.Int64
	done, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			stayed := math.MaxInt
			for range 10 {
				select {
				case <-done:
					return
				case <-tick.C:
				}
				stayed = min(stayed, runtime.NumGoroutine()-1) // without this one
			}
			peak.Store(max(peak.Load(), int64(stayed)))
		}
	}()
	t.Cleanup(func() { close(done); <-over })
	return &peak
}
