package measure_test

import (
	"math"
	"testing"
	"time"

	"github.com/sojourn-go/session/bench/measure"
)

func TestAQuantileIsRightToAThirtySecond(t *testing.T) {
	for _, unit := range []time.Duration{1, 37, time.Microsecond, time.Second} {
		var low, high measure.Histogram
		for i := range 1000 {
			part := &low
			if i >= 500 {
				part = &high
			}
			part.Add(time.Duration(i) * unit)
		}
		low.Merge(&high)
		if low.Count() != 1000 {
			t.Errorf("got %d times, want 1000", low.Count())
		}
		for _, q := range []float64{0, 0.25, 0.5, 0.99, 1} {
			got, want := low.Quantile(q), 1000*q*float64(unit)
			if math.Abs(got-want) > max(want/32, 1) {
				t.Errorf("in steps of %v: quantile %v is %v, want %v", unit, q, got, want)
			}
		}
	}
}

func TestTimesThatDidNotPassOrPassedForEverAreCounted(t *testing.T) {
	var h measure.Histogram
	if got := h.Quantile(0.5); got != 0 {
		t.Errorf("of no time: got %v", got)
	}
	h.Add(-time.Second)
	h.Add(math.MaxInt64)
	if first, last := h.Quantile(0), h.Quantile(0.99); first > 1 || last < math.MaxInt64/2 {
		t.Errorf("got %v and %v", first, last)
	}
}
