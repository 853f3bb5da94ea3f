// Package storetest is the contract of package store as sentences that are
// tests. It is written for authors of stores, who run it in their own tests:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) store.Store { return open(t) })
//	}
//
// A store is finished when it passes; applications need not read on.
//
// # The store under test
//
// The store may be empty and new each time, or always the same one on a real
// server: the suite uses ids of its own, and deletes what it saved. Only ids
// of one and two bytes, of which there are few, it takes from whoever has
// them. The store needs room for 200 small records and one of 1 MiB. While
// the suite runs, nobody else may sweep it or let records expire in it.
//
// What a store can do besides the three methods, the suite asks [store.As],
// and holds it to the sentences about that, too.
//
// # Time
//
// The suite waits for expiry by the clock, up to 50 ms a sentence. Within a
// bubble of testing/synctest that takes no time and is exact to the
// millisecond; a bubble has no subtests, so there it is [Check]:
//
//	synctest.Test(t, func(t *testing.T) {
//		if err := storetest.Check(open); err != nil {
//			t.Error(err)
//		}
//	})
//
// # What it cannot see
//
// Three sentences of the contract need a fault in a store's own server or its
// own bounds, and so a test of the store's own: that a Save is never repeated
// once its bytes may have left, that ErrFull changes nothing, and that Load
// sees what another process did.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/sojourn-go/session/store"
)

// A rule is a sentence of the contract, and what has to hold for it.
type rule struct {
	sentence string
	hold     func(*check)
}

// contract is the whole of it, by subject. A subject with a condition is only
// for the stores that meet it.
var contract = []struct {
	rules []rule
	about func(store.Store) bool
}{
	{rules: keeping},
	{rules: naming},
	{rules: versions},
	{rules: deleting},
	{rules: expiry},
	{rules: ownership},
	{rules: contexts},
	{rules: races},
	{rules: anything},
	{listing, can[store.Lister]},
	{sweeping, can[store.Sweeper]},
	{caching, can[store.Cached]},
}

func can[T store.Store](s store.Store) bool {
	_, ok := store.As[T](s)
	return ok
}

// rulesFor is the part of the contract that concerns s.
func rulesFor(s store.Store) []rule {
	var rules []rule
	for _, subject := range contract {
		if subject.about == nil || subject.about(s) {
			rules = append(rules, subject.rules...)
		}
	}
	return rules
}

// Run holds a store to the contract, with a subtest for each sentence. It
// calls open for each of them, and once before to ask what the store can do;
// open closes what it opened by t.Cleanup.
func Run(t *testing.T, open func(*testing.T) store.Store) {
	t.Helper()
	for _, r := range rulesFor(open(t)) {
		t.Run(r.sentence, func(t *testing.T) {
			if err := r.check(t.Context(), open(t)); err != nil {
				t.Error(err)
			}
		})
	}
}

// Check is Run without a test: it returns an error that names every sentence
// violated, and says what was got and wanted. It calls open as Run does, and
// closes each store that is an [io.Closer].
func Check(open func() (store.Store, error)) error {
	var rules []rule
	err := with(open, func(s store.Store) error {
		rules = rulesFor(s)
		return nil
	})
	if err != nil {
		return err
	}
	var violations []error
	for _, r := range rules {
		violations = append(violations, with(open, func(s store.Store) error {
			return r.check(context.Background(), s)
		}))
	}
	return errors.Join(violations...)
}

// with calls f with an open store, and closes the store.
func with(open func() (store.Store, error), f func(store.Store) error) error {
	s, err := open()
	if err != nil {
		return fmt.Errorf("storetest: open: %w", err)
	}
	err = f(s)
	if c, ok := s.(io.Closer); ok {
		if e := c.Close(); e != nil {
			err = errors.Join(err, fmt.Errorf("storetest: close: %w", e))
		}
	}
	return err
}
