package defaults_test

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/sojourn-go/session/defaults"
)

// rfc7239 is behind, with proxies that say Forwarded.
func rfc7239() defaults.Config {
	c := behind()
	c.Proxies.Forwarded, c.Proxies.BelieveHost = true, true
	return c
}

func TestForwardedIsReadAsRFC7239HasIt(t *testing.T) {
	nothing, refused := sight{proxy, "example.com", "http"}, sight{}
	for story, tt := range map[string]struct {
		peer  string
		lines []string
		want  sight
	}{
		"nothing":                           {proxy, nil, nothing},
		"a stranger":                        {stranger, []string{"for=198.51.100.2;proto=https;host=evil.example"}, sight{stranger, "example.com", "http"}},
		"all of it":                         {proxy, []string{"for=198.51.100.2;proto=https;host=www.example.org;by=10.0.0.1"}, sight{"198.51.100.2:0", "www.example.org", "https"}},
		"names in any case":                 {proxy, []string{"For=198.51.100.2;PROTO=HTTPS"}, sight{"198.51.100.2:0", "example.com", "https"}},
		"quotes":                            {proxy, []string{`for="198.51.100.2:80";proto="https";host="www.example.org:8443"`}, sight{"198.51.100.2:80", "www.example.org:8443", "https"}},
		"quoted pairs":                      {proxy, []string{`for="198.51.100.\2"`}, sight{"198.51.100.2:0", "example.com", "http"}},
		"IPv6":                              {proxy, []string{`for="[2a00::1]:4711"`}, sight{"[2a00::1]:4711", "example.com", "http"}},
		"IPv6 without a port":               {proxy, []string{`for="[2a00::1]"`}, sight{"[2a00::1]:0", "example.com", "http"}},
		"IPv6 without its quotes":           {proxy, []string{`for=[2a00::1]:4711;proto=https`}, sight{"[2a00::1]:4711", "example.com", "https"}},
		"two hops":                          {proxy, []string{"for=1.1.1.1, for=198.51.100.2;proto=https, for=10.0.0.2"}, sight{"198.51.100.2:0", "example.com", "https"}},
		"two hops on two lines":             {proxy, []string{"for=1.1.1.1, for=198.51.100.2", "for=10.0.0.2"}, sight{"198.51.100.2:0", "example.com", "http"}},
		"who is nearer the client":          {proxy, []string{"for=198.51.100.2;proto=https;host=a.example, for=10.0.0.2;proto=http;host=b.internal"}, sight{"198.51.100.2:0", "a.example", "https"}},
		"who is nearer says less":           {proxy, []string{"for=198.51.100.2, for=10.0.0.2;proto=https;host=b.example"}, sight{"198.51.100.2:0", "b.example", "https"}},
		"what the client wrote":             {proxy, []string{"for=10.0.0.9;proto=https;host=evil.example, for=198.51.100.2"}, sight{"198.51.100.2:0", "example.com", "http"}},
		"a hop that is unknown":             {proxy, []string{"for=1.1.1.1, for=unknown;proto=https"}, sight{proxy, "example.com", "https"}},
		"an obfuscated one":                 {proxy, []string{"for=1.1.1.1, for=_gazonk"}, nothing},
		"an obfuscated one, farther away":   {proxy, []string{"for=1.1.1.1, for=_gazonk, for=10.0.0.2"}, sight{"10.0.0.2:0", "example.com", "http"}},
		"an obfuscated port":                {proxy, []string{`for="198.51.100.2:_x"`}, nothing},
		"no for":                            {proxy, []string{"for=1.1.1.1, proto=https"}, sight{proxy, "example.com", "https"}},
		"other parameters":                  {proxy, []string{`secret="a,b;c";for=198.51.100.2;x=y`}, sight{"198.51.100.2:0", "example.com", "http"}},
		"a host that is none":               {proxy, []string{`for=198.51.100.2;host="a b"`}, sight{"198.51.100.2:0", "example.com", "http"}},
		"a protocol that is none":           {proxy, []string{`for=198.51.100.2;proto=gopher`}, sight{"198.51.100.2:0", "example.com", "http"}},
		"white space":                       {proxy, []string{" for=198.51.100.2 ;\tproto=https , "}, sight{"198.51.100.2:0", "example.com", "https"}},
		"empty elements and pairs":          {proxy, []string{",, for=198.51.100.2;;proto=https; ,,"}, sight{"198.51.100.2:0", "example.com", "https"}},
		"an empty line":                     {proxy, []string{"for=198.51.100.2", ""}, sight{"198.51.100.2:0", "example.com", "http"}},
		"a parameter twice":                 {proxy, []string{"for=1.1.1.1;for=198.51.100.2;proto=https"}, refused},
		"white space at the equals sign":    {proxy, []string{"for= 198.51.100.2"}, refused},
		"no value":                          {proxy, []string{"for=;proto=https"}, refused},
		"an empty value":                    {proxy, []string{`for="";proto=https`}, refused},
		"no name":                           {proxy, []string{"=198.51.100.2"}, refused},
		"no pair":                           {proxy, []string{"198.51.100.2"}, refused},
		"quotes left open":                  {proxy, []string{`x="a, for=198.51.100.2;proto=https`}, sight{"198.51.100.2:0", "example.com", "https"}},
		"quotes closed by the proxy":        {proxy, []string{`x="a, for="[2a00::1]";proto=https`}, sight{"[2a00::1]:0", "example.com", "https"}},
		"quotes that end in a backslash":    {proxy, []string{`for="198.51.100.2\`}, refused},
		"a quote in quotes":                 {proxy, []string{`for=1.1.1.1, x="\",\\";for=198.51.100.2`}, sight{"198.51.100.2:0", "example.com", "http"}},
		"an open quote on the line before":  {proxy, []string{`x="a`, "for=198.51.100.2"}, sight{"198.51.100.2:0", "example.com", "http"}},
		"a line that nobody can read":       {proxy, []string{"for=1.1.1.1;proto=https", `x="`}, refused},
		"a hop's that nobody can read":      {proxy, []string{"for=1.1.1.1, x, for=10.0.0.2"}, refused},
		"another parameter without a value": {proxy, []string{"x=;for=198.51.100.2"}, refused},
		"what follows a quote":              {proxy, []string{`for="198.51.100.2"x`}, refused},
		"letters beyond ASCII":              {proxy, []string{"för=198.51.100.2"}, refused},
		"a hundred hops":                    {proxy, []string{strings.Repeat("for=1.1.1.1,", 99) + "for=198.51.100.2"}, sight{"198.51.100.2:0", "example.com", "http"}},
		"more hops than there can be":       {proxy, []string{strings.Repeat("for=1.1.1.1,", 100) + "for=198.51.100.2"}, sight{"198.51.100.2:0", "example.com", "http"}},
		"the header of the other kind":      {proxy, []string{""}, nothing},
	} {
		t.Run(story, func(t *testing.T) {
			h := http.Header{"Forwarded": tt.lines, "X-Forwarded-For": {"9.9.9.9"}, "X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {"evil.example"}}
			got, w := seen(t, rfc7239(), request(tt.peer, false, h))
			if saw := sightOf(got); saw != tt.want {
				t.Errorf("%q: got %+v, want %+v", tt.lines, saw, tt.want)
			}
			if (got == nil) != (w.Code == http.StatusBadRequest) {
				t.Errorf("%q: the answer is %d", tt.lines, w.Code)
			}
			asPromised(t, "API", false, w.Header())
		})
	}
}

// The proxy has appended to what a stranger wrote: who could spoil that would be
// the proxy, whose address is an inner one.
func TestWhatAStrangerWritesTakesNothingFromWhatTheProxyAppends(t *testing.T) {
	for _, garbage := range []string{
		"x", `for="`, "for=a;for=b", "for=", "=", `for="\`, `x="\\`, "for=1.2.3.4 x", "for=10.0.0.9;proto=http;x=\"", ",", `"`, `","`, "\x00",
		strings.Repeat("for=_a,", 101) + "for=_b", strings.Repeat("10.0.0.9, ", 1000), strings.Repeat(`",`, 1000), strings.Repeat(`\`, 1001),
	} {
		want := sight{"198.51.100.2:0", "example.com", "https"}
		for _, each := range []struct {
			config defaults.Config
			h      http.Header
		}{
			{rfc7239(), http.Header{"Forwarded": {garbage + ", for=198.51.100.2;proto=https"}}},
			{rfc7239(), http.Header{"Forwarded": {garbage + `,proto="https";secret="a,b=\",\\";for="198.51.100.2"`}}},
			{behind(), http.Header{"X-Forwarded-For": {garbage + ", 198.51.100.2"}, "X-Forwarded-Proto": {garbage + ", https"}}},
		} {
			if got, _ := seen(t, each.config, request(proxy, false, each.h)); sightOf(got) != want {
				t.Errorf("%.80q: got %+v, want %+v", each.h, sightOf(got), want)
			}
		}
	}
}

// FuzzForwarded is about a client that writes what it likes, and a proxy that
// appends what it has seen: nothing of the client's is believed.
func FuzzForwarded(f *testing.F) {
	for _, line := range []string{
		"", "1.1.1.1", "for=10.0.0.9;proto=https;host=evil.example", `x="`, `for="[2001:db8::1]`, `a="b\`, "for=", ",;,", "10.0.0.2, 10.0.0.3",
		"for=1;for=2", `for="a`, "\xff", `=`, `a=b "`, "fe80::1%eth0", "[::1]:80", "unknown", strings.Repeat("for=a,", 101),
	} {
		f.Add(line, true)
		f.Add(line, false)
	}
	x, rfc := behind(), rfc7239()
	x.Proxies.BelieveHost = true
	var got *http.Request
	keep := func(_ http.ResponseWriter, r *http.Request) { got = r }
	ofX, ofRFC := wrap(f, x, keep), wrap(f, rfc, keep)
	through := func(h http.Handler, header http.Header) sight {
		got = nil
		h.ServeHTTP(discard{}, request(proxy, false, header))
		return sightOf(got)
	}
	f.Fuzz(func(t *testing.T, client string, oneLine bool) {
		appended := func(own string) []string {
			if oneLine {
				return []string{client + ", " + own}
			}
			return []string{client, own}
		}
		want := sight{"198.51.100.2:0", "www.example.org", "http"}
		if saw := through(ofX, http.Header{
			"X-Forwarded-For": appended("198.51.100.2"), "X-Forwarded-Proto": appended("http"), "X-Forwarded-Host": appended("www.example.org"),
		}); saw != want {
			t.Errorf("X-Forwarded: got %+v, want %+v", saw, want)
		}
		for _, own := range []string{
			"for=198.51.100.2;proto=http;host=www.example.org", `host="www.example.org";for="198.51.100.2";proto="http"`,
			`x="a,b=\",\\";for=198.51.100.2;host=www.example.org;proto=http`,
		} {
			if saw := through(ofRFC, http.Header{"Forwarded": appended(own)}); saw != want {
				t.Errorf("Forwarded, %q: got %+v, want %+v", own, saw, want)
			}
		}
		// The proxy passes it on alone: whatever is made of it can be used.
		for _, saw := range []sight{
			through(ofRFC, http.Header{"Forwarded": {client}}),
			through(ofX, http.Header{"X-Forwarded-For": {client}, "X-Forwarded-Proto": {client}, "X-Forwarded-Host": {client}}),
		} {
			if saw == (sight{}) {
				continue // refused
			}
			if _, err := netip.ParseAddrPort(saw.addr); err != nil {
				t.Errorf("the address is %q: %v", saw.addr, err)
			}
			if u, err := url.Parse(saw.scheme + "://" + saw.host + "/"); err != nil || u.Host != saw.host || u.Path != "/" || u.User != nil {
				t.Errorf("%q and %q make no URL: %v", saw.scheme, saw.host, err)
			}
		}
	})
}

// FuzzRedirect is about a Host of a stranger's: where Location leads is that
// host and no other.
func FuzzRedirect(f *testing.F) {
	for _, host := range []string{"example.com", "example.com:80", "[::1]:80", "a@b", "a/b", `a\b`, "a#", "a?", "a%2f", "", ".", "[", "a:"} {
		f.Add(host, "/")
		f.Add(host, "//evil.example/..;x?y#z")
	}
	c := defaults.SecureAPI()
	c.Redirect.Port = 8443
	h := wrap(f, c, func(http.ResponseWriter, *http.Request) { f.Error("not redirected") })
	f.Fuzz(func(t *testing.T, host, target string) {
		u, err := url.ParseRequestURI(target)
		if err != nil {
			return
		}
		r := request(stranger, false, nil)
		r.Host, r.URL = host, u
		w := answered{header: http.Header{}}
		h.ServeHTTP(&w, r)
		location, err := url.Parse(w.header.Get("Location"))
		switch {
		case w.code == http.StatusBadRequest && w.header.Get("Location") == "":
		case err != nil || w.code != http.StatusMovedPermanently:
			t.Errorf("%q, %q: %d, %v", host, target, w.code, err)
		case location.Scheme != "https" || location.User != nil || location.Port() != "8443" ||
			(location.Hostname() != host && !strings.HasPrefix(strings.Trim(host, "["), location.Hostname())):
			t.Errorf("%q, %q: to %q", host, target, location)
		}
	})
}

type answered struct {
	header http.Header
	code   int
}

func (w *answered) Header() http.Header         { return w.header }
func (w *answered) Write(p []byte) (int, error) { return len(p), nil }
func (w *answered) WriteHeader(code int)        { w.code = code }
