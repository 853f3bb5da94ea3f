package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/sojourn-go/session/bench/alone"
	"github.com/sojourn-go/session/bench/measure"
	"github.com/sojourn-go/session/bench/peers"
	"github.com/sojourn-go/session/bench/wire"
)

// page collects lines of Markdown.
type page struct{ strings.Builder }

func (p *page) add(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

func (p *page) row(cells ...string) { p.add("| %s |", strings.Join(cells, " | ")) }

func (p *page) head(cells ...string) {
	p.row(cells...)
	p.add("|%s", strings.Repeat("---|", len(cells)))
}

// Markdown writes the whole page; notes are added as they are.
func (d *Data) Markdown(w io.Writer, notes string) error {
	p := &page{}
	d.intro(p)
	d.older(p)
	d.verdicts(p)
	if notes = strings.TrimSpace(notes); notes != "" {
		p.add("\n%s", notes)
	}
	d.requests(p)
	d.onWire(p)
	d.parts(p)
	d.stores(p)
	d.redis(p)
	d.sql(p)
	d.sqlScale(p)
	d.subjects(p)
	_, err := io.WriteString(w, p.String())
	return err
}

func (d *Data) intro(p *page) {
	p.add(`# What it costs

Written by %[1]s%[2]s%[1]s on %[3]s; nothing here is edited by hand but the sections from notes.md: what is missed, and what could not be had.

- %[4]s, %[5]d cores, %[6]s, %[7]s, %[8]s
- GOMAXPROCS=1, except with Redis and databases; CPU time, not the clock; a recorder that allocates nothing; the handler answers two bytes
- each subject's answers are checked, in every request that is measured
- in every pass each workload is taken through all subjects in turn, each with a new store; what is compared are the ratios
  of one pass: given are their median and, in brackets, the quartiles. Ratios are what may be quoted; nanoseconds are of this machine
- allocations are exact

![Time of a request, through the whole middleware](results.svg)`,
		"`", d.Command, d.Date, d.Machine.CPU, d.Machine.Cores, d.Machine.Memory, d.Machine.System, d.Go)
}

// older tells of parts that were measured on another day.
func (d *Data) older(p *page) {
	for _, part := range slices.Sorted(maps.Keys(d.Measured)) {
		if day := d.Measured[part]; day != d.Date {
			p.add("\nThe part %q was measured on %s.", part, day)
		}
	}
}

// Verdicts writes what was demanded and what was reached, and nothing else.
func (d *Data) Verdicts(w io.Writer) error {
	p := &page{}
	d.verdicts(p)
	_, err := io.WriteString(w, p.String())
	return err
}

func (d *Data) verdicts(p *page) {
	lines := d.Lines()
	count := map[Verdict]int{}
	for _, l := range lines {
		count[l.Verdict]++
	}
	p.add("\n## What was demanded, and what was reached\n")
	p.add("Demands that are met: %d, %d of them beyond what we hoped for. Missed: %d. Not measured: %d.\n",
		count[Met]+count[Moonshot], count[Moonshot], count[Missed], count[Unknown])
	p.head("", "what", "demand", "hope", "reached", "")
	for _, l := range lines {
		p.row(l.ID, l.What, l.Demand, l.Moonshot, l.Reached, string(l.Verdict))
	}
	p.add("\n\"scs\" in this table is scs with an idle time-out, and \"gorilla\" its CookieStore with encryption.\n" +
		"On Redis, scs is the better of its two stores, read and written without an idle time-out, and what is beside it is 128 requests at once.\n" +
		"On PostgreSQL, scs is its pgxstore, and ours goes over pgx as well, through database/sql.\n" +
		"On bbolt it is the two stores alone, without middleware; each acknowledged commit is synced.")
}

// requests prints time, allocations and, small, nanoseconds of every workload.
func (d *Data) requests(p *page) {
	all := peers.Workloads()
	p.add("\n## A request through the whole middleware\n")
	for _, w := range all {
		p.add("- %s: %s", w.Letter, w.Title)
	}
	p.add("\nTime, as a multiple of ours in memory:\n")
	d.grid(p, all, func(r measure.Result, group string) string {
		ratio, _ := over(d.Requests, group, r.Name, group, peers.Memory)
		if ratio == (measure.Ratio{}) {
			return "–"
		}
		return fmt.Sprintf("%.3gx", ratio.Median)
	})
	p.add("\nAllocations, and their bytes:\n")
	d.grid(p, all, func(r measure.Result, _ string) string { return fmt.Sprintf("%.0f, %.0f B", r.Allocs, r.Bytes) })
	p.add("\n<details><summary>Nanoseconds, which mean nothing on another machine</summary>\n")
	d.grid(p, all, func(r measure.Result, _ string) string { return fmt.Sprintf("%.0f", r.Median()) })
	p.add("\n</details>")
}

// grid prints a table of subjects by workloads.
func (d *Data) grid(p *page, all []peers.Workload, cell func(r measure.Result, group string) string) {
	head := []string{""}
	for _, w := range all {
		head = append(head, w.Letter)
	}
	p.head(head...)
	for _, s := range peers.Subjects() {
		row := []string{s.Name}
		for _, w := range all {
			text := ""
			if r, ok := measure.Find(d.Requests, w.Letter, s.Name); ok {
				text = cell(r, w.Letter)
			}
			row = append(row, text)
		}
		p.row(row...)
	}
}

func (d *Data) onWire(p *page) {
	if len(d.Wire) == 0 {
		return
	}
	p.add("\n## Over net/http on loopback\n")
	p.add("CPU time that a server spends on a request, on top of that of a bare one which is sent the same bytes: user code and\n" +
		"kernel. The requests have the headers of a browser, and come over eight connections that stay open.\n")
	p.head(append([]string{""}, wire.Workloads...)...)
	for _, name := range wire.Subjects[1:] {
		row := []string{name}
		for _, w := range wire.Workloads {
			r, _ := d.added(w, name)
			row = append(row, fmt.Sprintf("%+.1f %% (%.1f to %.1f)", r.Median, r.Low, r.High))
		}
		p.row(row...)
	}
}

func (d *Data) parts(p *page) {
	if len(d.Alone) == 0 {
		return
	}
	p.add("\n## Sealing and the record, alone\n")
	p.add("200 bytes become %d characters of our text, %d of gorilla's with gob (the same values in a map) and %d with raw bytes.\n"+
		"The record is of integers, times, lists, texts, booleans and structs in turn; an integer is read, or written.\n",
		d.Texts.Own, d.Texts.SecureGob, d.Texts.SecureRaw)
	p.head("what", "by", "time, over ours", "allocations", "bytes")
	for _, r := range d.Alone {
		ratio, _ := over(d.Alone, r.Group, r.Name, r.Group, alone.Own)
		p.row(r.Group, r.Name, fmt.Sprintf("%.3gx", ratio.Median), fmt.Sprintf("%.0f", r.Allocs), fmt.Sprintf("%.0f", r.Bytes))
	}
}

// versions returns the modules, those of others with their versions.
func (d *Data) versions(modules []string) (all []string) {
	for _, m := range modules {
		all = append(all, strings.TrimSuffix(m+" "+d.Modules[m], " v0.0.0"))
	}
	return all
}

func (d *Data) subjects(p *page) {
	p.add("\n## The subjects\n")
	p.head("name", "what", "modules")
	for _, s := range peers.Subjects() {
		p.row(s.Name, s.Title, strings.Join(d.versions(s.Modules), ", "))
	}
	var others []string
	for _, m := range []string{"github.com/vmihailenco/msgpack/v5", "github.com/fxamacker/cbor/v2"} {
		others = append(others, m+" "+d.Modules[m])
	}
	slices.Sort(others)
	p.add("\nBeside them: %s.", strings.Join(others, ", "))
	p.add(`
An empty cell is an operation that the library does not have: only scs and fiber change a token, and only we have a lossless
update and a user's list of sessions. gin-contrib's cookie store cannot hold 30 values; nor can gorilla's, whose limit is
raised here so that it can be timed. Fiber stands on fasthttp and is called by its own handler. gin-contrib's memstore
never forgets anything.`)
}
