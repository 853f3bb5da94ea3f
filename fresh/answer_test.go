package fresh_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/fresh"
	"github.com/sojourn-go/session/sessiontest"
)

var (
	fetch = []string{"Accept", "*/*", "Sec-Fetch-Mode", "cors"}
	api   = []string{"Accept", "application/json"}
)

func TestWhoOpensAPageIsRedirectedAndNobodyElse(t *testing.T) {
	br := sessiontest.New(t, session.Options{}).Browser(nil)
	guard := fresh.Require(time.Minute, login)
	for _, c := range []struct {
		what, method string
		header       []string
		code         int
		kind         string // of the body
	}{
		{"a page", "GET", page, 303, ""},
		{"a page, HEAD", "HEAD", page, 303, ""},
		{"a page, in an older browser", "GET", []string{"Accept", "text/html, */*"}, 303, ""},
		{"a form", "POST", page, 401, "text/html; charset=utf-8"},
		{"a script's fetch", "GET", fetch, 401, "text/plain; charset=utf-8"},
		{"a script's fetch of HTML", "GET", []string{"Accept", "text/html", "Sec-Fetch-Mode", "cors"}, 401, "text/plain; charset=utf-8"},
		{"an image", "GET", []string{"Accept", "image/png,*/*", "Sec-Fetch-Mode", "no-cors"}, 401, "text/plain; charset=utf-8"},
		{"a program", "GET", nil, 401, "text/plain; charset=utf-8"},
		{"a program that wants JSON", "GET", api, 401, "application/json"},
		{"a script that wants JSON", "PUT", []string{"Accept", "Application/JSON, text/html", "Sec-Fetch-Mode", "cors"}, 401, "application/json"},
		{"a program that wants a kind of JSON", "DELETE", []string{"Accept", "application/problem+json"}, 401, "application/json"},
	} {
		w, ran := asks(br, guard, br.Request(c.method, "/account?tab=2", nil), c.header...)
		expect(t, c.what+": the handler ran", ran, false)
		expect(t, c.what, w.Code, c.code)
		expect(t, c.what+": Content-Type", w.Header().Get("Content-Type"), c.kind)
		expect(t, c.what+": Cache-Control", w.Header().Get("Cache-Control"), "no-store")
		contains(t, c.what+": Vary", strings.Join(w.Header().Values("Vary"), ", "), "Accept", "Sec-Fetch-Mode", "Cookie")
		to, challenge := "", `Cookie max_age="60"`
		if c.code == http.StatusSeeOther {
			to, challenge = "/login?return=%2Faccount%3Ftab%3D2", ""
		}
		expect(t, c.what+": Location", w.Header().Get("Location"), to)
		expect(t, c.what+": WWW-Authenticate", w.Header().Get("WWW-Authenticate"), challenge)
	}
}

func TestA401SaysWhatIsMissing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := sessiontest.New(t, session.Options{})
		ann := site.Browser(at(1))
		time.Sleep(10 * time.Minute)
		for _, c := range []struct {
			what      string
			br        *sessiontest.Browser
			guard     func(http.Handler) http.Handler
			challenge string
			body      string
		}{
			{"signed out", site.Browser(nil), fresh.SignedIn(login), "Cookie",
				`{"error":"login_required","login":"/login"}`},
			{"signed out, no page to sign in on", site.Browser(nil), fresh.SignedIn(fresh.Options{}), "Cookie",
				`{"error":"login_required"}`},
			{"stale", ann, fresh.Require(5*time.Minute, login), `Cookie error="insufficient_user_authentication", max_age="300"`,
				`{"error":"insufficient_user_authentication","max_age":300,"login":"/login"}`},
			{"level", ann, fresh.Level(2, login), `Cookie error="insufficient_user_authentication", acr_values="aal2", max_age="86400"`,
				`{"error":"insufficient_user_authentication","level":2,"max_age":86400,"login":"/login"}`},
		} {
			w, _ := asks(c.br, c.guard, c.br.Request("POST", "/", nil), api...)
			expect(t, c.what, w.Code, 401)
			expect(t, c.what+": WWW-Authenticate", w.Header().Get("WWW-Authenticate"), c.challenge)
			expect(t, c.what+": body", strings.TrimSpace(w.Body.String()), c.body)
			if !json.Valid(w.Body.Bytes()) {
				t.Errorf("%s: no JSON", c.what)
			}
		}
	})
}

// Who has filled in a form and has to sign in is told that nothing was done,
// and is led back to the form, as far as the browser says where that is.
func TestAFormIsAnsweredByAPageThatLeadsToTheLoginAndBackToTheForm(t *testing.T) {
	br := sessiontest.New(t, session.Options{}).Browser(nil)
	guard := fresh.Require(time.Minute, login)
	for referer, link := range map[string]string{
		"":                                        `href="/login"`,
		"https://localhost/form?a=1&b=2":          `href="/login?return=%2Fform%3Fa%3D1%26b%3D2"`,
		"https://LOCALHOST/":                      `href="/login?return=%2F"`,
		"https://evil.example/form":               `href="/login"`,
		"https://localhost//evil.example/":        `href="/login"`,
		"https://localhost@evil.example/":         `href="/login"`,
		"javascript:alert(1)":                     `href="/login"`,
		"https://localhost/\"><script>x</script>": `href="/login?return=%2F%2522%253E%253Cscript%253Ex%253C%2Fscript%253E"`,
		":": `href="/login"`,
	} {
		r := br.Request("POST", "/save", strings.NewReader("a=1"))
		r.Header["Referer"] = []string{referer}
		w, ran := asks(br, guard, r, page...)
		expect(t, referer+": the handler ran", ran, false)
		expect(t, referer, w.Code, 401)
		body := w.Body.String()
		contains(t, referer, body, "<h1>Please sign in</h1>", "Nothing has been done", `lang="en"`, link)
		if strings.Contains(body, "evil") || strings.Contains(body, "<script") {
			t.Errorf("%s: it got into the page:\n%s", referer, body)
		}
	}
}

func TestTheLoginPageBehindItsOwnGuardIsNoEndlessRedirect(t *testing.T) {
	br := sessiontest.New(t, session.Options{}).Browser(nil)
	for _, target := range []string{"/login", "/login?return=%2F", "https://localhost/login"} {
		w, ran := asks(br, fresh.SignedIn(login), br.Request("GET", target, nil), page...)
		expect(t, target+": the handler ran", ran, false)
		expect(t, target, w.Code, 401)
		if strings.Contains(w.Body.String(), "<a ") {
			t.Errorf("%s: a link to itself:\n%s", target, w.Body)
		}
	}
}

// Between a guard that wants a fresh login and a login page that sends on
// whoever is signed in, there is no end. The page has to want what the guard
// wants.
func TestALoginPageThatLooksAtFreshnessIsNoEndlessRedirect(t *testing.T) {
	for what, c := range map[string]struct {
		sendsOn func(*session.Session) bool
		want    int
	}{
		"who is signed in":         {func(s *session.Session) bool { return s.Owner() != "" }, 303},
		"who is signed in freshly": {func(s *session.Session) bool { return fresh.Is(s, time.Minute) }, 200},
	} {
		synctest.Test(t, func(t *testing.T) {
			app := http.NewServeMux()
			app.Handle("/safe", fresh.Require(time.Minute, login)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
			app.HandleFunc("GET /login", func(w http.ResponseWriter, r *http.Request) {
				if c.sendsOn(session.From(r.Context())) {
					http.Redirect(w, r, fresh.Return(r), http.StatusSeeOther)
				}
			})
			ann := sessiontest.New(t, session.Options{}).Browser(signIn)
			open := func(target string) (code int, to string) {
				r := ann.Request("GET", target, nil)
				r.Header.Set("Accept", "text/html")
				w := ann.Serve(app, r)
				return w.Code, w.Header().Get("Location")
			}
			time.Sleep(time.Minute)
			_, to := open("/safe")
			code, to := open(to)
			expect(t, what+": the login page", code, c.want)
			if code == http.StatusSeeOther {
				_, again := open(to)
				expect(t, what+": from where one came", again, "/login?return=%2Fsafe")
				return
			}
			ann.Change(signIn)
			_, to = open("/login?return=%2Fsafe")
			expect(t, what+": after the login", to, "/safe")
			code, _ = open(to)
			expect(t, what+": the page", code, 200)
		})
	}
}

func TestTheLoginPageMayHaveAQueryAndBeMissing(t *testing.T) {
	br := sessiontest.New(t, session.Options{}).Browser(nil)
	w, _ := asks(br, fresh.SignedIn(fresh.Options{Login: "/login?again=1"}), br.Request("GET", "/a", nil), page...)
	expect(t, "Location", w.Header().Get("Location"), "/login?again=1&return=%2Fa")
	w, _ = asks(br, fresh.SignedIn(fresh.Options{}), br.Request("GET", "/a", nil), page...)
	expect(t, "without a page to sign in on", w.Code, 401)
	contains(t, "its body", w.Body.String(), "<h1>Please sign in</h1>")
}
