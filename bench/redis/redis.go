// Package redis measures sessions that are kept in a Redis server: what they
// ask of it, the processor time that they take on both sides of the
// connection, how long a request waits, and the memory of many. The servers are
// real ones, started for the measurement and stopped after it.
package redis

import (
	"errors"
	"fmt"
	"time"

	"github.com/sojourn-go/session/bench/crowd"
)

// Options say how much to measure.
type Options struct {
	Sessions int           // of each subject, visited at random
	Levels   []int         // how many goroutines make requests at once
	Rounds   int           // how often all is measured
	Block    time.Duration // how long one subject is, in a round

	Cached int // sessions in a client's memory, whose heap is looked at
	Stored int // sessions in a server, whose memory is looked at

	Log func(format string, args ...any)
}

// Demanded is the level at which P11 and P12 are demanded.
const Demanded = 128

// Figures are all that was found.
type Figures struct {
	Trips  []Trip      // P10
	Cells  crowd.Cells // P11, and the mixture of P12
	Cached []Cached    // P12
	Stored []Stored

	// Stale counts the reads of the mixture that did not find a write which
	// the same process had finished before them.
	Stale int64
	Reads int64 // how many were looked at for that

	Sessions int // that were visited
	Blocks   string
	Server   string // its version
}

// Measure measures everything.
func Measure(o Options) (f Figures, err error) {
	f.Sessions = o.Sessions
	f.Blocks = fmt.Sprintf("%d rounds, %v each time", o.Rounds, o.Block)
	steps := []struct {
		name string
		do   func(Options, *Figures) error
	}{
		{"commands", func(_ Options, f *Figures) (err error) { f.Trips, err = CountTrips(); return err }},
		{"requests", measureLoad},
		{"a client's cache", measureCached},
		{"a server's memory", measureStored},
	}
	var errs []error
	for _, s := range steps {
		start := time.Now()
		if err := s.do(o, &f); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", s.name, err))
		}
		o.log("%s: %.1f s", s.name, time.Since(start).Seconds())
	}
	return f, errors.Join(errs...)
}

func (o Options) log(format string, args ...any) {
	if o.Log != nil {
		o.Log("redis: "+format, args...)
	}
}
