package main

import (
	"errors"
	"os"
	"time"

	"github.com/sojourn-go/session/bench/alone"
	"github.com/sojourn-go/session/bench/measure"
	"github.com/sojourn-go/session/bench/peers"
	"github.com/sojourn-go/session/bench/redis"
	"github.com/sojourn-go/session/bench/report"
	"github.com/sojourn-go/session/bench/sql"
	"github.com/sojourn-go/session/bench/trips"
	"github.com/sojourn-go/session/bench/wire"
)

// An effort says how long to measure.
type effort struct {
	requestPasses, wirePasses, alonePasses int
	block                                  time.Duration
	wireRequests                           int
	sizes                                  string // of stores
	redis                                  redis.Options
	sql                                    sql.Options
	sqlScale                               sql.ScaleOptions
}

var (
	thorough = effort{
		requestPasses: 40, wirePasses: 40, alonePasses: 40,
		block: 20 * time.Millisecond, wireRequests: 4000, sizes: "1000000,5000000",
		redis: redis.Options{
			Sessions: 20_000, Levels: []int{1, 16, 128, 512}, Rounds: 5, Block: 400 * time.Millisecond,
			Cached: 100_000, Stored: 1_000_000, Log: logf,
		},
		sql: sql.Options{
			Sessions: 20_000, Levels: []int{1, sql.Demanded}, Rounds: 7, Block: 400 * time.Millisecond,
			RealDisk: true, Log: logf,
		},
		sqlScale: sql.ScaleOptions{
			Sessions: 1_000_000, Visitors: 8, Undisturbed: 3 * time.Second, Calls: 5000, Log: logf,
		},
	}
	quick = effort{
		requestPasses: 3, wirePasses: 3, alonePasses: 3,
		block: 3 * time.Millisecond, wireRequests: 1000, sizes: "20000",
		redis: redis.Options{
			Sessions: 1000, Levels: []int{16, 128}, Rounds: 1, Block: 40 * time.Millisecond,
			Cached: 10_000, Stored: 20_000, Log: logf,
		},
		sql:      sql.Options{Sessions: 500, Levels: []int{1, sql.Demanded}, Rounds: 1, Block: 40 * time.Millisecond, Log: logf},
		sqlScale: sql.ScaleOptions{Sessions: 10_000, Visitors: 8, Undisturbed: 200 * time.Millisecond, Calls: 200, Log: logf},
	}
)

func requests(d *report.Data, e effort) (err error) {
	var cases []measure.Case
	for _, w := range peers.Workloads() {
		for _, s := range peers.Subjects() {
			cases = append(cases, measure.Case{Group: w.Letter, Name: s.Name, Start: func() (func() error, error) {
				visit, err := peers.Start(s, w)
				if errors.Is(err, peers.ErrNone) {
					err = measure.ErrSkip
				}
				return visit, err
			}})
		}
	}
	d.Requests, err = measure.Run(cases, measure.Options{Passes: e.requestPasses, Block: e.block, Most: 50_000, Log: logf})
	return err
}

func overWire(d *report.Data, e effort) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	d.Wire, err = wire.Run(wire.Options{Command: []string{self, "serve"}, Passes: e.wirePasses, Requests: e.wireRequests, Log: logf})
	return err
}

func alones(d *report.Data, e effort) error {
	sealing, err := alone.Sealing()
	if err != nil {
		return err
	}
	records, err := alone.Records()
	if err != nil {
		return err
	}
	if d.Texts, err = alone.Lengths(); err != nil {
		return err
	}
	d.Alone, err = measure.Run(append(sealing, records...), measure.Options{Passes: e.alonePasses, Block: e.block, Most: 5_000_000, Log: logf})
	return err
}

func roundTrips(d *report.Data, _ effort) (err error) {
	if d.Trips, err = trips.Count(); err != nil {
		return err
	}
	d.Touches, err = trips.Touches(time.Second)
	return err
}

func overRedis(d *report.Data, e effort) (err error) {
	d.Redis, err = redis.Measure(e.redis)
	return err
}

func overSQL(d *report.Data, e effort) (err error) {
	d.SQL, err = sql.Measure(e.sql)
	return err
}

func sqlScale(d *report.Data, e effort) (err error) {
	d.SQLScale, err = sql.MeasureScale(e.sqlScale)
	return err
}
