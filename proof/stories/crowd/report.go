package crowd

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// said is what has been answered, and why.
func (c *Crowd) said() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var b strings.Builder
	fmt.Fprint(&b, c.Tally)
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

// Closes sends the visitors home, and compares what is left with what they have
// been told.
func (c *Crowd) Closes() {
	c.t.Helper()
	c.stop()
	if c.Slack > 0 {
		<-time.After(c.Slack) // from now on there is nothing old
		c.Slack = 0
	}
	for _, n := range c.Nodes {
		for _, v := range c.Visitors {
			if a := v.Does(Look, n); a.Status != http.StatusOK {
				c.errorf("%s: the last look: answered %d (%s), want 200", v.name, a.Status, a.Why)
			}
		}
	}
	c.checkLeft(c.Nodes[0])
	c.t.Logf("%s\n  %d sessions ended, %d left behind by failures; lost: %v", c.said(), len(c.over), len(c.open), c.Gone)
}

// checkLeft looks at what was left behind.
func (c *Crowd) checkLeft(n *Node) {
	for _, l := range c.over {
		if a := Send(n, Look, l.token, ""); a.Status != http.StatusOK {
			c.errorf("a token that was signed out: answered %d (%s)", a.Status, a.Why)
		} else if a.Owner != "" || a.Count != 0 {
			if !c.mayLose(Logout, 1) {
				c.errorf("%s signed out, and the token still opens the session", l.owner)
			}
		}
	}
	for _, l := range c.open {
		// It opens what it opened before, or nothing; never what a login that
		// was not answered has made of it.
		a := Send(n, Look, l.token, "")
		switch nothing := a.Owner == "" && a.Count == 0; {
		case a.Status != http.StatusOK:
			c.errorf("a token of before a failure: answered %d (%s)", a.Status, a.Why)
		case nothing:
		case a.Owner != l.owner || a.Count > l.most:
			c.errorf("a token of owner %q opens a session of owner %q with %d updates, of which there were %d", l.owner, a.Owner, a.Count, l.most)
		case a.Count < l.least && !c.mayLose(Add, l.least-a.Count):
			c.errorf("a token of owner %q opens a session with %d updates, of which %d had been answered 200", l.owner, a.Count, l.least)
		}
	}
}
