// Package crowd has many browsers visit a library at once, and finds what that
// takes of the processors on both sides, and how long a request waits.
package crowd

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sojourn-go/session/bench/peers"
	"github.com/sojourn-go/session/internal/record"
	"github.com/sojourn-go/session/store"
)

// A Plan says who makes up a crowd.
type Plan struct {
	// Still has no end by inactivity, and Idle has one. They share a store, and
	// are the same if the library has but one of them.
	Still, Idle peers.Site

	Own      bool         // the library is ours
	Sessions int          // visited at random
	Due      bool         // as many again, of which Age writes down that they were used some time ago
	SignIn   peers.Action // how each begins
}

// A Crowd is browsers that have signed in.
type Crowd struct {
	plan    Plan
	cookies []string
	aged    []string       // of sessions whose use has to be written down again
	used    int            // how many of aged have been visited since
	acked   []atomic.Int64 // by cookie: the newest counter that a request has finished with

	guests map[guestKey][]peers.Guest
}

type guestKey struct {
	idle   bool
	action peers.Action
}

// Gather has all browsers sign in.
func Gather(p Plan) (*Crowd, error) {
	c := With(p, make([]string, p.Sessions))
	if p.Due {
		c.aged = make([]string, p.Sessions)
		c.used = p.Sessions
	}
	if err := errors.Join(c.signIn(c.cookies), c.signIn(c.aged)); err != nil {
		return nil, fmt.Errorf("signing in: %w", err)
	}
	return c, nil
}

// With returns the crowd of browsers that have these cookies already.
func With(p Plan, cookies []string) *Crowd {
	return &Crowd{plan: p, cookies: cookies, acked: make([]atomic.Int64, len(cookies)), guests: map[guestKey][]peers.Guest{}}
}

func (c *Crowd) signIn(cookies []string) error {
	return Parallel(len(cookies), func() func(i int) error {
		guest := c.plan.Still.Guest(c.plan.SignIn)
		return func(i int) error {
			answer, err := guest(&cookies[i])
			if err == nil && !answer.Set {
				err = errors.New("no cookie")
			}
			return err
		}
	})
}

// guest returns the i-th of the guests that do a.
func (c *Crowd) guest(i int, idle bool, a peers.Action) peers.Guest {
	key, at := guestKey{idle, a}, c.plan.Still
	if idle {
		at = c.plan.Idle
	}
	for len(c.guests[key]) <= i {
		c.guests[key] = append(c.guests[key], at.Guest(a))
	}
	return c.guests[key][i]
}

// Age makes the sessions that were visited due again: it writes down that they
// were used some time ago, as if that time had passed.
func (c *Crowd) Age(st store.Store) error {
	err := Parallel(c.used, func() func(i int) error {
		return func(i int) error { return Age(st, c.aged[i]) }
	})
	c.used = 0
	return err
}

// IDLen is how many characters of our token are the session's id.
const IDLen = 24

// Age makes the session of a cookie of ours due: it writes down that it was used
// some time ago.
func Age(st store.Store, cookie string) error {
	_, token, _ := strings.Cut(cookie, "=")
	if len(token) < IDLen {
		return fmt.Errorf("the cookie %q has no id", cookie)
	}
	id := token[:IDLen]
	rec, err := st.Load(context.Background(), id)
	if err != nil {
		return err
	}
	r, err := record.Parse(rec.Data)
	if err != nil {
		return err
	}
	h := r.Header()
	h.Seen = time.Now().UnixMilli() - h.Idle/10 - time.Minute.Milliseconds()
	h.Created = min(h.Created, h.Seen)
	rec.Data = record.Build(r, h, false, nil)
	_, err = st.Save(context.Background(), id, rec)
	return err
}

// crews is how many goroutines prepare things.
const crews = 128

// Parallel calls do for each number below n. Each goroutine gets a do of its
// own.
func Parallel(n int, prepare func() func(i int) error) error {
	var next atomic.Int64
	var wg sync.WaitGroup
	errs := make([]error, min(crews, n))
	for crew := range errs {
		do := prepare()
		wg.Go(func() {
			for errs[crew] == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				errs[crew] = do(i)
			}
			next.Store(int64(n)) // the others need not go on
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}
