package redis

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// said is what has been answered, and why.
func (c *crowd) said() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var b strings.Builder
	fmt.Fprint(&b, c.tally)
	for _, why := range most(c.whys, 5) {
		fmt.Fprintf(&b, "\n  %6d times %s", c.whys[why], why)
	}
	return b.String()
}

// most returns the keys with the greatest counts.
func most(counts map[string]int, n int) []string {
	all := make([]string, 0, len(counts))
	for why := range counts {
		all = append(all, why)
	}
	slices.SortFunc(all, func(a, b string) int { return counts[b] - counts[a] })
	return all[:min(n, len(all))]
}

// closes sends the visitors home, and compares what is left with what they have
// been told.
func (c *crowd) closes() {
	c.t.Helper()
	c.stop()
	if c.slack > 0 {
		<-time.After(c.slack) // from now on there is nothing old
		c.slack = 0
	}
	for _, n := range c.nodes {
		for _, v := range c.visitors {
			if a := v.does(look, n); a.status != http.StatusOK {
				c.errorf("%s: the last look: answered %d (%s), want 200", v.name, a.status, a.why)
			}
		}
	}
	c.checkLeft(c.nodes[0])
	c.t.Logf("%s\n  %d sessions ended, %d left behind by failures; lost: %v", c.said(), len(c.over), len(c.open), c.gone)
}

// checkLeft looks at what was left behind.
func (c *crowd) checkLeft(n *node) {
	for _, l := range c.over {
		if a := send(n, look, l.token, ""); a.status != http.StatusOK {
			c.errorf("a token that was signed out: answered %d (%s)", a.status, a.why)
		} else if a.owner != "" || a.count != 0 {
			if !c.mayLose(logout, 1) {
				c.errorf("%s signed out, and the token still opens the session", l.owner)
			}
		}
	}
	for _, l := range c.open {
		// It opens what it opened before, or nothing; never what a login that
		// was not answered has made of it.
		a := send(n, look, l.token, "")
		switch nothing := a.owner == "" && a.count == 0; {
		case a.status != http.StatusOK:
			c.errorf("a token of before a failure: answered %d (%s)", a.status, a.why)
		case nothing:
		case a.owner != l.owner || a.count > l.most:
			c.errorf("a token of owner %q opens a session of owner %q with %d updates, of which there were %d", l.owner, a.owner, a.count, l.most)
		case a.count < l.least && !c.mayLose(add, l.least-a.count):
			c.errorf("a token of owner %q opens a session with %d updates, of which %d had been answered 200", l.owner, a.count, l.least)
		}
	}
}
