package clienttest

import (
	"fmt"

	"github.com/sojourn-go/session/store/redisstore"
)

// masters returns the clients of the masters, of which there must be one.
func (c *check) masters() []redisstore.Client {
	masters, err := c.Client.(redisstore.Cluster).Masters(c.ctx)
	if err != nil || len(masters) == 0 {
		c.failf("Masters: got %d, error %v, want one at least", len(masters), err)
	}
	return masters
}

// scan returns the keys that match, as often as a master tells of them.
func (c *check) scan(master redisstore.Client, pattern string) map[string]bool {
	found := map[string]bool{}
	for cursor := "0"; ; {
		reply, err := master.Do(c.ctx, about(0, "SCAN", cursor, "MATCH", pattern, "COUNT", "1000"))
		pair, ok := reply.([]any)
		if err != nil || !ok || len(pair) != 2 {
			c.failf("SCAN of a master: got %.60q, error %v, want a cursor and keys", reply, err)
		}
		keys, _ := pair[1].([]any)
		for _, key := range keys {
			text, _ := asText(key)
			found[text] = true
		}
		if cursor, _ = asText(pair[0]); cursor == "0" || cursor == "" {
			return found
		}
	}
}

// clustering is for a [redisstore.Cluster].
var clustering = []rule{
	{"each of the masters answers for itself", func(c *check) {
		seen := map[string]bool{}
		for _, master := range c.masters() {
			var first string
			for i := range 10 {
				reply, err := master.Do(c.ctx, about(0, "CLUSTER", "MYID"))
				id, ok := asText(reply)
				switch {
				case err != nil || !ok:
					c.failf("CLUSTER MYID of a master: got %v, error %v, want its id", reply, err)
				case i == 0 && seen[id]:
					c.failf("Masters: got %s twice", id)
				case i > 0 && id != first:
					c.failf("CLUSTER MYID of a master: got %s, before it was %s", id, first)
				}
				first, seen[id] = id, true
			}
		}
	}},

	{"the masters together hold every key once", func(c *check) {
		prefix := c.key()
		count := map[string]int{}
		for i := range 100 {
			key := c.take(fmt.Sprint(prefix, ":", i))
			count[key] = 0
			c.do(1, "SET", key, "value")
		}
		for _, master := range c.masters() {
			for key := range c.scan(master, prefix+":*") {
				count[key]++
			}
		}
		for key, n := range count {
			if n != 1 {
				c.failf("SCAN of all masters: %q was found by %d of them, want 1", key, n)
			}
		}
	}},
}
