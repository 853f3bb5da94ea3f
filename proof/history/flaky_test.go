package history

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/sojourn-go/session/store"
)

// upsert is a defect of the store, see defects: Save ignores the version.
var upsert = os.Getenv("SOJOURN_DEFECT") == "upsert"

// memory is the plainest store that keeps the contract.
type memory struct {
	mu      sync.Mutex
	records map[string]store.Record
	version uint64
}

func (m *memory) live(id string) (store.Record, bool) {
	rec, ok := m.records[id]
	if ok && !rec.Expires.IsZero() && !time.Now().Before(rec.Expires) {
		return store.Record{}, false
	}
	return rec, ok
}

func (m *memory) Load(ctx context.Context, id string) (store.Record, error) {
	if err := ctx.Err(); err != nil {
		return store.Record{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	rec, ok := m.live(id)
	if !ok {
		return store.Record{}, store.ErrNotFound
	}
	rec.Data = slices.Clone(rec.Data)
	return rec, nil
}

func (m *memory) Save(ctx context.Context, id string, rec store.Record) (uint64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if was, _ := m.live(id); was.Version != rec.Version && !upsert {
		return 0, store.ErrConflict
	}
	m.version++
	rec.Version, rec.Durable = m.version, false
	rec.Data = slices.Clone(rec.Data)
	rec.Expires = rec.Expires.Truncate(time.Millisecond)
	m.records[id] = rec
	return rec.Version, nil
}

func (m *memory) Delete(ctx context.Context, id string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.records, id)
	return nil
}

// A weather is what may go wrong between the sessions and their store, each in
// percent of the calls.
type weather struct {
	name      string
	slow      time.Duration // the longest way there, and the longest way back;
	back      time.Duration // that of a Save, if it is another
	lostReply int           // a Save is applied, and reported as failed
	lostCall  int           // a Save is not applied, and reported as failed
	lateCall  int           // a Save is reported as failed, and applied afterwards
	lostLoad  int
	weak      int // a Save that matters is applied and reported as not durable
	outage    int // of time, in stretches of length
	length    time.Duration
}

var weathers = []weather{
	{name: "calm", slow: 2 * time.Millisecond},
	{name: "slow", slow: 12 * time.Millisecond},
	{name: "slow answers", slow: time.Millisecond, back: 20 * time.Millisecond},
	{name: "lossy", slow: 2 * time.Millisecond, lostReply: 20, lostCall: 10, lostLoad: 2},
	{name: "late", slow: 4 * time.Millisecond, lateCall: 20, lostReply: 10, lostLoad: 2},
	{name: "outages", slow: 2 * time.Millisecond, lostReply: 5, outage: 25, length: 40 * time.Millisecond, weak: 10},
	{name: "storm", slow: 5 * time.Millisecond, lostReply: 40, lostCall: 20, lateCall: 10, lostLoad: 10},
}

// calm: no call fails.
func (w *weather) calm() bool { return *w == weather{name: w.name, slow: w.slow, back: w.back} }

// flaky is a store behind a network with weather.
type flaky struct {
	store.Store
	weather weather

	mu  sync.Mutex
	rng *rand.Rand
	bad time.Time // the outage lasts until then
	up  time.Time // no other before

	late sync.WaitGroup // Saves under way that nobody waits for
}

var fairWeather = weather{slow: time.Millisecond}

func (f *flaky) setWeather(w weather) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.weather, f.bad = w, time.Time{}
}

var errLost = errors.New("the connection was lost")

// A fate is what becomes of one call.
type fate struct {
	there, back, later      time.Duration
	applied, reported, weak bool
	lateApplied             bool
}

func (f *flaky) draw(save, matters bool) fate {
	f.mu.Lock()
	defer f.mu.Unlock()
	w := &f.weather
	d := fate{there: f.pause(w.slow), back: f.pause(w.slow), later: f.pause(2 * w.slow), applied: true, reported: true}
	if save && w.back > 0 {
		d.back = f.pause(w.back)
	}
	now := time.Now()
	if w.outage > 0 && now.After(f.up) {
		f.bad = now.Add(time.Duration(f.rng.Int64N(int64(2 * w.length))))
		f.up = f.bad.Add(w.length * time.Duration(100-w.outage) / time.Duration(w.outage))
	}
	p := f.rng.IntN(100)
	hit := func(chance int) bool { p -= chance; return p < 0 }
	switch {
	case now.Before(f.bad):
		d.reported, d.applied = false, save && f.rng.IntN(8) == 0
	case !save:
		d.reported = !hit(w.lostLoad)
	case hit(w.lostReply):
		d.reported = false
	case hit(w.lostCall):
		d.reported, d.applied = false, false
	case hit(w.lateCall):
		d.reported, d.applied, d.lateApplied = false, false, true
	case matters && hit(w.weak):
		d.weak = true
	}
	return d
}

// pause draws a delay that hardly ever comes twice, so that instants are
// distinct and a history depends on its seed alone.
func (f *flaky) pause(most time.Duration) time.Duration {
	return time.Duration(f.rng.Int64N(int64(most)))
}

func (f *flaky) Load(ctx context.Context, id string) (store.Record, error) {
	d := f.draw(false, false)
	time.Sleep(d.there)
	rec, err := f.Store.Load(ctx, id)
	time.Sleep(d.back)
	if !d.reported {
		return store.Record{}, errLost
	}
	return rec, err
}

func (f *flaky) Save(ctx context.Context, id string, rec store.Record) (version uint64, err error) {
	d := f.draw(true, rec.Durable)
	time.Sleep(d.there)
	if d.applied {
		version, err = f.Store.Save(ctx, id, rec)
	}
	if d.lateApplied {
		rec.Data = slices.Clone(rec.Data)
		f.late.Go(func() {
			time.Sleep(d.later)
			f.Store.Save(context.WithoutCancel(ctx), id, rec)
		})
	}
	time.Sleep(d.back)
	switch {
	case !d.reported:
		return 0, errLost
	case d.weak && err == nil:
		return version, store.ErrNotDurable
	}
	return version, err
}
