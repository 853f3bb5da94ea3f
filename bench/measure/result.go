package measure

import (
	"fmt"
	"io"
	"slices"
)

// A Result is what one case came to: the time of a run in each pass, and what
// a run allocates.
type Result struct {
	Group, Name   string
	Runs          int `json:",omitempty"` // in one pass
	NS            []float64
	Allocs, Bytes float64
}

// A Ratio is a median with the quartiles around it.
type Ratio struct{ Low, Median, High float64 }

// Over returns how many times as long as other this takes, pass by pass.
func (r Result) Over(other Result) Ratio {
	n := min(len(r.NS), len(other.NS))
	ratios := make([]float64, n)
	for i := range n {
		ratios[i] = r.NS[i] / other.NS[i]
	}
	return Spread(ratios)
}

// Median returns the median of the times.
func (r Result) Median() float64 { return Spread(r.NS).Median }

// Spread returns the median and the quartiles of what it is given.
func Spread(values []float64) Ratio {
	if len(values) == 0 {
		return Ratio{}
	}
	v := slices.Sorted(slices.Values(values))
	at := func(q float64) float64 {
		place := q * float64(len(v)-1)
		i := int(place)
		if i+1 == len(v) {
			return v[i]
		}
		return v[i] + (place-float64(i))*(v[i+1]-v[i])
	}
	return Ratio{at(0.25), at(0.5), at(0.75)}
}

// Find returns the result of that group and name.
func Find(results []Result, group, name string) (Result, bool) {
	i := slices.IndexFunc(results, func(r Result) bool { return r.Group == group && r.Name == name })
	if i < 0 {
		return Result{}, false
	}
	return results[i], true
}

// Benchstat writes the results as lines of go test -bench, one a pass, for
// benchstat -col /subject.
func Benchstat(w io.Writer, kind string, results []Result) error {
	for _, r := range results {
		for _, ns := range r.NS {
			_, err := fmt.Fprintf(w, "Benchmark%s/workload=%s/subject=%s %d %.1f ns/op %.0f B/op %.0f allocs/op\n",
				kind, r.Group, r.Name, max(r.Runs, 1), ns, r.Bytes, r.Allocs)
			if err != nil {
				return err
			}
		}
	}
	return nil
}
