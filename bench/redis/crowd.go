package redis

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

// A crowd is a subject with browsers that have signed in.
type crowd struct {
	Subject
	server      server
	still, idle *place // the same if the library has but one of them

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

// gather opens a subject, and has n browsers sign in; with due as many again.
func gather(s Subject, at server, n int, due bool) (*crowd, error) {
	c := &crowd{Subject: s, server: at, guests: map[guestKey][]peers.Guest{}}
	var err error
	if c.still, err = s.open(at.Addr(), false); err != nil {
		return nil, fmt.Errorf("%s: %w", s.Name, err)
	}
	c.idle = c.still
	if !s.own && !s.lazy && !s.always {
		if c.idle, err = s.open(at.Addr(), true); err != nil {
			c.close()
			return nil, fmt.Errorf("%s: %w", s.Name, err)
		}
	}
	c.cookies, c.acked = make([]string, n), make([]atomic.Int64, n)
	if due {
		c.aged = make([]string, n)
		c.used = n
	}
	if err := errors.Join(c.signIn(c.cookies), c.signIn(c.aged)); err != nil {
		c.close()
		return nil, fmt.Errorf("%s, signing in: %w", s.Name, err)
	}
	return c, nil
}

func (c *crowd) close() {
	c.still.close()
	if c.idle != nil && c.idle != c.still {
		c.idle.close()
	}
}

func (c *crowd) signIn(cookies []string) error {
	return parallel(len(cookies), func() func(i int) error {
		guest := c.still.Guest(peers.SignIn)
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
func (c *crowd) guest(i int, idle bool, a peers.Action) peers.Guest {
	key, at := guestKey{idle, a}, c.still
	if idle {
		at = c.idle
	}
	for len(c.guests[key]) <= i {
		c.guests[key] = append(c.guests[key], at.Guest(a))
	}
	return c.guests[key][i]
}

// age makes the sessions that were visited due again: it writes down that they
// were used some time ago, as if that time had passed.
func (c *crowd) age(st store.Store) error {
	err := parallel(c.used, func() func(i int) error {
		return func(i int) error { return age(st, c.aged[i]) }
	})
	c.used = 0
	return err
}

func age(st store.Store, cookie string) error {
	const idLen = 24
	_, token, _ := strings.Cut(cookie, "=")
	if len(token) < idLen {
		return fmt.Errorf("the cookie %q has no id", cookie)
	}
	id := token[:idLen]
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

// parallel calls do for each number below n. Each goroutine gets a do of its
// own.
func parallel(n int, prepare func() func(i int) error) error {
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
