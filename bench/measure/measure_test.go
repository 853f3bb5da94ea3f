package measure_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sojourn-go/session/bench/measure"
)

var sink []byte

func allocate(bytes int) func() (func() error, error) {
	return func() (func() error, error) {
		return func() error { sink = make([]byte, bytes); return nil }, nil
	}
}

func TestAllocationsAreCountedExactly(t *testing.T) {
	cases := []measure.Case{
		{Group: "g", Name: "small", Start: allocate(64)},
		{Group: "g", Name: "none", Start: func() (func() error, error) { return nil, measure.ErrSkip }},
		{Group: "g", Name: "large", Start: allocate(8192)},
	}
	results, err := measure.Run(cases, measure.Options{Passes: 3, Block: time.Millisecond, Most: 10_000})
	if err != nil || len(results) != 2 {
		t.Fatalf("got %d results, error %v", len(results), err)
	}
	for i, bytes := range []float64{64, 8192} {
		r := results[i]
		if r.Allocs < 1 || r.Allocs > 1.1 || r.Bytes < bytes || r.Bytes > bytes*1.1 || len(r.NS) != 3 {
			t.Errorf("got %+v, want one allocation of %v bytes, in three passes", r, bytes)
		}
	}
}

func TestAWrongAnswerStopsTheMeasurement(t *testing.T) {
	wrong := errors.New("wrong")
	_, err := measure.Run([]measure.Case{{Group: "g", Name: "n", Start: func() (func() error, error) {
		return func() error { return wrong }, nil
	}}}, measure.Options{Passes: 1, Block: time.Millisecond, Most: 10_000})
	if !errors.Is(err, wrong) {
		t.Errorf("got %v", err)
	}
}

func TestARatioIsTheMedianOfTheRatiosOfThePasses(t *testing.T) {
	slow := measure.Result{NS: []float64{20, 400, 60}} // the second pass was disturbed as a whole
	fast := measure.Result{NS: []float64{10, 200, 20}}
	if got := slow.Over(fast); got.Median != 2 || got.Low != 2 || got.High != 2.5 {
		t.Errorf("got %+v", got)
	}
}

func TestBenchstatReadsTheResults(t *testing.T) {
	var b strings.Builder
	r := measure.Result{Group: "c", Name: "scs", Runs: 7, NS: []float64{1.25, 3}, Allocs: 2, Bytes: 10}
	if err := measure.Benchstat(&b, "Request", []measure.Result{r}); err != nil {
		t.Fatal(err)
	}
	want := "BenchmarkRequest/workload=c/subject=scs 7 1.2 ns/op 10 B/op 2 allocs/op\n" +
		"BenchmarkRequest/workload=c/subject=scs 7 3.0 ns/op 10 B/op 2 allocs/op\n"
	if b.String() != want {
		t.Errorf("got %q", b.String())
	}
}
