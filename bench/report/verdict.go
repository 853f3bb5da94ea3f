package report

import (
	"fmt"

	"github.com/sojourn-go/session/bench/measure"
)

// A Verdict says whether a demand is met.
type Verdict string

// The verdicts.
const (
	Moonshot Verdict = "moonshot"
	Met      Verdict = "met"
	Missed   Verdict = "**missed**"
	Unknown  Verdict = "not measured"
)

// A Line is one demand, and what was reached.
type Line struct {
	ID, What         string
	Demand, Moonshot string
	Reached          string
	Verdict          Verdict
}

// A bound is a demand on a number. With atMost the number has to be small.
type bound struct {
	id, what         string
	atMost           bool
	demand, moonshot float64 // moonshot 0: there is none
	format           string  // of a number with its unit
}

// judge compares a number with the bound, by its median.
func (b bound) judge(r measure.Ratio, ok bool) Line {
	sign := "≥ "
	if b.atMost {
		sign = "≤ "
	}
	l := Line{ID: b.id, What: b.what, Demand: sign + fmt.Sprintf(b.format, b.demand), Reached: "–", Verdict: Unknown}
	if b.moonshot != 0 {
		l.Moonshot = sign + fmt.Sprintf(b.format, b.moonshot)
	}
	if !ok {
		return l
	}
	l.Reached = fmt.Sprintf(b.format, r.Median)
	if r.Low != r.High {
		l.Reached = fmt.Sprintf(b.format+" ("+b.format+" to "+b.format+")", r.Median, r.Low, r.High)
	}
	switch {
	case b.moonshot != 0 && b.reaches(r.Median, b.moonshot):
		l.Verdict = Moonshot
	case b.reaches(r.Median, b.demand):
		l.Verdict = Met
	default:
		l.Verdict = Missed
	}
	return l
}

func (b bound) reaches(got, want float64) bool {
	if b.atMost {
		// Allocations that come once in hundreds of requests, as when a map
		// grows, are no part of a request.
		return got <= want+0.05
	}
	return got >= want
}

// exact is a number that has no spread.
func exact(n float64) measure.Ratio { return measure.Ratio{Low: n, Median: n, High: n} }

// The formats.
const (
	times   = "%.1fx"
	percent = "%.1f %%"
	allocs  = "%.3g"
	size    = "%.0f B"
	letters = "%.0f characters"
)
