package main

import (
	"strings"
	"testing"
)

// feed gives the events to a log and returns what it printed and its verdict.
func feed(t *testing.T, ci bool, lines ...string) (string, bool) {
	t.Helper()
	var out strings.Builder
	l := &log{out: &out, output: make(map[string][]string)}
	if err := l.read(strings.NewReader(strings.Join(lines, "\n") + "\n")); err != nil {
		t.Fatal(err)
	}
	ok := l.close(ci)
	return out.String(), ok
}

const (
	passed  = `{"Action":"pass","Package":"p","Test":"TestA"}`
	closed  = `{"Action":"output","Package":"p","Output":"ok  \tp\t0.5s\n"}`
	said    = `{"Action":"output","Package":"p","Test":"TestB","Output":"    b_test.go:9: no server\n"}`
	unasked = `{"Action":"output","Package":"p","Test":"TestB","Output":"    b_test.go:9: not run: a later version\n"}`
	skipped = `{"Action":"skip","Package":"p","Test":"TestB"}`
)

func TestTheClosingLineOfAPackageIsPrinted(t *testing.T) {
	out, ok := feed(t, true, passed, closed)
	if !ok || !strings.HasPrefix(out, "ok  \tp\t0.5s\n") {
		t.Errorf("got %v and %q", ok, out)
	}
}

func TestASkippedTestFailsInCIAndNowhereElse(t *testing.T) {
	for _, ci := range []bool{true, false} {
		out, ok := feed(t, ci, passed, said, skipped, closed)
		if ok == ci {
			t.Errorf("CI=%v: got %v", ci, ok)
		}
		if !strings.Contains(out, "skipped: p TestB\n    b_test.go:9: no server\n") {
			t.Errorf("CI=%v: the reason is missing from %q", ci, out)
		}
	}
}

func TestATestThatSaysNotRunIsListedAndPasses(t *testing.T) {
	out, ok := feed(t, true, passed, unasked, skipped, closed)
	if !ok || !strings.Contains(out, "not run: p TestB\n") {
		t.Errorf("got %v and %q", ok, out)
	}
}

func TestARunWithoutATestFails(t *testing.T) {
	if out, ok := feed(t, false, closed); ok {
		t.Errorf("passed with %q", out)
	}
}

func TestAFailureTellsAllThatWasSaid(t *testing.T) {
	out, ok := feed(t, false, passed, said,
		`{"Action":"output","Package":"p","Output":"panic: boom\n"}`,
		`{"Action":"output","Package":"p","Output":"FAIL\tp\t0.5s\n"}`,
		`{"Action":"fail","Package":"p"}`)
	if ok || !strings.Contains(out, "panic: boom") || !strings.Contains(out, "no server") {
		t.Errorf("got %v and %q", ok, out)
	}
}

func TestWhatIsNoEventIsPassedOn(t *testing.T) {
	out, ok := feed(t, false, "go: no such pattern", passed)
	if !ok || !strings.Contains(out, "go: no such pattern\n") {
		t.Errorf("got %v and %q", ok, out)
	}
}

func TestABuildFailureIsAFailure(t *testing.T) {
	out, ok := feed(t, false, passed,
		`{"ImportPath":"p [p.test]","Action":"build-output","Output":"./a.go:1:1: oops\n"}`,
		`{"ImportPath":"p [p.test]","Action":"build-fail"}`)
	if ok || !strings.Contains(out, "oops") {
		t.Errorf("got %v and %q", ok, out)
	}
}
