// Command scale measures store/memstore beside the memory store of scs at
// millions of sessions: heap, garbage collection, Load, sweeps, and how long
// locks are held.
//
// Run it in the module's directory:
//
//	go run ./scale
//	go run ./scale -sizes 10000 -json
//
// Each store of each size has two processes of its own, so that heaps do not
// mix: one for the costs, with the stores as they are, and one for the holds,
// with mutexes that tell how long they were held (package hold). Their
// binaries are built from edited copies of the sources, and no source has to
// have a hook for it. The processes run one after the other; the largest, scs
// with 5 million sessions, takes some 2 GB.
//
// What -json prints is a Report; result.go says what the fields mean.
//
// # What the figures include
//
// CPU times of a process include what else it does, such as the background
// work of the collector. Collections and Load are measured upon one processor:
// upon two, the collector's workers wait for each other in loops, and a busy
// machine makes that the better part of the figure. CPU times of holds include what the collector asks of
// the holding thread, the system's work to provide fresh pages, and interrupts
// that meet it: the operation "empty" shows how much the latter is.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "scale:", err)
		os.Exit(1)
	}
}

func run(args []string, out, progress io.Writer) error {
	flags := flag.NewFlagSet("scale", flag.ContinueOnError)
	sizes := flags.String("sizes", "1000000,5000000", "how many `sessions`, several with commas")
	asJSON := flags.Bool("json", false, "print one JSON object")
	child := flags.String("child", "", "what a child process has to measure: `cost or holds,store,sessions`")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *child != "" {
		return measure(*child, out)
	}
	report, err := measureAll(*sizes, progress)
	if err != nil {
		return err
	}
	if *asJSON {
		return json.NewEncoder(out).Encode(report)
	}
	return report.print(out)
}

// measure is what a child process does.
func measure(task string, out io.Writer) error {
	what, rest, _ := strings.Cut(task, ",")
	name, size, _ := strings.Cut(rest, ",")
	n, err := strconv.Atoi(size)
	if err != nil {
		return err
	}
	measurement := measureCost
	if what == "holds" {
		measurement = measureHolds
	}
	f, err := measurement(name, n)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(f)
}

func measureAll(sizes string, progress io.Writer) (Report, error) {
	r := Report{Go: runtime.Version(), DataLen: dataLen}
	dir, err := os.MkdirTemp("", "scale")
	if err != nil {
		return r, err
	}
	defer os.RemoveAll(dir)
	b, err := newBuilder(dir)
	if err != nil {
		return r, err
	}
	plain, errPlain := b.build(false)
	timed, errTimed := b.build(true)
	if errPlain != nil || errTimed != nil {
		return r, fmt.Errorf("build: %w; %w", errPlain, errTimed)
	}
	for size := range strings.SplitSeq(sizes, ",") {
		n, err := strconv.Atoi(size)
		if err != nil || n < leastSessions {
			return r, fmt.Errorf("-sizes %s: want numbers from %d on", sizes, leastSessions)
		}
		for _, name := range subjects {
			f, err := measureOne(plain, timed, name, n, progress)
			if err != nil {
				return r, err
			}
			r.Stores = append(r.Stores, f)
		}
	}
	r.Verdicts = judge(r.Stores)
	return r, nil
}

// leastSessions are enough for each kind of session to be there.
const leastSessions = 1000

func measureOne(plain, timed, name string, n int, progress io.Writer) (Figures, error) {
	var f, holds Figures
	fmt.Fprintf(progress, "%s, %d sessions: costs\n", name, n)
	if err := runChild(&f, plain, "cost", name, n); err != nil {
		return f, err
	}
	fmt.Fprintf(progress, "%s, %d sessions: holds\n", name, n)
	err := runChild(&holds, timed, "holds", name, n)
	f.Holds = holds.Holds
	return f, err
}

func runChild(f *Figures, binary, what, name string, n int) error {
	task := fmt.Sprintf("%s,%s,%d", what, name, n)
	cmd := exec.Command(binary, "-child", task)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%s: %w", task, err)
	}
	return json.Unmarshal(out, f)
}
