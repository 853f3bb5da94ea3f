package defaults_test

import (
	"maps"
	"net/http"
	"testing"

	"github.com/sojourn-go/session/defaults"
)

const (
	stranger = "203.0.113.7:4711"
	proxy    = "10.0.0.1:5000"
)

// behind is an API behind proxies of 10.0.0.0/8, 2001:db8::/32 and fe80::/10.
func behind() defaults.Config {
	c := defaults.API()
	c.Proxies.Trusted = prefixes("10.0.0.0/8", "2001:db8::/32", "fe80::/10")
	return c
}

func TestTheAddressIsThatOfTheRightMostHopThatIsNotTrusted(t *testing.T) {
	for story, tt := range map[string]struct {
		peer  string
		lines []string
		want  string
	}{
		"nobody says anything":                {proxy, nil, proxy},
		"one proxy":                           {proxy, []string{"198.51.100.2"}, "198.51.100.2:0"},
		"a stranger is not believed":          {stranger, []string{"198.51.100.2"}, stranger},
		"nor about a trusted address":         {stranger, []string{"10.0.0.9"}, stranger},
		"two proxies":                         {proxy, []string{"198.51.100.2, 10.0.0.2"}, "198.51.100.2:0"},
		"two proxies, two lines":              {proxy, []string{"198.51.100.2", "10.0.0.2"}, "198.51.100.2:0"},
		"what the client wrote":               {proxy, []string{"1.1.1.1, 198.51.100.2"}, "198.51.100.2:0"},
		"what the client wrote, on a line":    {proxy, []string{"1.1.1.1", "198.51.100.2"}, "198.51.100.2:0"},
		"a trusted address of the client's":   {proxy, []string{"1.1.1.1, 10.0.0.5, 198.51.100.2, 10.0.0.2"}, "198.51.100.2:0"},
		"garbage of the client's":             {proxy, []string{"x\" ;,,=, 198.51.100.2"}, "198.51.100.2:0"},
		"everybody is trusted":                {proxy, []string{"10.0.0.4, 10.0.0.3"}, "10.0.0.4:0"},
		"a port":                              {proxy, []string{"198.51.100.2:1234"}, "198.51.100.2:1234"},
		"IPv6":                                {proxy, []string{"2a00::1"}, "[2a00::1]:0"},
		"IPv6 in brackets":                    {proxy, []string{"[2a00::1]"}, "[2a00::1]:0"},
		"IPv6 with a port":                    {proxy, []string{"[2a00::1]:1234"}, "[2a00::1]:1234"},
		"IPv6 with a zone":                    {proxy, []string{"fe80::2%eth0"}, "[fe80::2]:0"},
		"IPv4 as IPv6":                        {proxy, []string{"1.1.1.1, ::ffff:198.51.100.2, ::ffff:10.0.0.2"}, "198.51.100.2:0"},
		"a trusted peer as IPv6":              {"[::ffff:10.0.0.1]:5000", []string{"198.51.100.2"}, "198.51.100.2:0"},
		"a trusted peer of IPv6":              {"[2001:db8::1]:5000", []string{"198.51.100.2"}, "198.51.100.2:0"},
		"a trusted peer with a zone":          {"[fe80::1%eth0]:5000", []string{"198.51.100.2"}, "198.51.100.2:0"},
		"a peer without a port":               {"10.0.0.1", []string{"198.51.100.2"}, "198.51.100.2:0"},
		"a stranger with a zone":              {"[fec0::1%eth0]:5000", []string{"198.51.100.2"}, "[fec0::1%eth0]:5000"},
		"no peer to be named":                 {"@", []string{"198.51.100.2"}, "@"},
		"no peer at all":                      {"", []string{"198.51.100.2"}, ""},
		"a hop that is unknown":               {proxy, []string{"1.1.1.1, unknown"}, proxy},
		"a hop that is unknown, farther away": {proxy, []string{"1.1.1.1, unknown, 10.0.0.2:7"}, "10.0.0.2:7"},
		"an obfuscated hop":                   {proxy, []string{"_hidden"}, proxy},
		"a name":                              {proxy, []string{"client.example"}, proxy},
		"an address that is none":             {proxy, []string{"198.51.100.256"}, proxy},
		"an address too long":                 {proxy, []string{"198.51.100.2, 2a00::1%" + string(make([]byte, 100))}, proxy},
		"IPv4 in brackets":                    {proxy, []string{"[198.51.100.2]"}, proxy},
		"IPv6 with a port, no brackets":       {proxy, []string{"2a00:0:0:0:0:0:0:1:1234"}, proxy},
		"brackets left open":                  {proxy, []string{"[2a00::1"}, proxy},
		"a port that is none":                 {proxy, []string{"198.51.100.2:http"}, proxy},
		"quotes":                              {proxy, []string{`"198.51.100.2"`}, proxy},
		"empty elements":                      {proxy, []string{" ,198.51.100.2\t, ,"}, "198.51.100.2:0"},
		"an empty line":                       {proxy, []string{"198.51.100.2", ""}, "198.51.100.2:0"},
		"nothing but commas":                  {proxy, []string{",,,"}, proxy},
	} {
		t.Run(story, func(t *testing.T) {
			h := http.Header{"X-Forwarded-For": tt.lines, "Forwarded": {"for=9.9.9.9"}, "X-Real-Ip": {"9.9.9.9"}}
			got, _ := seen(t, behind(), request(tt.peer, false, h))
			if got.RemoteAddr != tt.want {
				t.Errorf("got %q, want %q", got.RemoteAddr, tt.want)
			}
		})
	}
}

func TestTheSchemeIsWhatTheNearestTrustedProxySaysElseWhatTLSSays(t *testing.T) {
	for _, tt := range []struct {
		peer    string
		withTLS bool
		lines   []string
		want    string
	}{
		{stranger, false, nil, "http"},
		{stranger, true, nil, "https"},
		{stranger, false, []string{"https"}, "http"},
		{stranger, true, []string{"http"}, "https"},
		{proxy, false, nil, "http"},
		{proxy, true, nil, "https"},
		{proxy, false, []string{"https"}, "https"},
		{proxy, true, []string{"http"}, "http"},
		{proxy, false, []string{" HTTPS "}, "https"},
		{proxy, false, []string{"wss"}, "https"},
		{proxy, true, []string{"ws"}, "http"},
		{proxy, false, []string{"https, http"}, "http"},
		{proxy, false, []string{"https", "http"}, "http"},
		{proxy, false, []string{"http,https"}, "https"},
		{proxy, false, []string{"https", "gopher"}, "http"},
		{proxy, true, []string{"gopher"}, "https"},
		{proxy, false, []string{"https,"}, "http"},
		{proxy, false, []string{""}, "http"},
	} {
		h := http.Header{"X-Forwarded-Proto": tt.lines, "X-Forwarded-Ssl": {"on"}, "Forwarded": {"proto=https"}}
		got, _ := seen(t, behind(), request(tt.peer, tt.withTLS, h))
		if defaults.Scheme(got) != tt.want {
			t.Errorf("%s, TLS %v, %q: got %q, want %q", tt.peer, tt.withTLS, tt.lines, defaults.Scheme(got), tt.want)
		}
		word := "" // is left where it says more than TLS does
		if tt.want == "https" != tt.withTLS {
			word = tt.want
		}
		if left := got.Header.Get("X-Forwarded-Proto"); left != word {
			t.Errorf("%s, TLS %v, %q: X-Forwarded-Proto is %q inside, want %q", tt.peer, tt.withTLS, tt.lines, left, word)
		}
	}
}

func TestAHostIsBelievedOnlyWhereThatIsAskedFor(t *testing.T) {
	for _, tt := range []struct {
		peer    string
		believe bool
		lines   []string
		want    string
	}{
		{proxy, false, []string{"evil.example"}, "example.com"},
		{proxy, true, []string{"www.example.org"}, "www.example.org"},
		{proxy, true, []string{"www.example.org:8443"}, "www.example.org:8443"},
		{proxy, true, []string{"[2001:db8::1]:8443"}, "[2001:db8::1]:8443"},
		{proxy, true, []string{"evil.example, www.example.org"}, "www.example.org"},
		{proxy, true, []string{"evil.example", "www.example.org"}, "www.example.org"},
		{proxy, true, nil, "example.com"},
		{proxy, true, []string{""}, "example.com"},
		{proxy, true, []string{"evil.example/path"}, "example.com"},
		{proxy, true, []string{"a@evil.example"}, "example.com"},
		{proxy, true, []string{"evil.example\r\nX: y"}, "example.com"},
		{stranger, true, []string{"evil.example"}, "example.com"},
	} {
		c := behind()
		c.Proxies.BelieveHost = tt.believe
		h := http.Header{"X-Forwarded-Host": tt.lines, "X-Original-Host": {"evil.example"}, "Forwarded": {"host=evil.example"}}
		if got, _ := seen(t, c, request(tt.peer, false, h)); got.Host != tt.want {
			t.Errorf("%s, %v, %q: got %q, want %q", tt.peer, tt.believe, tt.lines, got.Host, tt.want)
		}
	}
}

// everything is what proxies say, in all the ways of saying it.
func everything() http.Header {
	h := http.Header{"Accept": {"*/*"}, "Cookie": {"a=b"}, "Via": {"1.1 x"}, "x-forwarded-for": {"9.9.9.9"}, "x-forwarded-user": {"admin"}}
	for _, name := range []string{
		"Forwarded", "X-Forwarded", "X-Forwarded-For", "X-Forwarded-By", "X-Forwarded-Server", "X-Forwarded-Proto",
		"X-Forwarded-Protocol", "X-Forwarded-Scheme", "X-Forwarded-Ssl", "X-Forwarded-Host", "X-Forwarded-Port", "X-Url-Scheme",
		"X-Scheme", "Front-End-Https", "X-Original-Host", "X-Original-Forwarded-For", "X-Real-Ip", "X-Client-Ip",
		"X-Cluster-Client-Ip", "Client-Ip", "True-Client-Ip", "Cf-Connecting-Ip", "Fastly-Client-Ip",
		"X-Real-Port", "X-Remote-Ip", "X-Remote-Addr", "X-Proxyuser-Ip", "Proxy-Client-Ip", "Wl-Proxy-Client-Ip", "X-Original-For",
		"Cf-Connecting-Ipv6", "Cf-Pseudo-Ipv4", "Cloudfront-Viewer-Address", "Do-Connecting-Ip", "Fly-Client-Ip",
		"X-Appengine-Remote-Addr", "X-Appengine-User-Ip", "X-Azure-Clientip", "X-Azure-Socketip", "X-Envoy-External-Address",
		"X-Nf-Client-Connection-Ip", "X-Vercel-Forwarded-For", "X-Original-Proto", "Cf-Visitor", "Cloudfront-Forwarded-Proto",
		"Fastly-Ssl", "Wl-Proxy-Ssl", "X-Arr-Ssl", "X-Host", "X-Http-Host-Override",
		"X-Forwarded-User", "X-Forwarded-Client-Cert",
	} {
		h.Set(name, "x")
	}
	return h
}

func TestWhatNobodyVouchesForIsNotInTheRequestInside(t *testing.T) {
	for name, config := range four {
		for peer, more := range map[string][]string{
			stranger: nil, proxy: {"X-Forwarded-User", "X-Forwarded-Client-Cert", "x-forwarded-user"}, "@": nil, "": nil,
		} {
			c := config()
			c.Redirect = nil
			c.Proxies.Trusted = prefixes("10.0.0.0/8")
			outside := request(peer, false, everything())
			got, _ := seen(t, c, outside)
			want := map[string]bool{"Accept": true, "Cookie": true, "Via": true}
			for _, header := range more {
				want[header] = true
			}
			left := map[string]bool{}
			for header := range got.Header {
				left[header] = true
			}
			if !maps.Equal(left, want) {
				t.Errorf("%s, from %q: %v is left, want %v", name, peer, left, want)
			}
			if !maps.EqualFunc(outside.Header, everything(), func(a, b []string) bool { return a[0] == b[0] }) || outside.RemoteAddr != peer {
				t.Errorf("%s, from %q: the request outside has changed: %v", name, peer, outside.Header)
			}
		}
	}
}

func TestWithoutProxiesNobodyIsBelieved(t *testing.T) {
	h := http.Header{"X-Forwarded-For": {"127.0.0.1"}, "X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {"evil.example"}}
	for _, peer := range []string{stranger, "127.0.0.1:1", "[::1]:1"} {
		got, _ := seen(t, defaults.API(), request(peer, false, h.Clone()))
		if got.RemoteAddr != peer || got.Host != "example.com" || defaults.Scheme(got) != "http" || len(got.Header) > 0 {
			t.Errorf("got %q, %q, %q, %v", got.RemoteAddr, got.Host, defaults.Scheme(got), got.Header)
		}
		if _, w := seen(t, defaults.SecureSite(), request(peer, false, h.Clone())); w.Code != http.StatusMovedPermanently {
			t.Errorf("a stranger who says https is not redirected: %d", w.Code)
		}
	}
}

func TestARequestThatNobodySaysAnythingOfIsPassedOnAsItIs(t *testing.T) {
	r := request(stranger, false, http.Header{"Accept": {"*/*"}})
	if got, _ := seen(t, behind(), r); got != r {
		t.Error("it was copied")
	}
}

func TestTheRedirectAndHSTSGoByWhatTheProxySays(t *testing.T) {
	for _, tt := range []struct {
		peer, proto, host string
		withTLS           bool
		code              int
		location, hsts    string
	}{
		{proxy, "https", "", false, 200, "", hsts},
		{proxy, "http", "", true, 301, "https://example.com/page?a=b", ""},
		{proxy, "http", "www.example.org:8080", false, 301, "https://www.example.org/page?a=b", ""},
		{stranger, "https", "www.example.org", false, 301, "https://example.com/page?a=b", ""},
		{stranger, "http", "www.example.org", true, 200, "", hsts},
	} {
		c := defaults.SecureSite()
		c.Proxies = defaults.Proxies{Trusted: prefixes("10.0.0.0/8"), BelieveHost: true}
		h := http.Header{"X-Forwarded-Proto": {tt.proto}}
		if tt.host != "" {
			h.Set("X-Forwarded-Host", tt.host)
		}
		_, w := seen(t, c, request(tt.peer, tt.withTLS, h))
		if w.Code != tt.code || w.Header().Get("Location") != tt.location || w.Header().Get("Strict-Transport-Security") != tt.hsts {
			t.Errorf("%+v: got %d, %v", tt, w.Code, w.Header())
		}
	}
}

func TestAConfigInsideOfAnotherBelievesTheOuterOne(t *testing.T) {
	var got *http.Request
	inner := wrap(t, defaults.SecureAPI(), func(_ http.ResponseWriter, r *http.Request) { got = r })
	h := http.Header{"X-Forwarded-For": {"198.51.100.2"}, "X-Forwarded-Proto": {"https"}}
	seen := wrap(t, behind(), inner.ServeHTTP)
	seen.ServeHTTP(discard{}, request(proxy, false, h))
	if got == nil || got.RemoteAddr != "198.51.100.2:0" || defaults.Scheme(got) != "https" || got.Header.Get("X-Forwarded-Proto") != "https" {
		t.Errorf("got %v", got)
	}
}

type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) WriteHeader(int)             {}
