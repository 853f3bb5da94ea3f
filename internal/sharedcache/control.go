package sharedcache

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// A control is what Cache-Control says: the arguments of each directive, ""
// where there is none. Names are in lower case (section 5.2).
type control map[string][]string

// parse reads the lines of a Cache-Control field. What no directive can be is
// left out.
func parse(lines []string) control {
	c := control{}
	for _, line := range lines {
		for line != "" {
			var directive string
			directive, line = cut(line)
			name, argument, _ := strings.Cut(directive, "=")
			if name = strings.ToLower(strings.TrimSpace(name)); name != "" {
				c[name] = append(c[name], strings.Trim(strings.TrimSpace(argument), `"`))
			}
		}
	}
	return c
}

// cut cuts off the first member of a list. A comma within quotes is no end.
func cut(line string) (member, rest string) {
	quoted := false
	for i := range len(line) {
		switch {
		case line[i] == '"':
			quoted = !quoted
		case line[i] == ',' && !quoted:
			return line[:i], line[i+1:]
		}
	}
	return line, ""
}

func (c control) has(name string) bool { return len(c[name]) > 0 }

// seconds returns the time a directive names. Of several the shortest counts,
// and what is no number is none at all: in doubt a response is stale (section
// 4.2.1).
func (c control) seconds(name string) (time.Duration, bool) {
	if !c.has(name) {
		return 0, false
	}
	shortest := time.Duration(math.MaxInt64)
	for _, text := range c[name] {
		shortest = min(shortest, seconds(text))
	}
	return shortest, true
}

// seconds reads delta-seconds (section 1.2.2): a number too large is 2^31.
func seconds(text string) time.Duration {
	if text == "" || strings.Trim(text, "0123456789") != "" {
		return 0
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		n = 1 << 31
	}
	return time.Duration(n) * time.Second
}
