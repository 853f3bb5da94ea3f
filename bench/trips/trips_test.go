package trips_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session/bench/trips"
)

func TestRequestsCallTheStoreNoMoreThanTheyMust(t *testing.T) {
	rows, err := trips.Count()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if r.Loads+r.Saves > r.Want {
			t.Errorf("%s: got %d loads and %d saves, want %d", r.Request, r.Loads, r.Saves, r.Want)
		}
	}
}

func TestATouchIsWrittenAtMostOnceATenthOfIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got, err := trips.Touches(30 * time.Minute)
		if err != nil || got < 5 || got > 10 {
			t.Errorf("got %d touches, error %v; want 5 to 10", got, err)
		}
	})
}
