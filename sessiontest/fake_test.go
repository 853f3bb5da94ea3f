package sessiontest_test

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/sojourn-go/session"
)

var (
	visits = session.NewKey[int]("visits")
	theme  = session.NewKey[string]("theme")
)

// A fakeTB is a test whose failures are looked at instead of reported.
type fakeTB struct {
	testing.TB
	failures []string
	stopped  bool // by Fatal
	cleanups []func()
}

func (f *fakeTB) Helper()           {}
func (f *fakeTB) Output() io.Writer { return io.Discard }
func (f *fakeTB) Cleanup(fn func()) { f.cleanups = append(f.cleanups, fn) }
func (f *fakeTB) Errorf(format string, args ...any) {
	f.failures = append(f.failures, fmt.Sprintf(format, args...))
}

func (f *fakeTB) Fatalf(format string, args ...any) {
	f.Errorf(format, args...)
	f.stopped = true
	runtime.Goexit()
}

func (f *fakeTB) Fatal(args ...any) { f.Fatalf("%s", fmt.Sprint(args...)) }

// run runs a test with a fake TB to its end, cleanups included.
func run(t *testing.T, test func(tb testing.TB)) *fakeTB {
	f := &fakeTB{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			for _, fn := range slices.Backward(f.cleanups) {
				fn()
			}
		}()
		test(f)
	}()
	<-done
	return f
}

func (f *fakeTB) wantFailure(t *testing.T, stopped bool, parts ...string) {
	t.Helper()
	if len(f.failures) != 1 || f.stopped != stopped {
		t.Fatalf("failures %q, stopped %v; want one failure, stopped %v", f.failures, f.stopped, stopped)
	}
	for _, part := range parts {
		if !strings.Contains(f.failures[0], part) {
			t.Errorf("the failure is %q, and says nothing of %q", f.failures[0], part)
		}
	}
}

func (f *fakeTB) wantNone(t *testing.T) {
	t.Helper()
	if len(f.failures) > 0 {
		t.Errorf("failures %q, want none", f.failures)
	}
}
