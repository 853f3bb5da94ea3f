package main

import (
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

func counted(n int) string {
	return fmt.Sprintf("<p class=\"count\">You accessed this page %d times.</p>", n)
}

func TestHome_CountsWithRingsSentenceAlsoTheFirstVisit(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, start(t).url)
	for n := 1; n <= 3; n++ {
		v.get("/").want(t, 200, counted(n), `href="/login"`, `href="/cookies"`, `href="/session"`)
	}
}

func TestHome_NothingButAGETCounts(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, start(t).url)
	v.get("/").want(t, 200, counted(1))
	v.do(v.request("HEAD", "/", "")).want(t, 200)
	v.get("/session").want(t, 200)
	v.get("/cookies").want(t, 200)
	v.get("/api/session").want(t, 200)
	v.get("/index.html").want(t, 404)
	v.get("/login").want(t, 200)
	v.signIn("").want(t, 422)
	v.signIn("Ann").want(t, 303)
	v.get("/").want(t, 200, counted(2))
}

func TestLogin_GreetsByNameAndKeepsTheVisits(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, start(t).url)
	v.get("/").want(t, 200, counted(1))
	before := v.cookies["__Host-Http-session"]
	r := v.signIn("  Ann & <b>Co</b>\t")
	r.want(t, 303)
	if got := r.Header.Get("Location"); got != "/" {
		t.Errorf("Location is %q, want /", got)
	}
	if after := v.cookies["__Host-Http-session"]; after == before || after == "" {
		t.Error("the token is that of before the login")
	}
	r = v.get("/")
	r.want(t, 200, counted(2), "Good to see you, Ann &amp; &lt;b&gt;Co&lt;/b&gt;.", `action="/logout"`)
	if strings.Contains(r.body, `href="/login"`) {
		t.Error("who is signed in is asked to sign in")
	}
}

func TestLogin_TakesAFormOfEitherKind(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, start(t).url)
	var body strings.Builder
	form := multipart.NewWriter(&body)
	if err := form.WriteField("name", "Ann"); err != nil {
		t.Fatal(err)
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	r := v.request("POST", "/login", body.String())
	r.Header.Set("Content-Type", form.FormDataContentType())
	v.do(r).want(t, 303)
	v.get("/").want(t, 200, "Good to see you, Ann.")
}

func TestLogin_AFaultyNameGetsThePageAgainAndLosesNothing(t *testing.T) {
	t.Parallel()
	base := start(t).url
	long := strings.Repeat("é", 128)
	for _, c := range []struct{ what, form, message, again string }{
		{"none", "", "Please type a name", ""},
		{"an empty one", "name=", "Please type a name", ""},
		{"spaces", "name=+%09+", "Please type a name", ""},
		{"256 bytes", "name=" + url.QueryEscape(long), "That name is too long", `value="` + long + `"`},
		{"not UTF-8", "name=a%ff", "That name holds bytes that are no text", ""},
		{"NUL", "name=a%00b", "That name holds bytes that are no text", ""},
		{"a form that cannot be read", "name=%zz", "Please type a name", ""},
		{"a form of which a part cannot be read", "name=Ann&x=%zz", "That form cannot be read", `value="Ann"`},
		{"a body without end", "name=" + strings.Repeat("a", 2*maxForm), "That name is far too long", ""},
		{"a name in the address is none", "other=1", "Please type a name", ""},
	} {
		t.Run(c.what, func(t *testing.T) {
			v := newVisitor(t, base)
			v.get("/")
			before := v.cookies["__Host-Http-session"]
			v.post("/login?name=Eve", c.form).want(t, 422, `id="name-fault" role="alert">`+c.message, c.again, `action="/login"`, `aria-invalid="true" aria-describedby="name-fault"`)
			if v.cookies["__Host-Http-session"] != before {
				t.Error("the cookie was changed")
			}
			v.get("/").want(t, 200, counted(2), "Welcome, stranger.")
		})
	}
}

func TestLogin_AFaultyNameLeavesWhoIsSignedInSignedIn(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, start(t).url)
	v.signIn("Ann")
	v.signIn(" ").want(t, 422, "You are signed in as Ann.", "Please type a name", `action="/login"`)
	v.get("/").want(t, 200, "Good to see you, Ann.")
}

func TestLogin_255BytesAreAName(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, start(t).url)
	name := strings.Repeat("n", 255)
	v.signIn(name).want(t, 303)
	v.get("/").want(t, 200, "Good to see you, "+name+".")
}

func TestLogin_AsSomebodyElseDropsTheVisits(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, start(t).url)
	v.signIn("Ann")
	v.get("/").want(t, 200, counted(1))
	v.get("/").want(t, 200, counted(2))
	v.signIn("Ann").want(t, 303)
	v.get("/").want(t, 200, counted(3))
	v.signIn("Bob").want(t, 303)
	v.get("/").want(t, 200, counted(1), "Good to see you, Bob.")
}

func TestLogout_EndsTheSessionForItsOldTokenToo(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, start(t).url)
	v.get("/")
	v.signIn("Ann")
	thief := newVisitor(t, v.url)
	thief.cookies["__Host-Http-session"] = v.cookies["__Host-Http-session"]
	r := v.post("/logout", "")
	r.want(t, 303)
	if got := r.Header.Get("Location"); got != "/" {
		t.Errorf("Location is %q, want /", got)
	}
	if len(v.cookies) > 0 {
		t.Errorf("the browser keeps %v", v.cookies)
	}
	if s := thief.state("GET", "/api/session"); s.Owner != "" || s.Visits != 0 {
		t.Errorf("the old token opens %+v", s)
	}
	thief.get("/").want(t, 200, counted(1), "Welcome, stranger.")
	thief.get("/").want(t, 200, counted(1)) // the ended session keeps nothing
	v.get("/").want(t, 200, counted(1), "Welcome, stranger.")
	newVisitor(t, v.url).post("/logout", "").want(t, 303) // who is nobody may leave
}

func TestCookies_ShowsAllButTheTokensValue(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, start(t).url)
	v.get("/cookies").want(t, 200, "Your browser sent no cookies.")
	v.get("/")
	token := v.cookies["__Host-Http-session"]
	v.cookies["theme"], v.cookies["empty"], v.cookies["copy"] = "dark&<b>", "", token
	r := v.get("/cookies")
	r.want(t, 200, "__Host-Http-session", "64 characters", "theme", "dark&amp;&lt;b&gt;", "empty", "copy",
		"Secure", "HttpOnly", "SameSite=Lax", "Path=/")
	if strings.Contains(r.body, token[24:]) {
		t.Error("the page shows the token")
	}
	if got := r.Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control is %q, want no-store", got)
	}
}

func TestSession_IsDescribedWithoutBeingBegun(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, start(t).url)
	v.get("/session").want(t, 200, "You have no session yet")
	if len(v.cookies) > 0 {
		t.Errorf("looking gave a cookie: %v", v.cookies)
	}
	v.get("/")
	s := v.state("GET", "/api/session")
	v.get("/session").want(t, 200, s.ID, "nobody: you are not signed in", "never: you are not signed in",
		s.Created.Format("2 January 2006, 15:04:05 UTC"), fmt.Sprintf("%d bytes", s.Bytes))
	v.signIn("Ann")
	v.get("/session").want(t, 200, s.ID, "<dd>Ann</dd>", "Authenticated", "Last seen", "Expires", "in 30\u00a0min")
}

func TestPages_AreWholeAndNeedNoScript(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, start(t).url)
	titles := map[string]string{}
	for _, path := range []string{"/", "/login", "/session", "/cookies", "/nowhere"} {
		r := v.get(path)
		title := regexp.MustCompile(`<title>(.*)</title>`).FindString(r.body)
		if other, ok := titles[title]; ok || title == "" {
			t.Errorf("%s has the title %q of %q", path, title, other)
		}
		titles[title] = path
		r.want(t, r.StatusCode, `<html lang="en">`, `href="#main"`, `<main id="main"`, "</html>")
		for _, bad := range []string{"<script", "style=", "onclick", "javascript:"} {
			if strings.Contains(r.body, bad) {
				t.Errorf("%s holds %s", path, bad)
			}
		}
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin", "Content-Type": "text/html; charset=utf-8",
		} {
			if got := r.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
		if csp := r.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "script-src") {
			t.Errorf("%s: Content-Security-Policy is %q", path, csp)
		}
	}
	for path, kind := range map[string]string{"/static/style.css": "text/css; charset=utf-8", "/static/icon.svg": "image/svg+xml"} {
		r := v.get(path)
		r.want(t, 200)
		if got := r.Header.Get("Content-Type"); got != kind {
			t.Errorf("%s is %q, want %q", path, got, kind)
		}
		again := v.request("GET", path, "")
		again.Header.Set("If-None-Match", r.Header.Get("ETag"))
		v.do(again).want(t, http.StatusNotModified)
	}
	v.get("/static/").want(t, 404, "No such page")
}

func TestRefusals_AreInTheDesignAndJSONForTheAPI(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, start(t).url)
	v.get("/nowhere").want(t, 404, "No such page", "style.css")
	v.get("/api/nowhere").want(t, 404, `{"error":"There is nothing at this address."}`)
	for path, allow := range map[string]string{"/": "GET, HEAD", "/session": "GET, HEAD", "/cookies": "GET, HEAD", "/api/session": "GET, HEAD"} {
		r := v.post(path, "")
		r.want(t, 405, "does not answer to this method")
		if got := r.Header.Get("Allow"); got != allow {
			t.Errorf("POST %s: Allow is %q, want %q", path, got, allow)
		}
	}
	for _, path := range []string{"/logout", "/api/visit"} {
		r := v.get(path)
		r.want(t, 405, "does not answer to this method")
		if got := r.Header.Get("Allow"); got != "POST" {
			t.Errorf("GET %s: Allow is %q, want POST", path, got)
		}
	}
	if len(v.cookies) > 0 {
		t.Errorf("a refusal gave a cookie: %v", v.cookies)
	}
}

func TestRefusals_AFormOnAnotherSiteSignsNobodyInOrOut(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, start(t).url)
	v.signIn("Ann")
	for _, path := range []string{"/login", "/logout", "/api/visit", "/settings", "/settings/renew", "/sessions"} {
		r := v.request("POST", path, "name=Eve&end=others")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		r.Header.Set("Origin", "https://evil.example")
		v.do(r).want(t, 403, "another site")
	}
	if s := v.state("GET", "/api/session"); s.Owner != "Ann" || s.Visits != 0 {
		t.Errorf("after requests from another site the session is %+v", s)
	}
}
