package clienttest

import (
	"fmt"
)

// callers are many at once.
var callers = []rule{
	{"of many callers at once each gets its own answer", func(c *check) {
		key := c.set("shared")
		c.echoes("ECHO among others")
		c.together(64, func(int) error {
			for range 10 {
				got, err := c.Do(c.ctx, about(1, "GET", key))
				if diff := difference(got, bulk("shared")); err != nil || diff != "" {
					return fmt.Errorf("GET among others: error %v; %s", err, diff)
				}
			}
			return nil
		})
	}},
}
