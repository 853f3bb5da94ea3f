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

// A Site is a manager under test. Its methods may be called from several
// goroutines at once, but only the test's own may call those that can fail the
// test at once, as with [testing.TB.FailNow]: Browser and Events.
type Site struct {
	tb      testing.TB
	manager *session.Manager
	events  *Events // nil: With
	lateOK  atomic.Bool
}

// New returns a Site with a manager of its own, over an empty memory store.
// It adds to the options: events are collected before o.Observe is told of
// them, and without an o.Logger the log is the test's. Options that
// session.New refuses fail the test at once.
//
// Once tb and its subtests are over, a Late event fails tb, unless
// [Site.AllowLate] was called.
func New(tb testing.TB, o session.Options) *Site {
	tb.Helper()
	return NewWithStore(tb, memstore.New(memstore.Options{}), o)
}

// NewWithStore is New over a store of the test's, such as one of [Failing].
func NewWithStore(tb testing.TB, st store.Store, o session.Options) *Site {
	tb.Helper()
	s := &Site{tb: tb, events: &Events{}}
	o.Observe = s.events.before(o.Observe)
	if o.Logger == nil {
		o.Logger = slog.New(slog.NewTextHandler(tb.Output(), nil))
	}
	m, err := session.New(st, o)
	if err != nil {
		tb.Fatalf("sessiontest: %v", err)
	}
	s.manager = m
	tb.Cleanup(func() {
		if !s.lateOK.Load() {
			s.events.NothingLate(tb)
		}
	})
	return s
}

// NewWithManager returns a Site around the application's own manager. Its events are
// the application's, so this Site knows nothing of late changes: put the
// Observe method of an [Events] into the manager's options, and ask that.
func NewWithManager(tb testing.TB, m *session.Manager) *Site {
	return &Site{tb: tb, manager: m}
}

// Manager returns the manager under test.
func (s *Site) Manager() *session.Manager { return s.manager }

// Events returns the events so far that are of one of these kinds, or all
// without any kind, in the order in which they came. A Site of [NewWithManager] has
// none, and fails the test at once.
func (s *Site) Events(kinds ...session.Kind) []session.Event {
	s.tb.Helper()
	if s.events == nil {
		s.tb.Fatal("sessiontest: the manager given to NewWithManager keeps its events to itself: " +
			"put the Observe method of an Events into its Options, and ask that")
	}
	return s.events.Of(kinds...)
}

// AllowLate is for tests of what happens to changes that come too late: Late
// events do not fail the test.
func (s *Site) AllowLate() { s.lateOK.Store(true) }

// Browser returns a browser that is new to the site. It comes with a session
// that prepare has set values in, or logged in; nil is for one without.
func (s *Site) Browser(prepare func(*session.Session)) *Browser {
	s.tb.Helper()
	br := &Browser{site: s}
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
