package cookie_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sojourn-go/session/cookie"
	"github.com/sojourn-go/session/seal"
)

func TestNewSealedNamesEveryFaultAndTheCure(t *testing.T) {
	keys := newKeys(t)
	long := strings.Repeat("n", 256)
	for story, tt := range map[string]struct {
		make func() error
		want []string
	}{
		"everything at once": {
			func() error {
				_, err := cookie.NewSealed[chan int](seal.Keys{}, "__Host-a b", cookie.SealedOptions{
					Lifetime: -1, Attrs: cookie.Attrs{Path: "/app", MaxAge: time.Hour, Expires: time.Unix(1e9, 0)},
				})
				return err
			},
			[]string{
				`cookie: the name "__Host-a b" holds " "`,
				`cookie: Path "/app" does not go with the prefix __Host-`,
				`cookie: Purpose is empty: say what the cookie is for`,
				`cookie: Lifetime -1ns is negative: a sealed cookie cannot be revoked, so it has to end`,
				`cookie: MaxAge and Expires of a sealed cookie follow from Lifetime`,
				`seal: there is no key in the zero Keys`,
				`cookie: a value of this type cannot be sealed: json: unsupported type: chan int`,
			},
		},
		"no options":              {making[int](keys, "n", cookie.SealedOptions{}), []string{"cookie: Purpose is empty", "cookie: Lifetime is zero: say how long"}},
		"no name":                 {making[int](keys, "", anHour), []string{"cookie: the name is empty"}},
		"a long name":             {making[int](keys, long, anHour), []string{"cookie: the name has 256 bytes: that of a sealed cookie at most 255"}},
		"a long purpose":          {making[int](keys, "n", cookie.SealedOptions{Purpose: long[:249], Lifetime: time.Hour}), []string{"cookie: Purpose has 249 bytes: at most 248"}},
		"a moment too short":      {making[int](keys, "n", cookie.SealedOptions{Purpose: "p", Lifetime: time.Millisecond - 1}), []string{"cookie: Lifetime 999.999µs is less than a millisecond"}},
		"a moment too long":       {making[int](keys, "n", cookie.SealedOptions{Purpose: "p", Lifetime: 400*day + 1}), []string{"cookie: Lifetime 9600h0m0.000000001s is more than 400 days"}},
		"Persistent and too long": {making[int](keys, "n", cookie.SealedOptions{Purpose: "p", Lifetime: 500 * day, Persistent: true}), []string{"cookie: Lifetime 12000h0m0s is more than 400 days"}},
		"MaxAge":                  {making[int](keys, "n", cookie.SealedOptions{Purpose: "p", Lifetime: time.Hour, Attrs: cookie.Attrs{MaxAge: -1}}), []string{"cookie: MaxAge and Expires"}},
		"a field of no JSON":      {making[struct{ F func() }](keys, "n", anHour), []string{"cookie: a value of this type cannot be sealed: json: unsupported type: func()"}},
	} {
		t.Run(story, func(t *testing.T) {
			if got := texts(tt.make()); !slices.EqualFunc(got, tt.want, strings.HasPrefix) {
				t.Errorf("got %q, want texts that begin with %q", got, tt.want)
			}
		})
	}
}

func TestNewSealedTakesTheLimitsThemselves(t *testing.T) {
	for story, err := range map[string]error{
		"the longest name and purpose": making[int](newKeys(t), strings.Repeat("n", 255), cookie.SealedOptions{Purpose: strings.Repeat("p", 248), Lifetime: time.Hour})(),
		"the shortest lifetime":        making[int](newKeys(t), "n", cookie.SealedOptions{Purpose: "p", Lifetime: time.Millisecond})(),
		"the longest lifetime":         making[int](newKeys(t), "n", cookie.SealedOptions{Purpose: "p", Lifetime: 400 * day, Persistent: true})(),
		"a type that may be encoded":   making[any](newKeys(t), "n", anHour)(),
	} {
		if err != nil {
			t.Errorf("%s: %v", story, err)
		}
	}
}

func making[T any](keys seal.Keys, name string, o cookie.SealedOptions) func() error {
	return func() error {
		s, err := cookie.NewSealed[T](keys, name, o)
		if (s == nil) != (err != nil) {
			panic("a Sealed and an error, or neither")
		}
		return err
	}
}
