package clienttest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// contexts are how a caller gives up.
var contexts = []rule{
	{"a done context is the error", func(c *check) {
		for _, ctx := range doneContexts(c.ctx) {
			_, err := c.Do(ctx, about(1, "GET", c.key()))
			c.unknown(err, "Do with a done context")
			if !errors.Is(err, ctx.Err()) {
				c.failf("Do with a done context: got error %v, want %v", err, ctx.Err())
			}
		}
	}},

	{"with a done context nothing is sent", func(c *check) {
		key := c.key()
		for _, ctx := range doneContexts(c.ctx) {
			for range 10 {
				c.Do(ctx, about(1, "INCR", key)) // what it returns is for the sentence before
			}
		}
		for range 20 { // some time for what should not come
			c.want(nil, 1, "GET", key)
		}
	}},

	{"Do returns soon after its deadline", func(c *check) {
		c.givesUp(func(cmd []string) error {
			ctx, cancel := context.WithTimeout(c.ctx, shortly)
			defer cancel()
			_, err := c.Do(ctx, about(3, cmd...))
			return err
		})
	}},

	{"Do returns soon after its context is cancelled", func(c *check) {
		c.givesUp(func(cmd []string) error {
			ctx, cancel := context.WithCancel(c.ctx)
			defer cancel()
			defer time.AfterFunc(shortly, cancel).Stop()
			_, err := c.Do(ctx, about(3, cmd...))
			return err
		})
	}},

	{"an answer that nobody waited for is given to nobody", func(c *check) {
		key := c.key()
		for rounds := firstRounds / 8; ; rounds *= 2 {
			ctx, cancel := context.WithTimeout(c.ctx, shortly)
			_, err := c.Do(ctx, about(3, keepBusy(key, rounds)...))
			cancel()
			if err == nil { // the server was too fast
				continue
			}
			c.unknown(err, "Do beyond its deadline")
			c.echoes("ECHO after another has given up")
			return
		}
	}},
}

// doneContexts are contexts that are done, each with another error.
func doneContexts(parent context.Context) []context.Context {
	cancelled, cancel := context.WithCancel(parent)
	cancel()
	late, cancel := context.WithDeadline(parent, time.Now().Add(-time.Second))
	cancel()
	return []context.Context{cancelled, late}
}

// echoes wants many callers to get their own words back.
func (c *check) echoes(what string) {
	c.together(64, func(i int) error {
		for n := range 30 {
			word := fmt.Sprint("word ", i, " ", n)
			got, err := c.Do(c.ctx, about(0, "ECHO", word))
			if diff := difference(got, bulk(word)); err != nil || diff != "" {
				return fmt.Errorf("%s: error %v; %s", what, err, diff)
			}
		}
		return nil
	})
}

const (
	// shortly is when a caller gives up.
	shortly = 30 * time.Millisecond

	// firstRounds keep a server busy for half a second, more or less.
	firstRounds = 1 << 26
)

// keepBusy is a command that has the server count. It answers nobody until it
// has done so: no clock can be asked that goes on in a script.
func keepBusy(key string, rounds int) []string {
	return []string{"EVAL", "local n = 0 for i = 1, ARGV[1] do n = n + 1 end return 'done'", "1", key, strconv.Itoa(rounds)}
}

// givesUp wants f, which sends a command and gives up shortly, to return while
// the server is still at it. Since machines have other things to do, one time
// of three is enough.
func (c *check) givesUp(f func(cmd []string) error) {
	key, rounds := c.key(), firstRounds
	var returned, answered time.Duration
	for tries := 0; tries < 3; {
		start := time.Now()
		err := f(keepBusy(key, rounds))
		returned = time.Since(start)
		c.do(1, "GET", key) // is answered when the server is done
		answered = time.Since(start)
		if answered < 10*shortly { // it was too fast
			rounds *= 2
			continue
		}
		c.unknown(err, "a call whose context ended")
		if returned < answered/2 {
			return
		}
		tries++
	}
	c.failf("a call that should give up after %v: it took %v, and the server %v", shortly, returned, answered)
}
