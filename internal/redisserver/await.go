package redisserver

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// await calls f until it returns nil, and returns its last error if patience is
// over before, or at once if it is lasting.
func await(what string, f func() error) error {
	const pause = 10 * time.Millisecond
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

// each calls f for all servers at once, and joins the errors.
func each(servers []*Server, f func(*Server) error) error {
	errs := make([]error, len(servers))
	var wg sync.WaitGroup
	for i, s := range servers {
		wg.Go(func() { errs[i] = f(s) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// startAll starts n servers at once, or none.
func startAll(n int, start func(i int) (*Server, error)) ([]*Server, error) {
	servers := make([]*Server, n)
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { servers[i], errs[i] = start(i) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		for _, s := range servers {
			if s != nil {
				s.Stop()
			}
		}
		return nil, err
	}
	return servers, nil
}
