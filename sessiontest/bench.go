package sessiontest

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/memstore"
)

// A Bench is a manager under test. Its methods may be called from several
// goroutines at once, but only the test's own may call those that can fail the
// test at once, as with [testing.TB.FailNow]: Browser and Events.
type Bench struct {
	tb      testing.TB
	manager *session.Manager
	events  *Events // nil: With
	lateOK  atomic.Bool
}

// New returns a Bench with a manager of its own, over an empty memory store.
// It adds to the options: events are collected before o.Observe is told of
// them, and without an o.Logger the log is the test's. Options that
// session.New refuses fail the test at once.
//
// Once tb and its subtests are over, a Late event fails tb, unless
// [Bench.AllowLate] was called.
func New(tb testing.TB, o session.Options) *Bench {
	tb.Helper()
	return On(tb, memstore.New(memstore.Options{}), o)
}

// On is New over a store of the test's, such as one of [Failing].
func On(tb testing.TB, st store.Store, o session.Options) *Bench {
	tb.Helper()
	b := &Bench{tb: tb, events: &Events{}}
	o.Observe = b.events.before(o.Observe)
	if o.Logger == nil {
		o.Logger = slog.New(slog.NewTextHandler(tb.Output(), nil))
	}
	m, err := session.New(st, o)
	if err != nil {
		tb.Fatalf("sessiontest: %v", err)
	}
	b.manager = m
	tb.Cleanup(func() {
		if !b.lateOK.Load() {
			b.events.NothingLate(tb)
		}
	})
	return b
}

// With returns a Bench around the application's own manager. Its events are
// the application's, so this Bench knows nothing of late changes: put the
// Observe method of an [Events] into the manager's options, and ask that.
func With(tb testing.TB, m *session.Manager) *Bench {
	return &Bench{tb: tb, manager: m}
}

// Manager returns the manager under test.
func (b *Bench) Manager() *session.Manager { return b.manager }

// Events returns the events so far that are of one of these kinds, or all
// without any kind, in the order in which they came. A Bench of [With] has
// none, and fails the test at once.
func (b *Bench) Events(kinds ...session.Kind) []session.Event {
	b.tb.Helper()
	if b.events == nil {
		b.tb.Fatal("sessiontest: the manager given to With keeps its events to itself: " +
			"put the Observe method of an Events into its Options, and ask that")
	}
	return b.events.Of(kinds...)
}

// AllowLate is for tests of what happens to changes that come too late: Late
// events do not fail the test.
func (b *Bench) AllowLate() { b.lateOK.Store(true) }

// Browser returns a browser that is new to the site. It comes with a session
// that prepare has set values in, or logged in; nil is for one without.
func (b *Bench) Browser(prepare func(*session.Session)) *Browser {
	b.tb.Helper()
	br := &Browser{bench: b}
	if prepare != nil {
		br.Change(prepare)
	}
	return br
}

// before returns an observer that collects every event, and tells next.
func (e *Events) before(next func(context.Context, session.Event)) func(context.Context, session.Event) {
	if next == nil {
		return e.Observe
	}
	return func(ctx context.Context, event session.Event) {
		e.Observe(ctx, event)
		next(ctx, event)
	}
}
