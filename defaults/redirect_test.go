package defaults_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sojourn-go/session/defaults"
)

func TestARequestWithoutTLSIsRedirectedToTheSameURLWithIt(t *testing.T) {
	for story, tt := range map[string]struct {
		method, host, target string
		port                 int
		code                 int
		want                 string
	}{
		"a page":                      {"GET", "example.com", "/a/b?c=d&e", 0, 301, "https://example.com/a/b?c=d&e"},
		"its head":                    {"HEAD", "example.com", "/", 0, 301, "https://example.com/"},
		"a form keeps its method":     {"POST", "example.com", "/a", 0, 308, "https://example.com/a"},
		"so does a deletion":          {"DELETE", "example.com", "/a", 0, 308, "https://example.com/a"},
		"the whole server":            {"OPTIONS", "example.com", "*", 0, 308, "https://example.com/"},
		"the port of plain HTTP goes": {"GET", "example.com:8080", "/", 0, 301, "https://example.com/"},
		"port 443 is not written":     {"GET", "example.com", "/", 443, 301, "https://example.com/"},
		"another port is":             {"GET", "example.com:8080", "/", 8443, 301, "https://example.com:8443/"},
		"an empty port":               {"GET", "example.com:", "/", 0, 301, "https://example.com/"},
		"an IPv4 address":             {"GET", "192.0.2.1:80", "/", 0, 301, "https://192.0.2.1/"},
		"an IPv6 address":             {"GET", "[2001:db8::1]:80", "/", 8443, 301, "https://[2001:db8::1]:8443/"},
		"an IPv6 address alone":       {"GET", "[2001:db8::1]", "/", 0, 301, "https://[2001:db8::1]/"},
		"the root's dot":              {"GET", "example.com.", "/", 0, 301, "https://example.com./"},
		"escapes stay":                {"GET", "example.com", "/a%2Fb%20c?d=%0D%0A", 0, 301, "https://example.com/a%2Fb%20c?d=%0D%0A"},
		"two slashes lead nowhere":    {"GET", "example.com", "//evil.example/", 0, 301, "https://example.com//evil.example/"},
	} {
		t.Run(story, func(t *testing.T) {
			c := defaults.SecureAPI()
			c.Redirect.Port = tt.port
			r := httptest.NewRequestWithContext(t.Context(), tt.method, tt.target, nil)
			r.Host = tt.host
			got, w := seen(t, c, r)
			if got != nil || w.Code != tt.code || w.Header().Get("Location") != tt.want {
				t.Errorf("got %d to %q (handler ran: %v), want %d to %q", w.Code, w.Header().Get("Location"), got != nil, tt.code, tt.want)
			}
			if got := w.Header().Get("Strict-Transport-Security"); got != "" {
				t.Errorf("HSTS over plain HTTP: %q", got)
			}
		})
	}
}

func TestAHostThatIsNoneIsNotRedirectedTo(t *testing.T) {
	for _, host := range []string{
		"", ":80", ".", "..", "a..b", ".a", "a b", "a/b", `a\b`, "a?b", "a#b", "a@b", "user@example.com", "a%2eb", "a,b", "a;b",
		"a\r\nSet-Cookie: x=y", "a\x00b", "é.example", "a\"b", "<a>", "a:b", "a:0", "a:65536", "a:-1", "a:+1", "a:80:80", "a:123456", "a:99999999999999999999",
		"2001:db8::1", "[2001:db8::1", "[]", "[1.2.3.4]", "[fe80::1%25eth0]", "[fe80::1%eth0]", "[::1]a", "[::1]:a", "[::1]80", "[::g]",
		strings.Repeat("a", 64) + ".example", strings.Repeat("a.", 126) + "aa",
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.Host = host
		got, w := seen(t, defaults.SecureSite(), r)
		if got != nil || w.Code != http.StatusBadRequest || w.Header().Get("Location") != "" {
			t.Errorf("%q: got %d to %q (handler ran: %v), want 400", host, w.Code, w.Header().Get("Location"), got != nil)
		}
		asPromised(t, "SecureSite", false, w.Header())
	}
}

func TestTheLongestNamesOfHostsAreRedirectedTo(t *testing.T) {
	label := strings.Repeat("a", 63)
	for _, host := range []string{label + "." + label + "." + label + "." + label[:61], "localhost", "a_b.x-1.Example", "1.2.3.4"} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.Host = host
		if _, w := seen(t, defaults.SecureAPI(), r); w.Header().Get("Location") != "https://"+host+"/" {
			t.Errorf("%q: got %d to %q", host, w.Code, w.Header().Get("Location"))
		}
	}
}

func TestExemptPathsAreServedWithoutTLS(t *testing.T) {
	c := defaults.SecureSite()
	c.Redirect.Exempt = []string{"/healthz", "/"}
	for path, want := range map[string]int{
		"/healthz": 200, "/healthz?deep=1": 200, "/": 200,
		"/healthz/": 301, "/healthz/x": 301, "/healthzz": 301, "/HEALTHZ": 301, "//healthz": 301, "/x/../healthz": 301,
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
		got, w := seen(t, c, r)
		if w.Code != want || (got != nil) != (want == 200) {
			t.Errorf("%s: got %d (handler ran: %v), want %d", path, w.Code, got != nil, want)
		}
		if got := w.Header().Get("Strict-Transport-Security"); got != "" {
			t.Errorf("%s: HSTS over plain HTTP: %q", path, got)
		}
	}
}

// A proxy that has the certificate and is not named gets nothing but redirects,
// and so do its visitors, for ever. The operator is told; strangers, who can say
// as much, do not fill the log with it.
func TestARedirectWithoutEndIsToldOfOnce(t *testing.T) {
	var standard bytes.Buffer
	defer slog.SetDefault(slog.Default())
	slog.SetDefault(slog.New(slog.NewTextHandler(&standard, nil)))
	for story, tt := range map[string]struct {
		config  func() defaults.Config
		peer    string
		withTLS bool
		h       http.Header
		told    bool
	}{
		"a proxy that nobody named":      {defaults.SecureSite, proxy, false, http.Header{"X-Forwarded-Proto": {"https"}}, true},
		"a proxy that is the nearest":    {defaults.SecureSite, proxy, false, http.Header{"X-Forwarded-Proto": {"http", "x, HTTPS"}}, true},
		"a proxy on a Unix socket":       {defaults.SecureSite, "@", false, http.Header{"X-Forwarded-Proto": {"https"}}, true},
		"one that says Forwarded":        {defaults.SecureSite, proxy, false, http.Header{"Forwarded": {"for=1.1.1.1;proto=https"}}, true},
		"an API":                         {defaults.SecureAPI, proxy, false, http.Header{"X-Forwarded-Proto": {"https"}}, true},
		"nothing is redirected":          {defaults.Site, proxy, false, http.Header{"X-Forwarded-Proto": {"https"}}, false},
		"there is TLS":                   {defaults.SecureSite, proxy, true, http.Header{"X-Forwarded-Proto": {"https"}}, false},
		"there was none":                 {defaults.SecureSite, proxy, false, http.Header{"X-Forwarded-Proto": {"http"}}, false},
		"nobody says anything":           {defaults.SecureSite, proxy, false, nil, false},
		"what cannot be read":            {defaults.SecureSite, proxy, false, http.Header{"Forwarded": {"proto=https, x"}}, false},
		"a proxy that is named":          {named, proxy, false, http.Header{"X-Forwarded-Proto": {"http"}, "Forwarded": {"proto=https"}}, false},
		"another one than that is named": {named, stranger, false, http.Header{"X-Forwarded-Proto": {"https"}}, true},
		"one that is named, and says it": {named, proxy, false, http.Header{"X-Forwarded-Proto": {"https"}}, false},
	} {
		var own bytes.Buffer
		standard.Reset()
		c, log := tt.config(), &standard
		if c.Session != nil {
			c.Session.Logger, log = slog.New(slog.NewTextHandler(&own, nil)), &own
		}
		h := wrap(t, c, func(http.ResponseWriter, *http.Request) {})
		for range 3 {
			h.ServeHTTP(discard{}, request(tt.peer, tt.withTLS, tt.h))
		}
		said := own.String() + standard.String()
		if !tt.told {
			if strings.Contains(said, "defaults:") {
				t.Errorf("%s: %s", story, said)
			}
			continue
		}
		if strings.Count(log.String(), "level=WARN msg=\"defaults: ") != 1 || !strings.Contains(said, "Proxies.Trusted") || !strings.Contains(said, "peer="+tt.peer+"\n") {
			t.Errorf("%s: want one line that names the peer and the cure, got %q", story, said)
		}
	}
}

func named() defaults.Config {
	c := defaults.SecureSite()
	c.Proxies.Trusted = prefixes("10.0.0.0/8")
	return c
}

func TestWithTLSNothingIsRedirectedWhateverTheHost(t *testing.T) {
	for _, host := range []string{"example.com", "a b"} {
		r := request("203.0.113.7:1", true, nil)
		r.Host = host
		if got, w := seen(t, defaults.SecureSite(), r); got == nil || w.Code != http.StatusOK {
			t.Errorf("%q: got %d", host, w.Code)
		}
	}
}

func TestHSTSIsSaidAsItIsConfigured(t *testing.T) {
	const day = 24 * 60 * 60 * 1e9
	for want, h := range map[string]*defaults.HSTS{
		"":                                    nil,
		hsts:                                  {},
		"max-age=31536000":                    {ExceptSubdomains: true},
		"max-age=1; includeSubDomains":        {MaxAge: 1e9},
		"max-age=1":                           {MaxAge: 2e9 - 1, ExceptSubdomains: true},
		"max-age=0; includeSubDomains":        {MaxAge: -1},
		hsts + "; preload":                    {Preload: true},
		"max-age=63072000; includeSubDomains": {MaxAge: 730 * day},
	} {
		c := defaults.API()
		c.HSTS = h
		_, w := seen(t, c, request("203.0.113.7:1", true, nil))
		if got := w.Header().Get("Strict-Transport-Security"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
