package cookie_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/sojourn-go/session/cookie"
)

const name = "__Host-Http-session"

func TestValuesFindsTheExactNameOnly(t *testing.T) {
	for story, tt := range map[string]struct {
		lines []string
		want  []string
	}{
		"no header":                      {nil, nil},
		"an empty header":                {[]string{""}, nil},
		"one cookie":                     {[]string{name + "=a"}, []string{"a"}},
		"among others":                   {[]string{"x=1; " + name + "=a; y=2"}, []string{"a"}},
		"duplicates in order":            {[]string{name + "=a; x=1; " + name + "=b; " + name + "=a"}, []string{"a", "b", "a"}},
		"several lines in order":         {[]string{name + "=a", "x=1", name + "=b; " + name + "=c"}, []string{"a", "b", "c"}},
		"spaces and tabs around a pair":  {[]string{"\t x=1 ;\t" + name + "=a \t; " + name + "=b"}, []string{"a", "b"}},
		"no space after the semicolon":   {[]string{"x=1;" + name + "=a;y=2"}, []string{"a"}},
		"empty pairs":                    {[]string{";; ;" + name + "=a;;"}, []string{"a"}},
		"an empty value":                 {[]string{name + "="}, []string{""}},
		"quotes stay":                    {[]string{name + `="a"`}, []string{`"a"`}},
		"a quoted semicolon separates":   {[]string{`x="; ` + name + `=a"`}, []string{`a"`}},
		"nothing is decoded":             {[]string{name + "=a%20b+c"}, []string{"a%20b+c"}},
		"equals signs in a value":        {[]string{name + "=a=b=="}, []string{"a=b=="}},
		"a comma separates nothing":      {[]string{"x=1," + name + "=a"}, nil},
		"the name without a value":       {[]string{name}, nil},
		"a nameless cookie":              {[]string{"=" + name + "=a"}, nil},
		"the name as a value":            {[]string{"x=" + name + "=a"}, nil},
		"a space before the equals sign": {[]string{name + " =a"}, nil},
		"a space after the equals sign":  {[]string{name + "= a"}, []string{" a"}},
		"capitals":                       {[]string{"__HOST-HTTP-SESSION=a; __host-http-session=b; __HOST-Http-session=c"}, nil},
		"U+2000 around the name":         {[]string{"\u2000" + name + "=a; " + name + "\u2000=b"}, nil},
		"U+00A0 around the name":         {[]string{"\u00a0" + name + "=a; " + name + "\u00a0=b"}, nil},
		"U+0085 and the byte 0x85":       {[]string{"\u0085" + name + "=a; \x85" + name + "=b; \xa0" + name + "=c"}, nil},
		"VT, FF, NUL, CR, LF":            {[]string{"\v" + name + "=a; \f" + name + "=b; \x00" + name + "=c; \r" + name + "=d; \n" + name + "=e"}, nil},
		"$Version changes nothing":       {[]string{`$Version=1; ` + name + `="a\"b"; $Path=/; $Domain=x`}, []string{`"a\"b"`}},
		"$ before the name":              {[]string{"$" + name + "=a"}, nil},
		"a longer and a shorter name":    {[]string{name + "2=a; x" + name + "=b; " + name[:len(name)-1] + "=c"}, nil},
		"an encoded name":                {[]string{"__Host%2DHttp-session=a"}, nil},
	} {
		t.Run(story, func(t *testing.T) {
			h := http.Header{"Cookie": tt.lines}
			if got := slices.Collect(cookie.Values(h, name)); !slices.Equal(got, tt.want) {
				t.Errorf("%q: got %q, want %q", tt.lines, got, tt.want)
			}
		})
	}
}

func TestNothingHasTheEmptyName(t *testing.T) {
	h := http.Header{"Cookie": {"=a; b; =; ;"}}
	if got := slices.Collect(cookie.Values(h, "")); got != nil {
		t.Errorf("got %q, want nothing", got)
	}
}

func TestANameWithAnEqualsSignIsNobodys(t *testing.T) {
	h := http.Header{"Cookie": {"a=b=c"}}
	if got := slices.Collect(cookie.Values(h, "a=b")); got != nil {
		t.Errorf("got %q, want nothing", got)
	}
}

func TestValuesStopsWhenAsked(t *testing.T) {
	h := http.Header{"Cookie": {"a=1; a=2", "a=3"}}
	for stop, want := range [][]string{{"1"}, {"1", "2"}, {"1", "2", "3"}} {
		var got []string
		for v := range cookie.Values(h, "a") {
			if got = append(got, v); len(got) > stop {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestValuesAllocatesNothing(t *testing.T) {
	const mb = 1 << 20
	for story, lines := range map[string][]string{
		"an ordinary header":      {"x=1; " + name + "=a; y=2; " + name + "=b"},
		"1 MB in one value":       {name + "=" + strings.Repeat("v", mb), name + "=b"},
		"1 MB of pairs":           {strings.Repeat("x=1; ", mb/5) + name + "=a; " + name + "=b"},
		"1 MB of semicolons":      {strings.Repeat(";", mb) + name + "=a;" + name + "=b"},
		"1 MB of spaces and tabs": {strings.Repeat(" \t", mb/2) + name + "=a;" + name + "=b"},
		"a thousand lines":        append(slices.Repeat([]string{"x=1"}, 1000), name+"=a", name+"=b"),
	} {
		t.Run(story, func(t *testing.T) {
			h := http.Header{"Cookie": lines}
			n := 0
			allocs := testing.AllocsPerRun(2, func() {
				n = 0
				for range cookie.Values(h, name) {
					n++
				}
			})
			if allocs != 0 || n != 2 {
				t.Errorf("got %v allocations and %d values, want 0 and 2", allocs, n)
			}
		})
	}
}

func FuzzValues(f *testing.F) {
	f.Add("x=1; "+name+"=a", name+"=b", name)
	f.Add("\u2000"+name+"=a; __HOST-HTTP-session=b", "$Version=1; =c; d", name)
	f.Add(" \t; a=\"q;r\"\t;a", "a==;;", "a")
	f.Add("", "=x", "")
	f.Fuzz(func(t *testing.T, line1, line2, name string) {
		h := http.Header{"Cookie": {line1, line2}}
		got := slices.Collect(cookie.Values(h, name))
		if want := reference(h, name); !slices.Equal(got, want) {
			t.Errorf("%q, %q: got %q, want %q", h, name, got, want)
		}
		if slices.ContainsFunc(got, func(v string) bool { return strings.Contains(v, ";") }) {
			t.Errorf("%q, %q: a value with a semicolon: %q", h, name, got)
		}
		if wellFormed(name+"=") && wellFormed(line1) && wellFormed(line2) {
			if want := standard(h, name); !slices.Equal(got, want) {
				t.Errorf("%q, %q: got %q, want as net/http %q", h, name, got, want)
			}
		}
	})
}

// reference is Values as one would write it without a thought for allocations.
func reference(h http.Header, name string) (values []string) {
	for _, line := range h["Cookie"] {
		for pair := range strings.SplitSeq(line, ";") {
			parts := strings.SplitN(strings.Trim(pair, " \t"), "=", 2)
			if len(parts) == 2 && parts[0] == name && name != "" {
				values = append(values, parts[1])
			}
		}
	}
	return values
}

// standard returns what net/http reads: on well-formed pairs, the two must agree.
func standard(h http.Header, name string) (values []string) {
	r := &http.Request{Header: h}
	for _, c := range r.CookiesNamed(name) {
		values = append(values, c.Value)
	}
	return values
}

// wellFormed reports whether line is "a=b; c=d", of names and values that net/http would write itself.
func wellFormed(line string) bool {
	for pair := range strings.SplitSeq(line, "; ") {
		name, value, ok := strings.Cut(pair, "=")
		if !ok || (&http.Cookie{Name: name, Value: value}).Valid() != nil {
			return false
		}
	}
	return true
}
