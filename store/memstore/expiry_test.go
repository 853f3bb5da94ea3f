package memstore_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/memstore"
)

func TestSweepRemovesWhatIsDueAndNothingElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New(memstore.Options{})
		random := rand.New(rand.NewPCG(1, 2))
		start := time.Now()
		var ends []time.Time
		for i := range 3000 {
			// From a millisecond to a century, as many short ones as long ones.
			wait := time.Duration(math.Exp(random.Float64()*28.7)) * time.Millisecond
			rec := store.Record{Expires: start.Add(wait)}
			if i%3 == 0 {
				rec.Owner = "ann"
			}
			mustSave(t, st, fmt.Sprint(i), rec)
			ends = append(ends, rec.Expires)
		}
		for wait := time.Millisecond; wait < 200*365*24*time.Hour; wait += wait / 2 {
			time.Sleep(time.Until(start.Add(wait)))
			if _, err := st.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			want := 0
			for _, end := range ends {
				if end.After(time.Now()) {
					want++
				}
			}
			if got := st.Stats().Sessions; got != want {
				t.Fatalf("after %v: got %d records, want %d", wait, got, want)
			}
		}
	})
}

func TestSweepReportsHowManyItRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New(memstore.Options{})
		for i := range 1000 {
			mustSave(t, st, fmt.Sprint(i), store.Record{Expires: time.Now().Add(time.Duration(i+1) * time.Second)})
		}
		time.Sleep(400 * time.Second)
		if n, err := st.Sweep(t.Context()); n != 400 || err != nil {
			t.Errorf("got %d, %v, want 400", n, err)
		}
		if got := st.Stats(); got.Sessions != 600 || got.Expired != 400 {
			t.Errorf("got %+v, want 600 and 400 expired", got)
		}
	})
}

func TestSavesAloneKeepAStoreClear(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New(memstore.Options{})
		// A session ends half an hour after its only Save: so some 1800 are
		// alive at any time.
		most := 0
		for i := range 50_000 {
			mustSave(t, st, fmt.Sprint(i), store.Record{Expires: time.Now().Add(30 * time.Minute)})
			time.Sleep(time.Second)
			most = max(most, st.Stats().Sessions)
		}
		if most > 4000 {
			t.Errorf("got %d records at once, want about 1800", most)
		}
	})
}

func TestMemoryGoesBackWhenSessionsExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New(memstore.Options{})
		empty := inUse()
		for i := range 40_000 {
			mustSave(t, st, fmt.Sprint("session-number-", i), store.Record{Data: pattern(100 + i%100), Expires: time.Now().Add(time.Hour)})
		}
		full := inUse()
		time.Sleep(2 * time.Hour)
		if n, err := st.Sweep(t.Context()); n != 40_000 || err != nil {
			t.Fatalf("swept %d: %v", n, err)
		}
		left := inUse()
		if got := st.Stats(); got.Bytes != 0 || got.Sessions != 0 {
			t.Errorf("got %+v, want nothing", got)
		}
		if (left-empty)*10 > full-empty {
			t.Errorf("%d bytes of %d are still in use", left-empty, full-empty)
		}
		runtime.KeepAlive(st)
	})
}

func inUse() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestTheEndsOfTimeAreInThePastAndInTheFuture(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New(memstore.Options{})
		for name, c := range map[string]struct {
			end   time.Time
			lives bool
		}{
			"the first year":           {time.Unix(-62135596800, 1), false},
			"1969":                     {time.UnixMilli(-1), false},
			"1970":                     {time.UnixMilli(0), false},
			"before all years":         {time.Date(-290_000_000, 1, 1, 0, 0, 0, 0, time.UTC), false},
			"now":                      {time.Now(), false},
			"less than a millisecond":  {time.Now().Add(999 * time.Microsecond), false},
			"the next millisecond":     {time.Now().Add(time.Millisecond), true},
			"never":                    {time.Time{}, true},
			"9999":                     {time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC), true},
			"10000":                    {time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC), true},
			"years that overflow":      {time.Date(290_000_000_000, 1, 1, 0, 0, 0, 0, time.UTC), true},
			"another zone, tomorrow":   {time.Now().Add(24 * time.Hour).In(time.FixedZone("x", 3600)), true},
			"milliseconds are dropped": {time.UnixMilli(time.Now().UnixMilli() + 5).Add(999_999), true},
		} {
			version := mustSave(t, st, "id", store.Record{Expires: c.end})
			rec, err := st.Load(t.Context(), "id")
			if (err == nil) != c.lives {
				t.Errorf("%s: got %v, want it there: %t", name, err, c.lives)
			}
			if c.lives && c.end.Year() < 10_000 && !rec.Expires.Equal(c.end.Truncate(time.Millisecond)) {
				t.Errorf("%s: got %v, want %v", name, rec.Expires, c.end)
			}
			if version == 0 || st.Delete(t.Context(), "id") != nil {
				t.Errorf("%s: version %d, or Delete failed", name, version)
			}
		}
	})
}
