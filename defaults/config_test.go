package defaults_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/csrf"
	"github.com/sojourn-go/session/defaults"
	"github.com/sojourn-go/session/store"
)

// faulty are configurations with what New says of them.
var faulty = map[string]struct {
	change func(*defaults.Config)
	want   string
}{
	"no such type option":      {func(c *defaults.Config) { c.Headers.ContentTypeOptions = "sniff" }, `Headers.ContentTypeOptions is "sniff"`},
	"ALLOW-FROM":               {func(c *defaults.Config) { c.Headers.FrameOptions = "ALLOW-FROM https://a.example" }, `Headers.FrameOptions is "ALLOW-FROM`},
	"frames in small letters":  {func(c *defaults.Config) { c.Headers.FrameOptions = "deny" }, `Headers.FrameOptions is "deny"`},
	"no such referrer policy":  {func(c *defaults.Config) { c.Headers.ReferrerPolicy = "none" }, `Headers.ReferrerPolicy is "none"`},
	"one of several":           {func(c *defaults.Config) { c.Headers.ReferrerPolicy = "no-referrer, none" }, `Headers.ReferrerPolicy is "none"`},
	"no such opener policy":    {func(c *defaults.Config) { c.Headers.CrossOriginOpenerPolicy = "same-site" }, `Headers.CrossOriginOpenerPolicy is "same-site"`},
	"a line break in a policy": {func(c *defaults.Config) { c.Headers.ContentSecurityPolicy = "a\r\nb" }, `Content-Security-Policy holds '\r'`},
	"a letter beyond ASCII":    {func(c *defaults.Config) { c.Headers.PermissionsPolicy = "é" }, `Permissions-Policy holds`},
	"half a second of HSTS":    {func(c *defaults.Config) { c.HSTS = &defaults.HSTS{MaxAge: 5e8} }, `HSTS.MaxAge is 500ms`},
	"a day on the list":        {func(c *defaults.Config) { c.HSTS = &defaults.HSTS{MaxAge: 24 * 3600e9, Preload: true} }, `HSTS.Preload needs`},
	"half a site on the list":  {func(c *defaults.Config) { c.HSTS = &defaults.HSTS{ExceptSubdomains: true, Preload: true} }, `HSTS.Preload needs`},
	"off, on the list":         {func(c *defaults.Config) { c.HSTS = &defaults.HSTS{MaxAge: -1, Preload: true} }, `HSTS.Preload needs`},
	"a port too high":          {func(c *defaults.Config) { c.Redirect = &defaults.Redirect{Port: 65536} }, `Redirect.Port is 65536`},
	"a port below zero":        {func(c *defaults.Config) { c.Redirect = &defaults.Redirect{Port: -1} }, `Redirect.Port is -1`},
	"an exempt non-path":       {func(c *defaults.Config) { c.Redirect = &defaults.Redirect{Exempt: []string{"healthz"}} }, `Redirect.Exempt has "healthz"`},
	"an exempt query":          {func(c *defaults.Config) { c.Redirect = &defaults.Redirect{Exempt: []string{"/a?b"}} }, `Redirect.Exempt has "/a?b"`},
	"the zero prefix":          {func(c *defaults.Config) { c.Proxies.Trusted = []netip.Prefix{{}} }, `an address that is none`},
	"everybody of IPv4":        {func(c *defaults.Config) { c.Proxies.Trusted = prefixes("0.0.0.0/0") }, `which is everybody`},
	"everybody of IPv6":        {func(c *defaults.Config) { c.Proxies.Trusted = prefixes("::/0") }, `which is everybody`},
	"IPv4 as IPv6":             {func(c *defaults.Config) { c.Proxies.Trusted = prefixes("::ffff:10.0.0.0/104") }, `write it as one of IPv4`},
	"an address with a mask":   {func(c *defaults.Config) { c.Proxies.Trusted = prefixes("10.1.2.3/8") }, `names one address of 10.0.0.0/8`},
	"Forwarded of nobody":      {func(c *defaults.Config) { c.Proxies.Forwarded = true }, `name them in Trusted`},
	"a host of nobody's":       {func(c *defaults.Config) { c.Proxies.BelieveHost = true }, `name them in Trusted`},
	"CSRF without sessions":    {func(c *defaults.Config) { c.CSRF = &csrf.Options{} }, `CSRF without sessions`},
	"two sorts of sessions": {func(c *defaults.Config) {
		c.Session, c.Manager = &session.Options{}, &session.Manager{}
	}, `both Session and Manager`},
	"sessions without a store": {func(c *defaults.Config) { c.Session = &session.Options{} }, `session: New without a store`},
}

func TestNewNamesEveryFault(t *testing.T) {
	for story, tt := range faulty {
		c := defaults.API()
		tt.change(&c)
		h, err := c.Handler(nil, http.NotFoundHandler())
		if h != nil || err == nil || strings.Count(err.Error(), "\n") > 0 || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want one fault, with %q", story, err, tt.want)
		}
		if !strings.HasPrefix(err.Error(), "defaults: ") && !strings.HasPrefix(err.Error(), "session: ") {
			t.Errorf("%s: %v does not say whose it is", story, err)
		}
	}
}

func TestAStoreThatNobodyUsesIsAFault(t *testing.T) {
	var none store.Store
	for _, st := range []store.Store{newStore(), none} {
		if _, err := defaults.API().New(st); (err != nil) != (st != nil) {
			t.Errorf("%v: %v", st, err)
		}
	}
}

func TestNewReportsAllFaultsAtOnce(t *testing.T) {
	c := defaults.Site()
	c.Session.Idle, c.CSRF.TrustedOrigins = -7, []string{"HTTPS://a.example"}
	c.Headers.FrameOptions, c.HSTS = "x", &defaults.HSTS{MaxAge: 1}
	c.Redirect, c.Proxies.BelieveHost = &defaults.Redirect{Port: -1}, true
	_, err := c.New(newStore())
	if err == nil {
		t.Fatal("no fault")
	}
	for _, want := range []string{"Idle", "TrustedOrigins", "FrameOptions", "MaxAge", "Port", "Trusted"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no fault about %s in:\n%v", want, err)
		}
	}
}

func TestEachOfTheFourIsMadeAnew(t *testing.T) {
	for name, config := range four {
		c := config()
		if c.Session != nil {
			c.Session.Name, c.CSRF.Field = "other", "other"
		}
		if c.HSTS != nil {
			c.HSTS.MaxAge, c.Redirect.Port = -1, 1
		}
		again := config()
		if again.Session != nil && (again.Session.Name != "" || again.CSRF.Field != "") {
			t.Errorf("%s shares its sessions or CSRF", name)
		}
		if again.HSTS != nil && (again.HSTS.MaxAge != 0 || again.Redirect.Port != 0) {
			t.Errorf("%s shares its HSTS or Redirect", name)
		}
	}
}

func TestWhatBecomesOfAConfigAfterwardsHasNoEffect(t *testing.T) {
	c := defaults.SecureAPI()
	c.Proxies.Trusted = prefixes("10.0.0.0/8")
	h := wrap(t, c, func(_ http.ResponseWriter, r *http.Request) {
		if defaults.Scheme(r) != "https" || r.RemoteAddr != "198.51.100.2:0" {
			t.Errorf("got %s from %s", defaults.Scheme(r), r.RemoteAddr)
		}
	})
	c.Proxies.Trusted[0], c.Redirect.Port, c.HSTS.MaxAge = netip.MustParsePrefix("192.0.2.0/24"), 1, 1
	w := answered{header: http.Header{}}
	h.ServeHTTP(&w, request(proxy, false, http.Header{"X-Forwarded-Proto": {"https"}, "X-Forwarded-For": {"198.51.100.2"}}))
	if got := w.header.Get("Strict-Transport-Security"); w.code != 0 || got != hsts {
		t.Errorf("got %d, %q", w.code, got)
	}
}

func TestEveryPartCanBeLeftOut(t *testing.T) {
	c := defaults.SecureSite()
	c.Session, c.CSRF, c.Headers, c.HSTS, c.Redirect = nil, nil, defaults.Headers{}, nil, nil
	r := request(stranger, false, http.Header{"Sec-Fetch-Site": {"cross-site"}})
	r.Method = http.MethodPost
	got, w := seen(t, c, r) // Flash is on, and means nothing
	if got == nil || w.Code != http.StatusOK || len(w.Header()) > 0 {
		t.Errorf("got %d, %v", w.Code, w.Header())
	}
	if _, ok := session.Lookup(got.Context()); ok {
		t.Error("there is a session")
	}
	var zero defaults.Config
	if _, w := seen(t, zero, request(stranger, true, nil)); w.Code != http.StatusOK || len(w.Header()) > 0 {
		t.Errorf("the zero Config: got %d, %v", w.Code, w.Header())
	}
	for name, leave := range map[string]func(*defaults.Config){
		"X-Content-Type-Options": func(c *defaults.Config) { c.Headers.ContentTypeOptions = "" },
		"X-Frame-Options":        func(c *defaults.Config) { c.Headers.FrameOptions = "" },
		"Referrer-Policy":        func(c *defaults.Config) { c.Headers.ReferrerPolicy = "" },
	} {
		c := defaults.Site()
		leave(&c)
		if _, w := seen(t, c, request(stranger, true, nil)); w.Header().Get(name) != "" || len(w.Header()) != 2 {
			t.Errorf("without %s: %v", name, w.Header())
		}
	}
}

func TestWhatTheApplicationGivesIsSent(t *testing.T) {
	c := defaults.Site()
	c.Headers = defaults.Headers{
		ContentTypeOptions: "nosniff", FrameOptions: "DENY", ReferrerPolicy: "no-referrer, strict-origin",
		ContentSecurityPolicy: "default-src 'self';\tframe-ancestors 'none'", PermissionsPolicy: "camera=()",
		CrossOriginOpenerPolicy: `same-origin; report-to="x"`,
	}
	_, w := seen(t, c, request(stranger, true, nil))
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer, strict-origin",
		"Content-Security-Policy": "default-src 'self';\tframe-ancestors 'none'", "Permissions-Policy": "camera=()",
		"Cross-Origin-Opener-Policy": `same-origin; report-to="x"`,
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func TestAReadyManagerGivesTheSessions(t *testing.T) {
	m, err := session.New(newStore(), session.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c := defaults.Site()
	c.Session, c.Manager = nil, m
	h, err := c.Handler(nil, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if m.From(r.Context()) != session.From(r.Context()) {
			t.Error("the session is another manager's")
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	h.ServeHTTP(discard{}, request(stranger, true, nil))
	if _, err := c.New(newStore()); err == nil {
		t.Error("a store beside a Manager is no fault")
	}
}

// The manager says once that browsers will drop its cookie. Who only claims to
// have come over TLS does not silence it.
func TestTheManagerWarnsOfPlainHTTPByWhatIsBelieved(t *testing.T) {
	for _, tt := range []struct {
		peer, proto string
		withTLS     bool
		warns       bool
	}{
		{stranger, "", false, true},
		{stranger, "https", false, true},
		{stranger, "", true, false},
		{proxy, "https", false, false},
		{proxy, "http", false, true},
		{proxy, "", false, true},
	} {
		var log bytes.Buffer
		c := defaults.Site()
		c.Session.Logger = slog.New(slog.NewTextHandler(&log, nil))
		c.Proxies.Trusted = prefixes("10.0.0.0/8")
		h := http.Header{}
		if tt.proto != "" {
			h.Set("X-Forwarded-Proto", tt.proto)
		}
		seen(t, c, request(tt.peer, tt.withTLS, h))
		if warned := strings.Contains(log.String(), "plain HTTP"); warned != tt.warns {
			t.Errorf("%+v: warned %v: %s", tt, warned, &log)
		}
	}
}

// What the session records of a client, and tells of one, is the client and not
// the proxy.
func TestTheSessionKnowsTheClientAndNotTheProxy(t *testing.T) {
	var events []session.Event
	c := defaults.Site()
	c.Proxies.Trusted = prefixes("10.0.0.0/8")
	c.Session.Observe = func(_ context.Context, e session.Event) { events = append(events, e) }
	h := http.Header{"X-Forwarded-For": {"198.51.100.2"}, "Cookie": {"__Host-Http-session=" + strings.Repeat("A", 64)}}
	r := request(proxy, true, h)
	w := answered{header: http.Header{}}
	wrap(t, c, func(_ http.ResponseWriter, r *http.Request) {
		if got := session.ClientOf(r).Addr; got != "198.51.100.0/24" {
			t.Errorf("the client is at %q", got)
		}
		session.From(r.Context()).Owner()
	}).ServeHTTP(&w, r)
	if len(events) != 1 || events[0].Remote != "198.51.100.2:0" {
		t.Errorf("events: %+v", events)
	}
}

func TestCSRFComparesTheOriginWithTheHostThatIsBelieved(t *testing.T) {
	for host, want := range map[string]int{"www.example.org": 200, "evil.example": 403} {
		c := defaults.SecureSite()
		c.Proxies = defaults.Proxies{Trusted: prefixes("10.0.0.0/8"), BelieveHost: true}
		r := request(proxy, false, http.Header{
			"X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {"www.example.org"}, "Origin": {"https://" + host},
		})
		r.Method, r.Host = http.MethodPost, "app.internal:8080"
		if _, w := seen(t, c, r); w.Code != want {
			t.Errorf("Origin https://%s: got %d, want %d", host, w.Code, want)
		}
	}
}
