package sessiontest

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/sojourn-go/session"
)

// Events collects events. Its zero value is ready, and it may be used by
// several goroutines at once. A Site has one of its own; for the
// application's manager:
//
//	var events sessiontest.Events
//	m, err := session.New(st, session.Options{Observe: events.Observe})
type Events struct {
	mu   sync.Mutex
	list []session.Event
}

// Observe collects an event. It is a method value for Options.Observe.
func (e *Events) Observe(_ context.Context, event session.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.list = append(e.list, event)
}

// Of returns the events so far that are of one of these kinds, or all without
// any kind, in the order in which they came.
func (e *Events) Of(kinds ...session.Kind) []session.Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(e.list), func(event session.Event) bool {
		return len(kinds) > 0 && !slices.Contains(kinds, event.Kind)
	})
}

// NothingLate fails the test, once for each, if a change came after its
// response had begun, or a first look at the session, of which caches were not
// told any more. The visitor never learns of either, and the application only
// by such an event.
func (e *Events) NothingLate(tb testing.TB) {
	tb.Helper()
	for _, event := range e.Of(session.Late) {
		tb.Errorf("sessiontest: too late for its response: %v", event.LogValue())
	}
}
