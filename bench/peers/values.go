package peers

import (
	"fmt"
	"strings"
)

// The names of the three values, and of the one that New puts.
const (
	countKey = "visits"
	nameKey  = "name"
	adminKey = "admin"
	userKey  = "user"
	textKey  = "text"
)

// A pair is a value and its name: an int64, a string or a bool.
type pair struct {
	name  string
	value any
}

// textLen makes a record of ours one of 1 KB, with its header and the three
// values beside the text.
const textLen = 828

// values returns what SignIn, SignIn30 or SignInKB puts into a session.
func values(a Action) []pair {
	all := []pair{{countKey, FirstCount}, {nameKey, UserName}, {adminKey, true}}
	switch a {
	case SignIn30: // and these
	case SignInKB:
		return append(all, pair{textKey, strings.Repeat("letters. ", textLen/9)})
	default:
		return all
	}
	for i := range 27 {
		p := pair{name: fmt.Sprintf("value_%02d", i)}
		switch i % 3 {
		case 0:
			p.value = int64(i) * 1_000_003
		case 1:
			p.value = i%2 == 0
		default:
			p.value = strings.Repeat(fmt.Sprintf("text %02d. ", i), 18)
		}
		all = append(all, p)
	}
	return all
}

// Values returns the three values of a session as a map, and with thirty all
// of them.
func Values(thirty bool) map[string]any {
	a := SignIn
	if thirty {
		a = SignIn30
	}
	m := map[string]any{}
	for _, p := range values(a) {
		m[p.name] = p.value
	}
	return m
}
