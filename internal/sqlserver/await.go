package sqlserver

import (
	"errors"
	"fmt"
	"time"
)

// patience is how long a server may take to do what it was told. It is long,
// for a machine that does many other things.
const patience = 60 * time.Second

// await calls f until it returns nil, and returns its last error if patience is
// over before, or at once if it is lasting.
func await(what string, f func() error) error {
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

// A lasting error does not go away by waiting.
type lasting struct{ error }
