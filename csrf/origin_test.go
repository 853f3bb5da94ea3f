package csrf_test

import (
	"bufio"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/csrf"
	"github.com/sojourn-go/session/sessiontest"
)

// What no browser sends was taken, and trusted nobody: a partner's forms failed.
func TestATrustedOriginIsOneThatABrowserSends(t *testing.T) {
	for _, c := range []struct {
		says    string // in the error; "" for none
		origins []string
	}{
		{"", []string{
			"https://example.com", "http://localhost:8080", "https://xn--exmple-cua.com", "https://my_host.example.com:8443",
			"http://192.0.2.1", "https://[2001:db8::1]:8443", "http://[::1]", "https://a", "https://9.example", "https://0x.example", "https://a.7zip",
		}},
		{"lower case", []string{"https://EXAMPLE.com", "HTTPS://example.com"}},
		{"begins with https", []string{"null", "example.com", "//example.com", "file://x", "ftp://example.com", "chrome-extension://abc", "*", ""}},
		{"goes without saying", []string{"https://example.com:443", "http://example.com:80", "http://[::1]:80"}},
		{"1 to 65535", []string{"https://example.com:0443", "https://example.com:99999", "https://example.com:0", "https://example.com:65536"}},
		{"nothing else", []string{
			"https://example.com/", "https://example.com?", "https://example.com#", "https://example.com?a", "https://example.com#a",
			"https://user@example.com", "https://@example.com", "https://user:pw@example.com", "https://example.com:", "https:example.com", "https://[fe80::1%25en0]",
		}},
		{"no patterns", []string{"https://*.example.com", "https://*", "https://a*.example.com"}},
		{"IDNA", []string{"https://ex\u00e4mple.com", "https://a,b", "https://a!b"}},
		{"its dots", []string{"https://example.com.", "https://.example.com", "https://a..b", "https://", "https://:8443"}},
		{"IPv6", []string{"https://[2001:db8:0::1]", "https://[::ffff:1.2.3.4]"}},
		{"IPv4", []string{"https://1", "https://010.0.0.1", "https://1.2.3", "https://1.2.3.0x4", "https://1.2.3.0x", "https://1.2.3.256"}},
		{"csrf: TrustedOrigins has", []string{"https://[::1", "https://a b", "https://a\x00b", "https://example.com:x", "https://[x]", "https://ex%2dample.com"}},
	} {
		for _, origin := range c.origins {
			p, err := csrf.New(csrf.Options{TrustedOrigins: []string{origin}})
			switch {
			case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), fmt.Sprintf("%q", origin))):
				t.Errorf("%q: got %v, want an error with it and %q", origin, err, c.says)
			case c.says == "" && err != nil:
				t.Errorf("%q: %v", origin, err)
			case c.says == "":
				r := (&sessiontest.Browser{}).Request("POST", "https://site.example/", nil)
				r.Header.Set("Origin", origin)
				want(t, origin, recorded(p.CrossOrigin(done), r).Code, 204)
			}
		}
	}
}

// A request of HTTP/1.0 needs no Host, and to net/http's check "null" was the
// origin of that: a forged form passed, by an old browser behind an old proxy.
func TestAWriteWithoutAHostIsOfNoOriginButATrustedOne(t *testing.T) {
	site := sessiontest.New(t, session.Options{})
	p := protect(t, csrf.Options{TrustedOrigins: []string{trusted}})
	app := p.CrossOrigin(site.Manager().Handler(p.Handler(done)))
	inside := site.Manager().Handler(p.Handler(done))
	for _, c := range []struct {
		method, headers string
		status          int
	}{
		{"POST", "Origin: null", 403},
		{"POST", "Origin: /", 403},
		{"TRACE", "Origin: null", 403},
		{"POST", "Origin: https://evil.example", 403},
		{"POST", "Origin: " + trusted, 204},
		{"POST", "Origin: null\r\nSec-Fetch-Site: same-origin", 204},
		{"POST", "Origin: null\r\nSec-Fetch-Site: cross-site", 403},
		{"POST", "Authorization: Bearer abc", 204},
		{"GET", "Origin: null", 204},
		{"HEAD", "Origin: null", 204},
		{"OPTIONS", "Origin: null", 204},
	} {
		for what, h := range map[string]http.Handler{"with CrossOrigin": app, "Handler alone": inside} {
			r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(c.method + " / HTTP/1.0\r\n" + c.headers + "\r\n\r\n")))
			if err != nil {
				t.Fatal(err)
			}
			if r.Host != "" {
				t.Fatalf("the request has the host %q: the test proves nothing", r.Host)
			}
			want(t, c.method+" "+c.headers+" "+what, recorded(h, r).Code, c.status)
		}
	}
}

// One ErrorHandler answers for both handlers. In front of the manager there is
// no session, and session.From would panic: every forged request a 500.
func TestTheErrorHandlerIsToldByLookupWhetherThereIsASession(t *testing.T) {
	site := sessiontest.New(t, session.Options{})
	p := protect(t, csrf.Options{ErrorHandler: func(w http.ResponseWriter, r *http.Request, _ error) {
		if s, ok := session.Lookup(r.Context()); ok {
			note.Set(s, "Please try again.")
			http.Redirect(w, r, "/", http.StatusSeeOther)
			return
		}
		w.WriteHeader(http.StatusForbidden)
	}})
	app := p.CrossOrigin(site.Manager().Handler(p.Handler(done)))
	ann := site.Browser(func(s *session.Session) { s.Login("ann") })
	forged := ann.Request("POST", "/", nil)
	forged.Header.Set("Sec-Fetch-Site", "cross-site")
	want(t, "in front of the manager", recorded(app, forged).Code, 403)
	want(t, "inside", recorded(app, ann.Request("POST", "/", nil)).Code, 303)
	ann.Read(func(s *session.Session) {
		if got := note.Get(s); got != "Please try again." {
			t.Errorf("the next page is told %q", got)
		}
	})
}
