package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sojourn-go/session/bench/crowd"
	"github.com/sojourn-go/session/bench/sql"
)

// sql prints what became of sessions in databases.
func (d *Data) sql(p *page) {
	if len(d.SQL.Cells) == 0 {
		return
	}
	p.add("\n## Sessions in PostgreSQL, MariaDB, SQLite and bbolt\n")
	p.add(`The whole middleware on PostgreSQL %s, MariaDB %s, SQLite %s and bbolt, on %s, where 4 KB are overwritten and synced in %s. Each acknowledged write is synced to
disk, on both sides and in every row but those that say UNLOGGED. The servers were started for this measurement. Clients and servers
share %d cores, and CPU time is that of both together: of this process by getrusage, of the server by the kernel's count for it and all its
processes. %d sessions of each subject with four values, of which one is a text (of ours a record of %d B), are visited at random, by so many
goroutines without a pause that the time of a request is mostly waiting for a turn. Each subject has 16 connections to a server. Subjects of
a database take turns: %s. Given are medians of rounds. Each answer is checked.`,
		d.SQL.Versions[sql.PostgreSQL], d.SQL.Versions[sql.MariaDB], d.SQL.Versions[sql.SQLite], d.SQL.Disk, clock(d.SQL.Sync),
		d.Machine.Cores, d.SQL.Sessions, d.SQL.Record, d.SQL.Blocks)
	p.add("")
	for _, w := range sql.Workloads() {
		p.add("- %s: %s", w.Name, w.Title)
	}
	p.add("\nCPU time of client and server for a request, as a multiple of ours in the first row, and requests a second, as a multiple of it, too:")
	d.sqlGrid(p, d.sqlRatios)
	p.add("\n<details><summary>Requests a second · p50 / p99 · CPU of client + server · allocations, on this machine</summary>")
	d.sqlGrid(p, func(c crowd.Cell, _ string) string { return inFull(c) })
	p.add("\n</details>")
	d.sqlRoundTrips(p)
	p.add("")
	p.head("name", "what", "modules")
	for _, s := range sql.Subjects() {
		p.row(s.Name, s.Title, strings.Join(d.versions(s.Modules), ", "))
	}
}

// sqlGrid prints a table for each engine.
func (d *Data) sqlGrid(p *page, cell func(c crowd.Cell, engine string) string) {
	for _, engine := range sql.Engines() {
		head, keys := []string{engine}, []crowd.Cell{}
		for _, w := range sql.Workloads() {
			for _, level := range d.sqlLevels(engine, w.Name) {
				head = append(head, fmt.Sprintf("%s, %d at once", w.Name, level))
				keys = append(keys, crowd.Cell{Workload: w.Name, Level: level})
			}
		}
		if len(keys) == 0 {
			continue
		}
		p.add("")
		p.head(head...)
		for _, s := range sql.Subjects() {
			row, any := []string{s.Name}, false
			for _, key := range keys {
				text := ""
				if c, ok := d.SQL.Cells.Find(key.Workload, s.Name, key.Level); ok && s.Engine == engine {
					text, any = cell(c, engine), true
				}
				row = append(row, text)
			}
			if any {
				p.row(row...)
			}
		}
	}
}

// sqlLevels returns the levels at which ours was measured.
func (d *Data) sqlLevels(engine, workload string) (levels []int) {
	for _, c := range d.SQL.Cells {
		if c.Workload == workload && c.Subject == sql.Own(engine) {
			levels = append(levels, c.Level)
		}
	}
	slices.Sort(levels)
	return levels
}

func (d *Data) sqlRatios(c crowd.Cell, engine string) string {
	ours, ok := d.SQL.Cells.Find(c.Workload, sql.Own(engine), c.Level)
	if !ok {
		return "–"
	}
	cpu := c.Result(crowd.CPU).Over(ours.Result(crowd.CPU)).Median
	rate := ours.Result(crowd.Each).Over(c.Result(crowd.Each)).Median
	return fmt.Sprintf("%.2gx CPU, %.2gx rate", cpu, rate)
}

// inFull prints all figures of a cell.
func inFull(c crowd.Cell) string {
	median := func(figure func(crowd.Block) float64) float64 { return c.Result(figure).Median() }
	return fmt.Sprintf("%.1fk · %.3g / %.3g ms · %.1f + %.1f µs · %.0f",
		median(func(b crowd.Block) float64 { return b.Rate })/1e3,
		median(func(b crowd.Block) float64 { return b.P50 })/1e6,
		median(crowd.P99)/1e6,
		median(func(b crowd.Block) float64 { return b.Client })/1e3,
		median(func(b crowd.Block) float64 { return b.Server })/1e3,
		median(func(b crowd.Block) float64 { return b.Allocs }))
}

func (d *Data) sqlRoundTrips(p *page) {
	if len(d.SQL.Trips) == 0 {
		return
	}
	p.add("\nHow often a request, or a call of our store, waits for the server (\"touch\" is a request that has to move the end):\n")
	all := slices.Concat(sql.Requests, sql.Calls)
	p.head(append([]string{""}, all...)...)
	for _, s := range sql.Subjects() {
		row, any := []string{s.Name}, false
		for _, what := range all {
			text := ""
			if n, ok := d.sqlTrip(what, s.Name); ok {
				text, any = fmt.Sprint(n), true
			}
			row = append(row, text)
		}
		if any {
			p.row(row...)
		}
	}
}

// sqlScale prints what a million sessions do to a database.
func (d *Data) sqlScale(p *page) {
	if len(d.SQLScale.Stores) == 0 {
		return
	}
	s := d.SQLScale
	p.add("\n## Many sessions in a database\n")
	p.add(`Records of %d B; %s visitors read without a pause, one request in twenty writes. Then a tenth of all sessions has expired, and one Sweep removes
them while the visitors go on. Times are by the clock, with all on the same cores; those of Load and List are of one caller alone.`, s.Record, fmt.Sprint(s.Visitors))
	p.add("")
	p.head("", "sessions", "on disk, a session", "Load, p50 / p99", "List of an owner with 5, p50", "request, p50 / p99 / slowest", "... during Sweep", "Sweep")
	for _, st := range s.Stores {
		p.row(st.Engine, inMillions(st.Sessions), fmt.Sprintf("%.0f B", st.Disk),
			fmt.Sprintf("%s / %s", clock(st.Load.P50), clock(st.Load.P99)), clock(st.List.P50),
			waits(st.Before), waits(st.During),
			fmt.Sprintf("%d in %.1f s", st.Swept, st.Seconds))
	}
}

func waits(t sql.Times) string {
	return fmt.Sprintf("%s / %s / %s", clock(t.P50), clock(t.P99), clock(t.Slowest))
}

// clock is a time in ns, in words.
func clock(ns float64) string {
	if ns < 1e6 {
		return fmt.Sprintf("%.3g µs", ns/1e3)
	}
	return fmt.Sprintf("%.3g ms", ns/1e6)
}
