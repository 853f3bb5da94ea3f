// Command testlog reads the stream of go test -json on its standard input and
// prints what a person wants of it: the closing line of each package, all that
// a failed test or package said, and every skipped test with its reason.
//
// A skipped test proves nothing, and nobody looks for it in a green run. So
// testlog exits 1 if a test was skipped while the environment says CI=true,
// unless its reason begins with "not run:": those are listed, and let pass.
// It exits 1 too if no test ran at all, or if any failed.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

// An event is one line of go test -json; see go doc test2json.
type event struct {
	Action  string
	Package string
	Test    string
	Output  string
}

// A log gathers the output of what is still running: what passes is dropped.
type log struct {
	out    io.Writer
	output map[string][]string // package + "\n" + test -> what it said; no test: the package itself

	ran     int
	failed  bool
	skipped []string
	notRun  []string
}

func main() {
	l := &log{out: os.Stdout, output: make(map[string][]string)}
	if err := l.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "testlog:", err)
		os.Exit(1)
	}
	if !l.close(os.Getenv("CI") == "true") {
		os.Exit(1)
	}
}

func (l *log) read(r io.Reader) error {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			l.line(line)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// line takes one line; what is not an event (the go command itself complains
// about a pattern, say) is passed on as it is.
func (l *log) line(line string) {
	var e event
	if json.Unmarshal([]byte(line), &e) != nil || e.Action == "" {
		fmt.Fprint(l.out, line)
		return
	}
	key := e.Package + "\n" + e.Test
	switch e.Action {
	case "build-output":
		fmt.Fprint(l.out, e.Output)
	case "build-fail":
		l.failed = true
	case "output":
		if e.Test == "" && closing(e.Output) {
			fmt.Fprint(l.out, e.Output)
			return
		}
		l.output[key] = append(l.output[key], e.Output)
	case "pass":
		if e.Test != "" {
			l.ran++
		}
		delete(l.output, key)
	case "fail":
		l.fail(e, key)
	case "skip":
		if e.Test != "" {
			l.skip(e, strings.Join(l.output[key], ""))
		}
		delete(l.output, key)
	}
}

// fail prints all that was said. A package that was ended from outside of a
// test (a panic, a data race after the last test, a timeout) leaves tests
// without a verdict: their output is printed with the package's.
func (l *log) fail(e event, key string) {
	l.failed = true
	if e.Test != "" {
		l.ran++
	}
	if e.Test == "" {
		for _, k := range slices.Sorted(maps.Keys(l.output)) {
			if k != key && strings.HasPrefix(k, key) {
				l.print(k)
			}
		}
	}
	l.print(key)
}

func (l *log) print(key string) {
	fmt.Fprint(l.out, strings.Join(l.output[key], ""))
	delete(l.output, key)
}

func (l *log) skip(e event, said string) {
	entry := e.Package + " " + e.Test + "\n" + indent(said)
	if strings.Contains(said, ": not run:") {
		l.notRun = append(l.notRun, entry)
		return
	}
	l.skipped = append(l.skipped, entry)
}

// close prints the summary and reports whether all is well.
func (l *log) close(ci bool) bool {
	for _, s := range l.notRun {
		fmt.Fprint(l.out, "not run: ", s)
	}
	for _, s := range l.skipped {
		fmt.Fprint(l.out, "skipped: ", s)
	}
	fmt.Fprintf(l.out, "%d tests ran, %d skipped, %d not run\n", l.ran, len(l.skipped), len(l.notRun))
	switch {
	case l.failed:
		return false
	case l.ran == 0:
		fmt.Fprintln(l.out, "testlog: no test ran")
		return false
	case ci && len(l.skipped) > 0:
		fmt.Fprintln(l.out, "testlog: here a skipped test is a failure (CI=true)")
		return false
	}
	return true
}

// closing reports whether the line is the last that go test says of a
// package that did not fail.
func closing(line string) bool {
	for _, prefix := range []string{"ok  \t", "?   \t"} {
		if strings.HasPrefix(line, prefix) {
			return true
		}
	}
	return strings.Contains(line, "[no test files]")
}

// indent keeps the lines that say why, and leaves out go test's own.
func indent(said string) string {
	var b strings.Builder
	for line := range strings.Lines(said) {
		text := strings.TrimSpace(line)
		if text == "" || strings.HasPrefix(text, "=== ") || strings.HasPrefix(text, "--- ") {
			continue
		}
		b.WriteString("    " + text + "\n")
	}
	return b.String()
}
