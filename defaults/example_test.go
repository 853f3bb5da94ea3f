package defaults_test

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/defaults"
	"github.com/sojourn-go/session/store/memstore"
)

var hello = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") })

// A web site on one line.
func ExampleSite() {
	h, err := defaults.Site().Handler(memstore.New(memstore.Options{}), hello)
	if err != nil {
		log.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "http://127.0.0.1:8080/", nil))
	fmt.Println(w.Body, w.Header().Get("X-Frame-Options"), w.Header().Get("X-Content-Type-Options"))
	// Output: hello SAMEORIGIN nosniff
}

// A site that is there over TLS alone.
func ExampleSecureSite() {
	h, err := defaults.SecureSite().Handler(memstore.New(memstore.Options{}), hello)
	if err != nil {
		log.Fatal(err)
	}
	for _, target := range []string{"http://example.com/a?b", "https://example.com/a?b"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", target, nil))
		fmt.Printf("%d %q %q\n", w.Code, w.Header().Get("Location"), w.Header().Get("Strict-Transport-Security"))
	}
	// Output:
	// 301 "https://example.com/a?b" ""
	// 200 "" "max-age=31536000; includeSubDomains"
}

// An API has no sessions, and needs no store.
func ExampleAPI() {
	h, err := defaults.API().Handler(nil, hello)
	if err != nil {
		log.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	fmt.Println(w.Body, w.Header().Get("X-Content-Type-Options"))
	// Output: hello nosniff
}

// A load balancer asks after the health of an API over plain HTTP.
func ExampleSecureAPI() {
	c := defaults.SecureAPI()
	c.Redirect.Exempt = []string{"/healthz"}
	h, err := c.Handler(nil, hello)
	if err != nil {
		log.Fatal(err)
	}
	for _, path := range []string{"/healthz", "/items"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		fmt.Println(path, w.Code)
	}
	// Output:
	// /healthz 200
	// /items 301
}

// Every part is a field. What cannot be is a fault, and all faults come at once.
func ExampleConfig() {
	c := defaults.SecureSite()
	c.Session.Idle = 48 * time.Hour // longer than the lifetime
	c.Headers.FrameOptions = "NONE"
	c.HSTS, c.Redirect = nil, &defaults.Redirect{Port: 8443}
	_, err := c.New(memstore.New(memstore.Options{}))
	fmt.Println(err)
	// Output:
	// session: Idle (48h0m0s) is longer than Lifetime (24h0m0s), and so would never end a session: shorten it
	// defaults: Headers.FrameOptions is "NONE", which browsers would ignore: it is one of ["DENY" "SAMEORIGIN"], or empty
}

// An application that signs people out everywhere has a manager of its own.
func ExampleConfig_New() {
	sessions, err := session.New(memstore.New(memstore.Options{}), session.Options{})
	if err != nil {
		log.Fatal(err)
	}
	c := defaults.Site()
	c.Session, c.Manager = nil, sessions
	around, err := c.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	pages, files := around(hello), around(http.FileServer(http.Dir(".")))
	fmt.Println(pages != nil, files != nil)
	// Output: true true
}

// What only the application can know is empty until it says so.
func ExampleHeaders() {
	c := defaults.Site()
	c.Headers = defaults.Headers{
		ContentTypeOptions:      "nosniff",
		ReferrerPolicy:          "same-origin",
		ContentSecurityPolicy:   "default-src 'self'; frame-ancestors 'none'",
		PermissionsPolicy:       "camera=(), microphone=()",
		CrossOriginOpenerPolicy: "same-origin",
	}
	h, err := c.Handler(memstore.New(memstore.Options{}), hello)
	if err != nil {
		log.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "https://example.com/", nil))
	fmt.Println(w.Header().Get("Content-Security-Policy"))
	// Output: default-src 'self'; frame-ancestors 'none'
}

// A site that is not sure of TLS yet begins with an hour, of itself alone.
func ExampleHSTS() {
	c := defaults.SecureSite()
	c.HSTS = &defaults.HSTS{MaxAge: time.Hour, ExceptSubdomains: true}
	h, err := c.Handler(memstore.New(memstore.Options{}), hello)
	if err != nil {
		log.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "https://example.com/", nil))
	fmt.Println(w.Header().Get("Strict-Transport-Security"))
	// Output: max-age=3600
}

// The same request, from the load balancer and from somebody else.
func ExampleProxies() {
	c := defaults.API()
	c.Proxies = defaults.Proxies{Trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
	h, err := c.Handler(nil, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		fmt.Println(defaults.Scheme(r), r.RemoteAddr)
	}))
	if err != nil {
		log.Fatal(err)
	}
	for _, peer := range []string{"10.0.0.1:4000", "203.0.113.7:4000"} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = peer
		r.Header.Set("X-Forwarded-For", "192.0.2.66, 198.51.100.2")
		r.Header.Set("X-Forwarded-Proto", "https")
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
	// Output:
	// https 198.51.100.2:0
	// http 203.0.113.7:4000
}
