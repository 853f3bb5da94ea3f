package clienttest

import (
	"fmt"
	"slices"
	"strings"
)

// ownership is whose the arguments and the answers are.
var ownership = []rule{
	{"the arguments stay the caller's", func(c *check) {
		// What append would find behind them is the caller's, too.
		all := []string{"SET", c.key(), "value", "behind", "behind"}
		want := slices.Clone(all)
		if _, err := c.Do(c.ctx, about(1, all[:3]...)); err != nil {
			c.failf("SET: got error %v, want none", err)
		}
		if !slices.Equal(all, want) {
			c.failf("the arguments after Do: got %q, want %q", all, want)
		}
	}},

	{"arguments may be changed when Do has returned", func(c *check) {
		keys := []string{c.key(), c.key(), c.key()}
		args := []string{"SET", "", ""}
		for i, key := range keys {
			args[1], args[2] = key, fmt.Sprint("value ", i)
			c.want("OK", 1, args...)
		}
		clear(args)
		for i, key := range keys {
			c.want(bulk(fmt.Sprint("value ", i)), 1, "GET", key)
		}
	}},

	{"an answer stays as it is", func(c *check) {
		key, other := c.set(strings.Repeat("a", 100)), c.set(strings.Repeat("b", 100))
		first := c.do(1, "GET", key)
		for range 50 {
			c.want(bulk(strings.Repeat("b", 100)), 1, "GET", other)
		}
		if diff := difference(first, bulk(strings.Repeat("a", 100))); diff != "" {
			c.failf("an answer after others: %s", diff)
		}
	}},

	{"an answer belongs to the caller", func(c *check) {
		key := c.set("value")
		for range 3 {
			got := c.do(1, "GET", key)
			if diff := difference(got, bulk("value")); diff != "" {
				c.failf("after a caller has overwritten the same answer: %s", diff)
			}
			if bytes, ok := got.([]byte); ok {
				clear(bytes[:cap(bytes)])
			}
		}
	}},
}
