package sql

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/sojourn-go/session/bench/crowd"
	"github.com/sojourn-go/session/bench/measure"
	"github.com/sojourn-go/session/bench/peers"
	"github.com/sojourn-go/session/store"
)

// ScaleOptions say how many sessions to put into each database.
type ScaleOptions struct {
	Engines     []string // none: all
	Sessions    int      // of which a tenth has expired
	Visitors    int      // who make requests at once
	Undisturbed time.Duration
	Calls       int // of Load

	Log func(format string, args ...any)
}

// Scale is what became of many sessions.
type Scale struct {
	Stores   []Scaled
	Record   int // bytes of one
	Visitors int
}

// Times are of many of a kind, in ns.
type Times struct{ P50, P99, Slowest float64 }

// A Scaled is one database with many sessions.
type Scaled struct {
	Engine         string
	Sessions       int
	Filled         float64 // s
	Disk           float64 // bytes of a session
	Load, List     Times
	Before, During Times   // of requests: without Sweep, and while it runs
	Swept          int     // what it removed
	Seconds        float64 // that it took
}

// MeasureScale puts many sessions into each database.
func MeasureScale(o ScaleOptions) (s Scale, err error) {
	s.Visitors = o.Visitors
	var errs []error
	for _, e := range (Options{Engines: o.Engines}).engines() {
		start := time.Now()
		got, err := s.measure(o, e)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", e.name, err))
			continue
		}
		s.Stores = append(s.Stores, got)
		if o.Log != nil {
			o.Log("sqlscale: %s: %.1f s, of which %.1f to fill it", e.name, time.Since(start).Seconds(), got.Filled)
		}
	}
	return s, errors.Join(errs...)
}

func (s *Scale) measure(o ScaleOptions, e engine) (got Scaled, err error) {
	h, err := e.start()
	if err != nil {
		return got, err
	}
	defer h.stop()
	var subject Subject
	for _, each := range Subjects() {
		if each.Name == Own(e.name) {
			subject = each
		}
	}
	at, err := subject.open(h, h.addr(), subject.Name)
	if err != nil {
		return got, err
	}
	defer at.close()
	p, err := newPopulation(at, o.Sessions)
	if err != nil {
		return got, err
	}
	s.Record = len(p.rec.Data)
	got.Engine, got.Sessions = e.name, o.Sessions
	start := time.Now()
	if err := p.fill(h, subject); err != nil {
		return got, fmt.Errorf("filling it: %w", err)
	}
	got.Filled = time.Since(start).Seconds()
	if got.Disk, err = p.disk(h, subject); err != nil {
		return got, err
	}
	if err := p.calls(o.Calls, &got); err != nil {
		return got, err
	}
	return got, p.visit(o, &got)
}

// A population is many copies of one session under ids of their own, each of
// which its browser may visit.
type population struct {
	*house
	cookie string // of the session that they are copies of
	rec    store.Record
	live   []string // ids
	due    []string // ids of those that have expired when the Sweep begins
}

// life is how long those live that do not expire.
const life = 24 * time.Hour

func newPopulation(at *house, n int) (*population, error) {
	cookie, err := signIn(at.still, peers.SignIn)
	if err != nil {
		return nil, err
	}
	rec, err := at.store.Load(context.Background(), idOf(cookie))
	if err != nil {
		return nil, err
	}
	rec.Version, rec.Expires = 0, time.Now().Add(life)
	p := &population{house: at, cookie: cookie, rec: rec}
	for i := range n {
		if id := randomID(); i%10 == 0 {
			p.due = append(p.due, id)
		} else {
			p.live = append(p.live, id)
		}
	}
	return p, nil
}

func randomID() string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	var id [crowd.IDLen]byte
	for i := range id {
		id[i] = letters[rand.IntN(len(letters))]
	}
	return string(id[:])
}

// calls times Load and List, each alone.
func (p *population) calls(n int, got *Scaled) (err error) {
	got.Load, err = timed(n, func() error {
		rec, err := p.store.Load(context.Background(), p.live[rand.IntN(len(p.live))])
		if err == nil && len(rec.Data) != len(p.rec.Data) {
			err = fmt.Errorf("got a record of %d bytes, want %d", len(rec.Data), len(p.rec.Data))
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("timing Load: %w", err)
	}
	list, err := ownerList(p.manager)
	if err == nil {
		got.List, err = timed(max(n/10, 10), list)
	}
	return err
}

func timed(n int, do func() error) (Times, error) {
	var h measure.Histogram
	for range n {
		start := time.Now()
		if err := do(); err != nil {
			return Times{}, err
		}
		h.Add(time.Since(start))
	}
	return timesOf(&h), nil
}

func timesOf(h *measure.Histogram) Times {
	return Times{h.Quantile(0.5), h.Quantile(0.99), h.Quantile(1)}
}

// visit times requests, undisturbed, and then while a Sweep runs.
func (p *population) visit(o ScaleOptions, got *Scaled) error {
	name, token, _ := strings.Cut(p.cookie, "=")
	cookies := make([]string, min(len(p.live), 100_000))
	for i := range cookies {
		cookies[i] = name + "=" + p.live[i] + token[crowd.IDLen:]
	}
	all := crowd.With(crowd.Plan{Still: p.still, Idle: p.idle, Own: true}, cookies)
	work := crowd.Work{Writes: 0.05, Write: peers.Update, Idle: true}
	spare := make([]measure.Histogram, o.Visitors)
	run := func(d time.Duration, l *crowd.Load) (Times, error) {
		_, times, err := l.Run(d, spare)
		if stale, _ := l.Stale(); err == nil && stale > 0 {
			err = fmt.Errorf("%d reads did not find what had been written", stale)
		}
		return timesOf(times), err
	}
	load := func() *crowd.Load { return &crowd.Load{Crowd: all, Work: work, Level: o.Visitors} }
	if _, err := run(o.Undisturbed/4, load()); err != nil { // statements are prepared, and so on
		return err
	}
	var err error
	if got.Before, err = run(o.Undisturbed, load()); err != nil {
		return err
	}
	l := load()
	swept := make(chan error, 1)
	go func() {
		swept <- p.sweep(got)
		l.Stop()
	}()
	got.During, err = run(time.Hour, l)
	l.Stop()
	return errors.Join(err, <-swept)
}

// sweep removes what has expired.
func (p *population) sweep(got *Scaled) (err error) {
	time.Sleep(20 * time.Millisecond) // until the visitors are there
	start := time.Now()
	got.Swept, err = p.store.(store.Sweeper).Sweep(context.Background())
	got.Seconds = time.Since(start).Seconds()
	if err == nil && got.Swept != len(p.due) {
		err = fmt.Errorf("removed by Sweep: %d sessions, want %d", got.Swept, len(p.due))
	}
	return err
}
