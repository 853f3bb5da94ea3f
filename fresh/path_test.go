package fresh_test

import (
	"net/http"
	"net/url"
	"path"
	"strings"
	"testing"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/fresh"
	"github.com/sojourn-go/session/sessiontest"
)

// What would lead to another origin, or into a script, in some reader's eyes.
var hostile = []string{
	"", " ", "evil.example", "//evil.example", "///evil.example", `/\evil.example`, `\/evil.example`, `\\evil.example`,
	"https://evil.example", "https:evil.example", "http:///evil.example", "javascript:alert(1)", "data:text/html,x",
	"/\t/evil.example", "/\n/evil.example", "/\r\n/evil.example", "/\x00/evil.example", "\t//evil.example", " //evil.example",
	"/a\r\nSet-Cookie: x=y", "/a\x7f", "/a\x85b", "/.//evil.example", "/..//evil.example", "/%2e//evil.example", "/a/..//evil.example",
	"?x", "#x", ".", "..", "/a#b", "/a b", "/\u2028/evil.example", "/／evil.example", `/"onclick=x`, "/<script>", "/%zz",
	"/" + strings.Repeat("a", 2048), "@evil.example", "/\ufeff/evil.example", "http://localhost/",
}

func TestNoPathLeadsToAnotherOrigin(t *testing.T) {
	for _, p := range hostile {
		if fresh.CheckPath(p) == nil {
			t.Errorf("CheckPath(%q) finds no fault", p)
		}
		r := &http.Request{Method: "GET", URL: &url.URL{Path: "/login", RawQuery: url.Values{"return": {p}}.Encode()}}
		expect(t, "Return of "+p, fresh.Return(r), "/")
	}
	for _, p := range []string{
		"/", "/a", "/a/b/", "/a?b=c&d=%2F%2Fe", "/a?b=//evil.example", "/%2F%2Fevil.example", "/a:b@c", "/..", "/~ann/'x'", "/" + strings.Repeat("a", 2047),
	} {
		if err := fresh.CheckPath(p); err != nil {
			t.Errorf("CheckPath(%q): %v", p, err)
		}
	}
}

func TestThePathToReturnToIsInTheQueryOrTheForm(t *testing.T) {
	form := func(target, body string) *http.Request {
		r, err := http.NewRequest("POST", target, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return r
	}
	expect(t, "query", fresh.Return(form("/login?return=%2Fa%3Fb%3D1", "name=ann")), "/a?b=1")
	expect(t, "form", fresh.Return(form("/login", "name=ann&return=%2Fb")), "/b")
	expect(t, "neither", fresh.Return(form("/login", "name=ann")), "/")
	expect(t, "hostile", fresh.Return(form("/login", "return=%2F%2Fevil.example")), "/")
}

// The path is the one that the browser asked for, whatever was stripped of it
// on the way to the guard; and nothing that a client asks for leads elsewhere.
func TestAGuardLeadsBackToWhatTheBrowserAskedFor(t *testing.T) {
	br := sessiontest.New(t, session.Options{}).Browser(nil)
	guard := func(next http.Handler) http.Handler { return http.StripPrefix("/app", fresh.SignedIn(login)(next)) }
	for target, want := range map[string]string{
		"/app/a?b=c":              "/login?return=%2Fapp%2Fa%3Fb%3Dc",
		"/app/":                   "/login?return=%2Fapp%2F",
		"/app/%2e%2e/x":           "/login?return=%2Fapp%2F%252e%252e%2Fx",
		"/app//evil.example":      "/login",
		"/app/%C3%A4":             "/login?return=%2Fapp%2F%25C3%25A4",
		"/app/a?" + long:          "/login",
		"https://localhost/app/a": "/login?return=%2Fa", // a proxy's form; the prefix is not known
	} {
		w, _ := asks(br, guard, br.Request("GET", target, nil), page...)
		expect(t, target, w.Header().Get("Location"), want)
		u, err := url.Parse(w.Header().Get("Location"))
		if err != nil {
			t.Fatal(err)
		}
		if want != "/login" {
			back := fresh.Return(&http.Request{Method: "GET", URL: u})
			expect(t, target+": the way back", strings.HasSuffix(target, back), true)
		}
	}
	r := br.Request("GET", "/app/a", nil)
	r.RequestURI = "//evil.example/app/a"
	w, _ := asks(br, guard, r, page...)
	expect(t, "//evil.example", w.Header().Get("Location"), "/login")
}

var long = strings.Repeat("b", 3000)

// Whatever comes in: what comes out is on this origin to a browser, to one that
// mends what it reads, and to a program that tidies paths up.
func FuzzReturn(f *testing.F) {
	for _, p := range hostile {
		f.Add(p)
	}
	f.Add("/a?b=c")
	base := &url.URL{Scheme: "https", Host: "good.example", Path: "/login"}
	f.Fuzz(func(t *testing.T, p string) {
		got := fresh.Return(&http.Request{Method: "GET", URL: &url.URL{RawQuery: url.Values{"return": {p}}.Encode()}})
		if got != "/" && got != p {
			t.Fatalf("%q became %q", p, got)
		}
		mended := strings.NewReplacer("\t", "", "\r", "", "\n", "", `\`, "/").Replace(strings.TrimSpace(got))
		before, _, _ := strings.Cut(mended, "?")
		unescaped, err := url.PathUnescape(before)
		if err != nil {
			t.Fatalf("%q: %v", got, err)
		}
		for _, reading := range []string{got, mended, path.Clean(before), path.Clean(unescaped)} {
			u, err := base.Parse(reading)
			if reading == path.Clean(unescaped) && err != nil {
				continue // not an address any more
			}
			if err != nil || u.Host != base.Host || u.Scheme != base.Scheme {
				t.Fatalf("%q, read as %q, leads to %v (%v)", got, reading, u, err)
			}
		}
		for _, c := range []byte(got) {
			if c <= ' ' || c >= 0x7f {
				t.Fatalf("%q contains %q", got, c)
			}
		}
	})
}
