// Package sql measures sessions that are kept in a database: PostgreSQL,
// MariaDB, SQLite and bbolt. It finds the processor time that a request takes on
// both sides of the connection, how long it waits, how often it goes to and fro,
// and what becomes of a million sessions. The servers are real ones, started for
// the measurement and stopped after it, and everything is synced to disk as it
// is in production.
package sql

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/sojourn-go/session/bench/crowd"
	"github.com/sojourn-go/session/bench/measure"
)

// Options say how much to measure.
type Options struct {
	Engines  []string      // those to measure; none: all
	Sessions int           // of each subject, visited at random
	Levels   []int         // how many goroutines make requests at once
	Rounds   int           // how often all is measured
	Block    time.Duration // how long one subject is, in a round
	RealDisk bool          // where files are kept in memory, fail

	Log func(format string, args ...any)
}

// Demanded is the level at which P13 and P14 are demanded.
const Demanded = 128

// pool is how many connections each subject has to a server.
const pool = 16

// Figures are all that was found of requests.
type Figures struct {
	Trips []Trip
	Cells crowd.Cells // P13, P14

	Sessions int // that were visited
	Record   int // bytes of one of ours
	Blocks   string
	Disk     string            // the file system
	Sync     float64           // ns to overwrite 4 KB there, and to sync them
	Versions map[string]string // of the engines
}

// Measure measures requests.
func Measure(o Options) (f Figures, err error) {
	f.Sessions = o.Sessions
	f.Blocks = fmt.Sprintf("%d rounds, %v each time", o.Rounds, o.Block)
	f.Versions = map[string]string{}
	if f.Disk, err = fileSystem(os.TempDir()); err != nil {
		return f, err
	}
	if o.RealDisk && f.Disk == inMemory {
		return f, errors.New("the folder for temporary files is in memory: set TMPDIR to one on a disk")
	}
	if f.Sync, err = syncTime(); err != nil {
		return f, err
	}
	start := time.Now()
	if f.Trips, err = CountTrips(o); err != nil {
		return f, fmt.Errorf("round trips: %w", err)
	}
	o.log("round trips: %.1f s", time.Since(start).Seconds())
	var errs []error
	for _, e := range o.engines() {
		start := time.Now()
		if err := f.measure(o, e); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", e.name, err))
		}
		o.log("%s: %.1f s", e.name, time.Since(start).Seconds())
	}
	return f, errors.Join(errs...)
}

// syncTime returns how long it takes to overwrite a page in the middle of a file
// and to sync it, as a median. Nothing that is durable can be faster.
func syncTime() (float64, error) {
	const page, pages, times = 4096, 1000, 300
	file, err := os.CreateTemp("", "sojourn-bench-")
	if err != nil {
		return 0, err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	if _, err := file.Write(make([]byte, page*pages)); err != nil {
		return 0, err
	}
	var h measure.Histogram
	for i := range times {
		start := time.Now()
		_, err := file.WriteAt(make([]byte, page), int64(i*7%pages)*page)
		if err = errors.Join(err, file.Sync()); err != nil {
			return 0, err
		}
		h.Add(time.Since(start))
	}
	return h.Quantile(0.5), nil
}

func (o Options) log(format string, args ...any) {
	if o.Log != nil {
		o.Log("sql: "+format, args...)
	}
}
