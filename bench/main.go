// Command bench measures what sessions cost, here and elsewhere, and writes
// RESULTS.md, results.svg and results/. It is run by scripts/bench; by hand:
//
//	go run . -short                      a quick look, which writes nothing
//	go run . -short -only requests,wire  and at two parts of it only
//	go run . -only wire                  that part again; the others stay as they were
//	go run . -render                     RESULTS.md again, after a change of notes.md
//
// Single workloads are benchmarks: go test ./peers -bench Request.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/sojourn-go/session/bench/report"
	"github.com/sojourn-go/session/bench/wire"
)

// The parts of a run, in order.
var parts = []string{"requests", "wire", "alone", "trips", "scale", "redis", "sql", "sqlscale"}

// What a run writes.
const (
	resultsPage = "RESULTS.md"
	resultsSVG  = "results.svg"
	resultsData = "results/data.json"
	notesPage   = "notes.md"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	if len(args) == 2 && args[0] == "serve" { // a server of package wire
		return wire.Serve(args[1], os.Stdin, os.Stdout)
	}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	short := f.Bool("short", false, "take little time, and write to standard output alone")
	only := f.String("only", strings.Join(parts, ","), "the parts to measure")
	command := f.String("command", "bench", "the command to name in the results")
	render := f.Bool("render", false, "measure nothing: write the page from results/data.json")
	if err := f.Parse(args); err != nil {
		return err
	}
	if *render {
		d, err := load()
		if err != nil {
			return err
		}
		return errors.Join(write(d), d.Verdicts(out))
	}
	wanted := strings.Split(*only, ",")
	for _, p := range wanted {
		if !slices.Contains(parts, p) {
			return fmt.Errorf("there is no part %q, only %s", p, strings.Join(parts, ", "))
		}
	}
	if *short {
		d := report.Here(*command)
		err := collect(&d, quick, wanted)
		return errors.Join(err, d.Markdown(out, ""))
	}
	d := begin(*command, len(wanted) < len(parts))
	err := collect(d, thorough, wanted)
	return errors.Join(err, write(d), d.Verdicts(out))
}

// begin returns new data, or what an earlier run on this machine found, if
// only some of its parts are to be measured again.
func begin(command string, again bool) *report.Data {
	d := report.Here(command)
	if old, err := load(); again && err == nil && old.Machine == d.Machine && old.Go == d.Go {
		old.Date, old.Modules = d.Date, d.Modules
		return old
	}
	return &d
}

// collect measures the parts that are wanted. One that fails leaves the others
// their figures: they took minutes.
func collect(d *report.Data, e effort, wanted []string) error {
	steps := map[string]func(*report.Data, effort) error{
		"requests": requests, "wire": overWire, "alone": alones, "trips": roundTrips, "scale": scale, "redis": overRedis,
		"sql": overSQL, "sqlscale": sqlScale,
	}
	var errs []error
	for _, p := range parts {
		if !slices.Contains(wanted, p) {
			continue
		}
		start := time.Now()
		if err := steps[p](d, e); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", p, err))
			continue
		}
		d.Measured[p] = d.Date
		logf("%s: %.0f s", p, time.Since(start).Seconds())
	}
	return errors.Join(errs...)
}

func logf(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

// scale asks the command of that name, which wants a heap of its own.
func scale(d *report.Data, e effort) error {
	cmd := exec.Command("go", "run", "./scale", "-json", "-sizes", e.sizes)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return err
	}
	return json.Unmarshal(out, &d.Scale)
}
