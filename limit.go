package session

import (
	"context"
	"sync"
	"time"
)

// A limit is a context with the values of another one and a deadline of its
// own. Unlike context.WithTimeout it sets no timer until somebody waits for
// it, which in-process stores never do.
type limit struct {
	parent  context.Context
	began   time.Time
	lasts   time.Duration
	follows bool // ends with its parent, too

	mu    sync.Mutex
	timer *timer // once somebody waits
}

type timer struct {
	context.Context
	cancel context.CancelFunc
}

// newLimit is for commits: that a client hangs up undoes no login.
func newLimit(parent context.Context, d time.Duration) *limit {
	return &limit{parent: parent, began: time.Now(), lasts: d}
}

// again is the same limit for another stage of the work.
func (l *limit) again() *limit { return &limit{parent: l.parent, began: l.began, lasts: l.lasts} }

// release gives the timer back. The limit stays what it was.
func (l *limit) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer != nil {
		l.timer.cancel()
		l.timer = nil // whoever used it on would wait for what is over
	}
}

func (l *limit) Deadline() (time.Time, bool) { return l.deadline(), true }

func (l *limit) deadline() time.Time { return l.began.Add(l.lasts) }

func (l *limit) Done() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer == nil {
		parent := l.parent
		if !l.follows {
			parent = context.WithoutCancel(parent)
		}
		ctx, cancel := context.WithDeadline(parent, l.deadline())
		l.timer = &timer{ctx, cancel}
	}
	return l.timer.Done()
}

func (l *limit) Err() error {
	if l.follows && l.parent.Err() != nil {
		return l.parent.Err()
	}
	if l.left() <= 0 {
		return context.DeadlineExceeded
	}
	return nil
}

func (l *limit) left() time.Duration { return time.Until(l.deadline()) }

// Value leads contexts derived from this one to the timer's cancellation, so
// that they need no goroutine to learn of it.
func (l *limit) Value(key any) any {
	l.mu.Lock()
	timer := l.timer
	l.mu.Unlock()
	if timer != nil {
		return timer.Value(key)
	}
	return l.parent.Value(key)
}

// unlimited is a limit as a context for stores that wait for nothing: they
// need not ask the clock how much is left.
type unlimited limit

func (u *unlimited) Deadline() (time.Time, bool) { return time.Time{}, false }

func (u *unlimited) Done() <-chan struct{} { return nil }

func (u *unlimited) Err() error { return nil }

func (u *unlimited) Value(key any) any { return u.parent.Value(key) }
