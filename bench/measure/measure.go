// Package measure times small things beside each other on a machine that does
// other work too. Every pass takes all cases of a group in turn, so what slows
// the machine down slows its neighbours down as well, and only ratios within a
// pass are compared. Allocations are counted exactly.
package measure

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"syscall"
	"time"
)

// A Case is one thing to be measured, in a group of those it is compared with.
type Case struct {
	Group, Name string

	// Start makes everything anew, and returns what is measured. If it
	// returns ErrSkip, there is nothing to measure.
	Start func() (func() error, error)
}

// ErrSkip says that a case does not exist.
var ErrSkip = errors.New("nothing to measure")

// Options say how long to measure.
type Options struct {
	Passes int
	Block  time.Duration // what one case takes in one pass, about
	Most   int           // runs in a block: a store to which each adds must not grow for ever
	Log    func(format string, args ...any)
}

// Run measures all cases. The groups are taken in turn in each pass, and the
// cases of a group start with another one each time.
func Run(cases []Case, o Options) ([]Result, error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var groups []string
	byGroup := map[string][]*running{}
	for _, c := range cases {
		if !slices.Contains(groups, c.Group) {
			groups = append(groups, c.Group)
		}
		byGroup[c.Group] = append(byGroup[c.Group], &running{start: c.Start, Result: Result{Group: c.Group, Name: c.Name}})
	}
	for pass := -1; pass < o.Passes; pass++ { // the first one finds out how often
		for _, g := range groups {
			all := byGroup[g]
			for i := range all {
				c := all[(i+max(pass, 0))%len(all)]
				if err := c.pass(pass, o); err != nil {
					return nil, fmt.Errorf("%s %s: %w", c.Group, c.Name, err)
				}
			}
		}
		if o.Log != nil && pass >= 0 {
			o.Log("pass %d of %d", pass+1, o.Passes)
		}
	}
	var results []Result
	for _, g := range groups {
		for _, c := range byGroup[g] {
			if !c.skip {
				results = append(results, c.Result)
			}
		}
	}
	return results, nil
}

// A running case knows how often it is run in a block.
type running struct {
	Result
	start func() (func() error, error)
	skip  bool
}

func (c *running) pass(pass int, o Options) error {
	if c.skip {
		return nil
	}
	do, err := c.start()
	if errors.Is(err, ErrSkip) {
		c.skip = true
		return nil
	}
	if err != nil {
		return err
	}
	if pass < 0 {
		return c.prepare(do, o)
	}
	if _, err := spend(do, c.Runs/10+1); err != nil {
		return err
	}
	runtime.GC()
	used, err := spend(do, c.Runs)
	c.NS = append(c.NS, float64(used.Nanoseconds())/float64(c.Runs))
	return err
}

// prepare counts allocations, and how many runs make a block.
func (c *running) prepare(do func() error, o Options) error {
	allocs, bytes, err := count(do)
	if err != nil {
		return err
	}
	c.Allocs, c.Bytes = allocs, bytes
	const few = 300
	used, err := spend(do, few)
	c.Runs = int(few * o.Block / max(used, time.Microsecond))
	c.Runs = min(max(c.Runs, 20), o.Most)
	return err
}

// spend runs do n times, and returns the CPU time this process spent on it.
func spend(do func() error, n int) (time.Duration, error) {
	start := CPU()
	for range n {
		if err := do(); err != nil {
			return 0, err
		}
	}
	return CPU() - start, nil
}

// count returns the allocations of one run, and their bytes. Collections would
// empty pools, so there are none meanwhile.
func count(do func() error) (allocs, bytes float64, err error) {
	const runs = 500
	if _, err := spend(do, 100); err != nil {
		return 0, 0, err
	}
	runtime.GC()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	allocs, bytes = 1<<30, 1<<30
	for range 3 { // other goroutines allocate, too: the least is ours
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := spend(do, runs); err != nil {
			return 0, 0, err
		}
		runtime.ReadMemStats(&after)
		allocs = min(allocs, float64(after.Mallocs-before.Mallocs)/runs)
		bytes = min(bytes, float64(after.TotalAlloc-before.TotalAlloc)/runs)
	}
	return allocs, bytes, nil
}

// CPU returns the CPU time that this process has used, in user code and in the
// kernel. Unlike the clock it stands still while others have the processor.
func CPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // only an unknown "who" fails
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
