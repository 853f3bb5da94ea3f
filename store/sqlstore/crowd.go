package sqlstore

import (
	"context"
	"slices"
	"sync"
	"time"
)

const (
	lanes      = 4  // calls of one kind under way at once, before others share one
	mostShared = 64 // of them in one
)

// A crowd has calls of one kind that come at the same time share a round trip.
// A few go by themselves; those that come meanwhile wait, and when one of the few
// is back, the first that waits goes for all of them. So it needs no goroutine,
// and where there is no crowd nobody waits.
type crowd[T any] struct {
	mu      sync.Mutex
	busy    int
	waiting []*member[T]
}

// A member is a call on its way. What it is belongs to whoever goes for it until
// it is told its turn.
type member[T any] struct {
	call T
	turn chan turn
}

// A turn is what a call is told.
type turn uint8

const (
	first  turn = iota // it is to go by itself, and then to pass the lane on
	leads              // it is to go for all that wait, and then to pass the lane on
	served             // it is done
	alone              // it is to go by itself
	gone               // it has waited for long enough: somebody goes for it, and nobody knows
)

// join waits for the call's turn, but not for longer than ctx allows, or
// patience if that is not 0.
func (c *crowd[T]) join(ctx context.Context, m *member[T], patience time.Duration) turn {
	c.mu.Lock()
	if c.busy < lanes {
		c.busy++
		c.mu.Unlock()
		return first
	}
	m.turn = make(chan turn, 1)
	c.waiting = append(c.waiting, m)
	c.mu.Unlock()
	var over <-chan time.Time
	if patience > 0 {
		timer := time.NewTimer(patience)
		defer timer.Stop()
		over = timer.C
	}
	select {
	case t := <-m.turn:
		return t
	case <-over:
	case <-ctx.Done():
	}
	return c.leave(m)
}

// leave is for whoever does not wait any more.
func (c *crowd[T]) leave(m *member[T]) turn {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := slices.Index(c.waiting, m); i >= 0 {
		c.waiting = slices.Delete(c.waiting, i, i+1)
		return alone
	}
	select {
	case t := <-m.turn:
		return t
	default:
		return gone
	}
}

// gather returns the one that leads, and those it goes for.
func (c *crowd[T]) gather(m *member[T]) []*member[T] {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := min(len(c.waiting), mostShared-1)
	all := append([]*member[T]{m}, c.waiting[:n]...)
	c.waiting = slices.Delete(c.waiting, 0, n)
	return all
}

// pass gives a lane to the first that waits.
func (c *crowd[T]) pass() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.waiting) == 0 {
		c.busy--
		return
	}
	m := c.waiting[0]
	c.waiting = slices.Delete(c.waiting, 0, 1)
	m.turn <- leads
}
