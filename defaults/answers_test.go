package defaults_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/defaults"
	"github.com/sojourn-go/session/flash"
	"github.com/sojourn-go/session/sessiontest"
	"github.com/sojourn-go/session/store"
)

const hsts = "max-age=31536000; includeSubDomains"

// promised are the headers of each of the four, over TLS and without: "" is none.
var promised = map[string]map[string]string{
	"Site": {
		"X-Content-Type-Options": "nosniff", "X-Frame-Options": "SAMEORIGIN",
		"Referrer-Policy": "strict-origin-when-cross-origin", "Strict-Transport-Security": "",
	},
	"SecureSite": {
		"X-Content-Type-Options": "nosniff", "X-Frame-Options": "SAMEORIGIN",
		"Referrer-Policy": "strict-origin-when-cross-origin", "Strict-Transport-Security": hsts,
	},
	"API": {
		"X-Content-Type-Options": "nosniff", "X-Frame-Options": "", "Referrer-Policy": "", "Strict-Transport-Security": "",
	},
	"SecureAPI": {
		"X-Content-Type-Options": "nosniff", "X-Frame-Options": "", "Referrer-Policy": "", "Strict-Transport-Security": hsts,
	},
}

// asPromised fails unless the answer has the promised headers, once each, and no
// other of its kind.
func asPromised(t *testing.T, name string, withTLS bool, h http.Header) {
	t.Helper()
	for header, want := range promised[name] {
		if header == "Strict-Transport-Security" && !withTLS {
			want = ""
		}
		if got := h.Values(header); strings.Join(got, "|") != want {
			t.Errorf("%s: got %q, want %q", header, got, want)
		}
	}
	for _, header := range []string{
		"X-Xss-Protection", "Content-Security-Policy", "Permissions-Policy", "Cross-Origin-Opener-Policy",
	} {
		if got, ok := h[header]; ok {
			t.Errorf("%s: got %q, want none", header, got)
		}
	}
}

var errBroken = errors.New("broken")

// site is an application with an answer of every kind.
func site(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/404":
		http.NotFound(w, r)
	case "/500":
		http.Error(w, errBroken.Error(), http.StatusInternalServerError)
	case "/303":
		http.Redirect(w, r, "/", http.StatusSeeOther)
	case "/304":
		w.WriteHeader(http.StatusNotModified)
	case "/flushed":
		_ = http.NewResponseController(w).Flush()
		_, _ = io.WriteString(w, "late")
	case "/stored":
		if s, ok := session.Lookup(r.Context()); ok {
			visits.Update(s, func(n int) int { return n + 1 })
		}
		_, _ = io.WriteString(w, "stored")
	default:
		_, _ = io.WriteString(w, "hello")
	}
}

func TestEveryAnswerHasTheHeadersOfItsConfig(t *testing.T) {
	for name, config := range four {
		for _, withTLS := range []bool{false, true} {
			base, client := over(t, wrap(t, config(), site), withTLS)
			secure := strings.HasPrefix(name, "Secure")
			for path, want := range map[string]int{
				"/": 200, "/404": 404, "/500": 500, "/303": 303, "/304": 304, "/flushed": 200, "/stored": 200,
			} {
				if secure && !withTLS {
					want = http.StatusMovedPermanently
				}
				t.Run(name+scheme(withTLS)+path, func(t *testing.T) {
					answer := get(t, client, base+path)
					if answer.StatusCode != want {
						t.Errorf("got status %d, want %d", answer.StatusCode, want)
					}
					asPromised(t, name, withTLS, answer.Header)
				})
			}
		}
	}
}

func scheme(withTLS bool) string {
	if withTLS {
		return " over TLS "
	}
	return " without TLS "
}

func TestWhatTheSessionAnswersItselfHasTheHeadersToo(t *testing.T) {
	for _, handled := range []bool{false, true} {
		for _, name := range []string{"Site", "SecureSite"} {
			st := sessiontest.Failing(newStore())
			c := four[name]()
			c.Headers.ContentSecurityPolicy = "default-src 'self'"
			c.Session.Timeout, c.Session.Logger = 5*time.Millisecond, quiet
			want := http.StatusServiceUnavailable
			if handled {
				want = http.StatusTeapot
				c.Session.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(want) }
			}
			h, err := c.Handler(st, http.HandlerFunc(site))
			if err != nil {
				t.Fatal(err)
			}
			base, client := over(t, h, true)
			cookies := get(t, client, base+"/stored").Cookies()
			st.Break(sessiontest.Loads | sessiontest.Saves)
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				r, _ := http.NewRequestWithContext(t.Context(), method, base+"/stored", nil)
				r.Header.Set("Origin", base)
				r.AddCookie(cookies[0])
				answer := do(t, client, r)
				if answer.StatusCode != want {
					t.Errorf("%s of %s: got status %d, want %d", method, name, answer.StatusCode, want)
				}
				if got := answer.Header.Get("Content-Security-Policy"); got != "default-src 'self'" {
					t.Errorf("Content-Security-Policy: got %q", got)
				}
				answer.Header.Del("Content-Security-Policy")
				asPromised(t, name, true, answer.Header)
			}
		}
	}
}

func TestARefusalAsCrossSiteHasTheHeadersAndCostsNoStoreCall(t *testing.T) {
	st := &counting{Store: newStore()}
	c := defaults.SecureSite()
	h, err := c.Handler(st, http.HandlerFunc(site))
	if err != nil {
		t.Fatal(err)
	}
	base, client := over(t, h, true)
	cookies := get(t, client, base+"/stored").Cookies()
	before := st.calls.Load()
	for header, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"} {
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/stored", nil)
		r.Header.Set(header, value)
		r.AddCookie(cookies[0])
		answer := do(t, client, r)
		if answer.StatusCode != http.StatusForbidden {
			t.Errorf("%s: got status %d, want 403", header, answer.StatusCode)
		}
		asPromised(t, "SecureSite", true, answer.Header)
	}
	if after := st.calls.Load(); before == 0 || after != before {
		t.Errorf("%d store calls before, %d after", before, after)
	}
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/stored", nil)
	r.AddCookie(cookies[0]) // neither header, and no token: the inner half of CSRF
	answer := do(t, client, r)
	if answer.StatusCode != http.StatusForbidden {
		t.Errorf("no token: got status %d, want 403", answer.StatusCode)
	}
	asPromised(t, "SecureSite", true, answer.Header)
}

// A counting store counts the calls that could be seen from outside.
type counting struct {
	store.Store
	calls atomic.Int64
}

func (c *counting) Load(ctx context.Context, id string) (store.Record, error) {
	c.calls.Add(1)
	return c.Store.Load(ctx, id)
}

func (c *counting) Save(ctx context.Context, id string, rec store.Record) (uint64, error) {
	c.calls.Add(1)
	return c.Store.Save(ctx, id, rec)
}

func TestAHandlerMaySetAnotherValueForItsOwnAnswer(t *testing.T) {
	h := wrap(t, defaults.Site(), func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/framed" {
			w.Header().Add("X-Frame-Options", "DENY")
			w.Header()["Referrer-Policy"][0] = "no-referrer"
			w.Header().Del("X-Content-Type-Options")
		}
	})
	base, client := over(t, h, false)
	answer := get(t, client, base+"/framed")
	if got := answer.Header.Values("X-Frame-Options"); len(got) != 2 {
		t.Errorf("X-Frame-Options: got %q", got)
	}
	if got := answer.Header.Get("Referrer-Policy") + answer.Header.Get("X-Content-Type-Options"); got != "no-referrer" {
		t.Errorf("got %q", got)
	}
	asPromised(t, "Site", false, get(t, client, base+"/").Header)
}

func TestSiteWorksOverPlainHTTPOnThisMachineWithASecureCookie(t *testing.T) {
	base, client := over(t, wrap(t, defaults.Site(), site), false)
	if !strings.HasPrefix(base, "http://127.0.0.1:") {
		t.Fatal(base)
	}
	answer := get(t, client, base+"/stored")
	if got := answer.Header.Get("Set-Cookie"); !strings.HasPrefix(got, "__Host-Http-session=") || !strings.Contains(got, "; Secure") {
		t.Errorf("Set-Cookie: %q", got)
	}
}

// Ring's site-defaults send one to everybody, for the anti-forgery token.
func TestAVisitorGetsNoCookieUntilSomethingIsStored(t *testing.T) {
	base, client := over(t, wrap(t, defaults.SecureSite(), site), true)
	for path, want := range map[string]int{"/": 0, "/404": 0, "/stored": 1} {
		if got := len(get(t, client, base+path).Cookies()); got != want {
			t.Errorf("%s: got %d cookies, want %d", path, got, want)
		}
	}
}

func TestAPIsKnowNoSession(t *testing.T) {
	for _, config := range []func() defaults.Config{defaults.API, defaults.SecureAPI} {
		c := config()
		base, client := over(t, wrap(t, c, func(_ http.ResponseWriter, r *http.Request) {
			if _, ok := session.Lookup(r.Context()); ok {
				t.Error("there is a session")
			}
		}), true)
		if answer := get(t, client, base); len(answer.Cookies()) > 0 || answer.Header.Get("Vary") != "" {
			t.Errorf("%v", answer.Header)
		}
	}
}

func TestWhatAHEADReadsOfAFlashStaysForThePage(t *testing.T) {
	for _, on := range []bool{true, false} {
		c := defaults.Site()
		c.Flash = on
		h := wrap(t, c, func(w http.ResponseWriter, r *http.Request) {
			s := session.From(r.Context())
			if r.URL.Path == "/add" {
				flash.Add(s, "info", "Saved.")
				return
			}
			w.Header().Set("Flash", strconv.Itoa(len(flash.Messages(s))))
		})
		base, client := over(t, h, true)
		cookies := get(t, client, base+"/add").Cookies()
		want := map[bool][]string{true: {"1", "1", "0"}, false: {"1", "0", "0"}}[on]
		for i, method := range []string{http.MethodHead, http.MethodGet, http.MethodGet} {
			r, _ := http.NewRequestWithContext(t.Context(), method, base, nil)
			r.AddCookie(cookies[0])
			if got := do(t, client, r).Header.Get("Flash"); got != want[i] {
				t.Errorf("Flash %v: %s number %d read %s messages, want %s", on, method, i, got, want[i])
			}
		}
	}
}
