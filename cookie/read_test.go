package cookie_test

import (
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/sojourn-go/session/cookie"
)

// A pair is what All yields.
type pair struct{ name, value string }

func pairs(lines ...string) (got []pair) {
	for name, value := range cookie.All(requestWith(lines...)) {
		got = append(got, pair{name, value})
	}
	return got
}

func TestAllYieldsEveryCookieDecodedWithItsNameUntouched(t *testing.T) {
	for story, tt := range map[string]struct {
		lines []string
		want  []pair
	}{
		"no header":                         {nil, nil},
		"several, in order":                 {[]string{"b=1; a=2", "c=3"}, []pair{{"b", "1"}, {"a", "2"}, {"c", "3"}}},
		"duplicates are all there":          {[]string{"a=1; a=2", "a=1"}, []pair{{"a", "1"}, {"a", "2"}, {"a", "1"}}},
		"a plus is a space":                 {[]string{"a=x+y%2Bz"}, []pair{{"a", "x y+z"}}},
		"escapes of either case":            {[]string{"a=%c3%A9%C3%a9"}, []pair{{"a", "éé"}}},
		"bytes that are no UTF-8":           {[]string{"a=%ff%00"}, []pair{{"a", "\xff\x00"}}},
		"raw UTF-8":                         {[]string{"a=é"}, []pair{{"a", "é"}}},
		"a broken escape hides one cookie":  {[]string{"a=50%; b=%4; c=%zz; d=%u0041; e=ok"}, []pair{{"e", "ok"}}},
		"one pair of quotes comes off":      {[]string{`a="x"; b=""; c=""y""`}, []pair{{"a", "x"}, {"b", ""}, {"c", `"y"`}}},
		"one quote stays":                   {[]string{`a="; b="x; c=y"`}, []pair{{"a", `"`}, {"b", `"x`}, {"c", `y"`}}},
		"encoded quotes stay":               {[]string{"a=%22x%22"}, []pair{{"a", `"x"`}}},
		"a comma ends nothing":              {[]string{"a=1,__Host-id=2"}, []pair{{"a", "1,__Host-id=2"}}},
		"a space ends nothing":              {[]string{"a=1 __Host-id=2"}, []pair{{"a", "1 __Host-id=2"}}},
		"an encoded name stays":             {[]string{"__Host%2Did=1; __Host-id+=2"}, []pair{{"__Host%2Did", "1"}, {"__Host-id+", "2"}}},
		"another case is another name":      {[]string{"__HOST-id=1"}, []pair{{"__HOST-id", "1"}}},
		"U+2000 and NBSP belong to a name":  {[]string{"\u2000__Host-id=1; \u00a0__Host-id=2"}, []pair{{"\u2000__Host-id", "1"}, {"\u00a0__Host-id", "2"}}},
		"$Version is a name":                {[]string{"$Version=1; a=2; $Path=/"}, []pair{{"$Version", "1"}, {"a", "2"}, {"$Path", "/"}}},
		"a cookie without a name is none":   {[]string{"=a; b; =__Host-id=c; ;"}, nil},
		"what stands behind the first is =": {[]string{"a=b=c=="}, []pair{{"a", "b=c=="}}},
	} {
		t.Run(story, func(t *testing.T) {
			if got := pairs(tt.lines...); !slices.Equal(got, tt.want) {
				t.Errorf("%q: got %q, want %q", tt.lines, got, tt.want)
			}
		})
	}
}

func TestAllStopsWhenAsked(t *testing.T) {
	for name := range cookie.All(requestWith("a=1; b=2", "c=3")) {
		if name != "a" {
			t.Errorf("got %s after the loop was left", name)
		}
		break
	}
}

func TestGetReturnsTheLastThatCanBeDecoded(t *testing.T) {
	for story, tt := range map[string]struct {
		lines []string
		want  string
		ok    bool
	}{
		"none":                         {nil, "", false},
		"another":                      {[]string{"b=1"}, "", false},
		"an empty one":                 {[]string{"a="}, "", true},
		"one":                          {[]string{"b=1; a=x%20y; c=2"}, "x y", true},
		"two":                          {[]string{"a=1; a=2"}, "2", true},
		"two, on two lines":            {[]string{"a=1", "a=2"}, "2", true},
		"the last is broken":           {[]string{"a=1; a=%"}, "1", true},
		"the first is broken":          {[]string{"a=%; a=2"}, "2", true},
		"all are broken":               {[]string{"a=%; a=%zz"}, "", false},
		"names that only look like it": {[]string{"A=1; a%20=2; \u2000a=3; aa=4"}, "", false},
	} {
		t.Run(story, func(t *testing.T) {
			got, ok := cookie.Get(requestWith(tt.lines...), "a")
			if got != tt.want || ok != tt.ok {
				t.Errorf("%q: got %q, %v; want %q, %v", tt.lines, got, ok, tt.want, tt.ok)
			}
		})
	}
}

func TestMoreCookiesThanABrowserSendsReadAsNone(t *testing.T) {
	for n, want := range map[int]int{2999: 2999, 3000: 3000, 3001: 0} {
		line := strings.TrimSuffix(strings.Repeat("a=1;", n), ";")
		for _, lines := range [][]string{{line}, strings.Split(line, ";")} {
			if got := len(pairs(lines...)); got != want {
				t.Errorf("%d cookies on %d lines: got %d, want %d", n, len(lines), got, want)
			}
			if _, ok := cookie.Get(requestWith(lines...), "a"); ok != (want > 0) {
				t.Errorf("%d cookies on %d lines: Get says %v", n, len(lines), ok)
			}
			if got := len(requestWith(lines...).Cookies()); got != want {
				t.Errorf("%d cookies on %d lines: net/http reads %d, want %d", n, len(lines), got, want)
			}
		}
	}
}

func TestReadingPlainValuesAllocatesNothing(t *testing.T) {
	r := requestWith("theme=dark; "+strings.Repeat("x=1; ", 100)+`a="b"`, strings.Repeat("v", 1<<20)+"=1; theme=light")
	allocs := testing.AllocsPerRun(10, func() {
		n := 0
		for range cookie.All(r) {
			n++
		}
		if v, ok := cookie.Get(r, "theme"); v != "light" || !ok || n != 104 {
			t.Errorf("got %q, %v and %d cookies", v, ok, n)
		}
	})
	if allocs != 0 {
		t.Errorf("got %v allocations, want 0", allocs)
	}
}

// A megabyte in one value, all of it escapes, is decoded once and costs no more than it is long.
func TestReadingCostsNoMoreThanTheHeaderIsLong(t *testing.T) {
	const mb = 1 << 20
	for story, line := range map[string]string{
		"escapes":        "a=" + strings.Repeat("%41", mb/3),
		"pluses":         "a=" + strings.Repeat("+", mb),
		"broken escapes": "a=" + strings.Repeat("%", mb),
		"quotes":         "a=" + strings.Repeat(`"`, mb),
		"duplicates":     strings.Repeat("a="+strings.Repeat("%41", 150)+"; ", mb/454),
	} {
		t.Run(story, func(t *testing.T) {
			r := requestWith(line)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, _ = cookie.Get(r, "a")
			runtime.ReadMemStats(&after)
			if got := after.TotalAlloc - before.TotalAlloc; got > mb+mb/4 {
				t.Errorf("got %d bytes for a header of %d", got, len(line))
			}
		})
	}
}

func FuzzAll(f *testing.F) {
	f.Add("a=1; b=%41+%2b", `c="q%22"; a=2`)
	f.Add("\u2000__Host-id=1; __Host%2Did=2, __Host-id=3", "=x; y; __Host-id")
	f.Add("a=%; a=%zz; a=%u0041", "$Version=1; a=1,b=2")
	f.Add(" a\t=1 ;\tb= 2 ", "a=\xff\x00; a[b]={\"x\":1}")
	f.Fuzz(func(t *testing.T, line1, line2 string) {
		if len(line1)+len(line2) > 400 {
			return // what is checked below is quadratic
		}
		r := requestWith(line1, line2)
		got, total := pairs(line1, line2), 0
		for _, p := range got {
			total += len(p.name) + len(p.value)
			if p.name == "" || strings.ContainsAny(p.name, "=;") || p.name != strings.TrimLeft(p.name, " \t") {
				t.Errorf("%q: the name %q", r.Header, p.name)
			}
			if !strings.Contains(line1, p.name+"=") && !strings.Contains(line2, p.name+"=") {
				t.Errorf("%q: the name %q is not in it, byte for byte", r.Header, p.name)
			}
		}
		if total > len(line1)+len(line2) {
			t.Errorf("%q: %d bytes out of %d", r.Header, total, len(line1)+len(line2))
		}
		for name, last := range maps.All(maps.Collect(cookie.All(r))) {
			if v, ok := cookie.Get(r, name); !ok || v != last {
				t.Errorf("%q: Get(%q) = %q, %v; All says %q", r.Header, name, v, ok, last)
			}
			if !slices.Contains(got, pair{name, last}) || len(slices.Collect(cookie.Values(r.Header, name))) == 0 {
				t.Errorf("%q: %q is not among what Values and All say", r.Header, name)
			}
		}
	})
}
