package testserver

import (
	"errors"
	"fmt"
	"time"
)

// Await calls f until it returns nil, and returns its last error if patience is
// over before, or at once if it is [Lasting]. The error says what was awaited.
func Await(patience time.Duration, what string, f func() error) error {
	const pause = 5 * time.Millisecond
	for deadline := time.Now().Add(patience); ; time.Sleep(pause) {
		err := f()
		if err == nil {
			return nil
		}
		if l, ok := errors.AsType[lasting](err); ok {
			return l.error
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("waited %v for %s: %w", patience, what, err)
		}
	}
}

// Lasting marks an error, which is not nil, as one that does not go away by
// waiting. Await returns it without the mark.
func Lasting(err error) error { return lasting{err} }

type lasting struct{ error }
