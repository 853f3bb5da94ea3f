package cookie_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/sojourn-go/session/cookie"
)

// A writer is a ResponseWriter with a header and nothing else.
type writer struct{ h http.Header }

func (w writer) Header() http.Header { return w.h }

func (writer) Write(p []byte) (int, error) { return len(p), nil }

func (writer) WriteHeader(int) {}

type settings struct {
	Theme string `json:"theme"`
	Size  int    `json:"size"`
}

var someSettings = settings{"dark", 14}

// costs are what a request pays, with the most allocations of each. What seals has one to spare: under the race detector
// sync.Pool, of which the standard library's cipher and JSON make use, forgets on purpose.
func costs(t testing.TB) map[string]struct {
	most float64
	run  func()
} {
	s := newSealed[settings](t, newKeys(t), "__Host-Http-settings", anHour)
	plain := requestWith("x=1; theme=dark; y=2")
	encoded := requestWith("x=1; theme=Zo%C3%AB; y=2")
	good := sealedPair(t, s, someSettings)
	sealed, forged := requestWith("x=1; "+good+"; y=2"), requestWith("x=1; "+good[:60]+swapped(good[60:])+"; y=2")
	fail := func(ok bool) {
		if !ok {
			t.Error("it failed")
		}
	}
	return map[string]struct {
		most float64
		run  func()
	}{
		"Set": {6, func() {
			fail(cookie.Set(writer{http.Header{}}, "__Host-theme", "Zoë; admin=1", cookie.Attrs{}) == nil)
		}},
		"Get, plain":          {0, func() { _, ok := cookie.Get(plain, "theme"); fail(ok) }},
		"Get, with an escape": {1, func() { _, ok := cookie.Get(encoded, "theme"); fail(ok) }},
		"Sealed.Set":          {9, func() { fail(s.Set(writer{http.Header{}}, someSettings) == nil) }},
		"Sealed.Get":          {8, func() { v, ok := s.Get(sealed); fail(ok && v == someSettings) }},
		"Sealed.Get, none":    {0, func() { _, ok := s.Get(plain); fail(!ok) }},
		"Sealed.Get, forged":  {2, func() { _, ok := s.Get(forged); fail(!ok) }},
	}
}

// swapped returns s with its first two different characters exchanged.
func swapped(s string) string {
	i := strings.IndexFunc(s, func(r rune) bool { return r != rune(s[0]) })
	return s[i:i+1] + s[1:i] + s[:1] + s[i+1:]
}

func TestCostsInAllocations(t *testing.T) {
	for name, cost := range costs(t) {
		if got := testing.AllocsPerRun(100, cost.run); got > cost.most {
			t.Errorf("%s: got %v allocations, want at most %v", name, got, cost.most)
		}
	}
}

func BenchmarkCosts(b *testing.B) {
	for name, cost := range costs(b) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				cost.run()
			}
		})
	}
}
