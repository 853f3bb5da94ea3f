package redisserver

import (
	"errors"
	"sync"
	"time"

	"github.com/sojourn-go/session/internal/testserver"
)

// patience is how long a server, or several, may take to do what they were
// told. It is long, for a machine that does many other things.
const patience = 30 * time.Second

// await waits with patience until f returns nil.
func await(what string, f func() error) error { return testserver.Await(patience, what, f) }

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
