package main

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// open shows a page, as a browser asks for it.
func (v *visitor) open(path string) reply { v.t.Helper(); return v.do(v.page("GET", path, "")) }

// send sends a form, as a browser does.
func (v *visitor) send(path string, fields ...string) reply {
	v.t.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	return v.do(v.page("POST", path, form.Encode()))
}

const (
	adasPassword = "analytical engine"
	another      = "difference engine"
)

// ada is a browser in which Ada is signed in.
func ada(t *testing.T, base string, fields ...string) *visitor {
	t.Helper()
	v := newVisitor(t, base)
	v.send("/login", append(fields, "name", "Ada", "password", adasPassword)...).want(t, 303)
	return v
}

func (r reply) leads(t *testing.T, to string) {
	t.Helper()
	if got := r.Header.Get("Location"); r.StatusCode != 303 || got != to {
		t.Errorf("%s %s: status %d, Location %q, want 303 to %q", r.Request.Method, r.Request.URL.Path, r.StatusCode, got, to)
	}
}

func (r reply) lacks(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(r.body, text) {
			t.Errorf("%s %s: there is %q in\n%s", r.Request.Method, r.Request.URL.Path, text, r.body)
		}
	}
}

var tokenField = regexp.MustCompile(`<input type="hidden" name="__anti-forgery-token" value="([^"]+)">`)

// token returns the token of the page's form.
func (r reply) token(t *testing.T) string {
	t.Helper()
	m := tokenField.FindStringSubmatch(r.body)
	if m == nil {
		t.Fatalf("no token in\n%s", r.body)
	}
	return m[1]
}

func (r reply) formsHaveTokens(t *testing.T) {
	t.Helper()
	forms, tokens := strings.Count(r.body, `method="post"`), len(tokenField.FindAllString(r.body, -1))
	if forms == 0 || forms != tokens {
		t.Errorf("%s: %d forms and %d tokens in\n%s", r.Request.URL.Path, forms, tokens, r.body)
	}
}

func TestLogin_AnAccountWantsItsPassword(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, start(t).url)
	v.open("/login").want(t, 200, "Ada", adasPassword, "Grace", "nanosecond wire")
	v.open("/login").formsHaveTokens(t)
	for _, c := range []struct{ name, password, fault string }{
		{"Ada", "Analytical engine", "That is not Ada’s password."},
		{"ada", "", "Ada has a password."},
		{"Adda", adasPassword, "There is no account of that name."},
	} {
		r := v.send("/login", "name", c.name, "password", c.password, "remember", "yes")
		r.want(t, 422, `id="password-fault" role="alert">`+c.fault, `aria-describedby="password-fault password-hint" aria-invalid="true"`,
			`value="`+c.name+`"`, " checked")
		r.lacks(t, `value="`+adasPassword, `aria-describedby="name-fault"`)
	}
	if s := v.state("GET", "/api/session"); s.Owner != "" {
		t.Errorf("signed in is %+v", s)
	}
	v.send("/login", "name", "ADA", "password", adasPassword).leads(t, "/")
	v.open("/").want(t, 200, "Good to see you, Ada.")
}

func TestLogin_LeadsBackToWhereItWasAskedForAndNowhereElse(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, start(t).url)
	v.open("/settings").leads(t, "/login?return=%2Fsettings")
	v.open("/login?return=%2Fsettings").want(t, 200, `<input type="hidden" name="return" value="/settings">`)
	v.send("/login", "name", "", "return", "/settings").want(t, 422, `name="return" value="/settings"`)
	v.send("/login", "name", "Ann", "return", "/settings").leads(t, "/settings")
	v.open("/settings").want(t, 200, "guests have no password", "You are signed in.")
	for _, elsewhere := range []string{"https://evil.example/", "//evil.example", `/\evil.example`} {
		v.send("/login", "name", "Ann", "return", elsewhere).leads(t, "/")
	}
}

func TestFlash_AMessageIsShownOnceAndByThePageAlone(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, start(t).url)
	v.send("/login", "name", "Ann").want(t, 303)
	const message = `<div class="flash" role="status">` + "\n" + `<p class="success">You are signed in.</p>`
	v.do(v.page("HEAD", "/", "")).want(t, 200)
	v.open("/api/session").lacks(t, "flash", "_flash")
	v.open("/cookies").lacks(t, "You are signed in.")
	v.open("/").want(t, 200, message)
	v.open("/").lacks(t, "You are signed in.", `class="flash"`)
}

func TestRemember_TheCookieOutlivesTheBrowserOnlyIfThatWasAsked(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, start(t).url)
	r := v.send("/login", "name", "Ann")
	if line := r.Header.Get("Set-Cookie"); strings.Contains(line, "Max-Age") || strings.Contains(line, "Expires") {
		t.Errorf("the cookie is %q, want none that stays", line)
	}
	r = v.send("/login", "name", "Ann", "remember", "yes")
	if line := r.Header.Get("Set-Cookie"); !strings.Contains(line, "; Max-Age=2592000;") {
		t.Errorf("the cookie is %q, want 30 days", line)
	}
	v.open("/").want(t, 200, "This browser stays so until "+time.Now().UTC().Add(30*24*time.Hour).Format("2 January 2006"))
	v.open("/session").want(t, 200, "This browser is remembered")
	v.open("/sessions").want(t, 200, "stays signed in")
}

func TestDevices_OneBrowserEndsTheOther(t *testing.T) {
	t.Parallel()
	base := start(t).url
	here, there := newVisitor(t, base), newVisitor(t, base)
	here.open("/sessions/").leads(t, "/sessions")
	here.open("/sessions").leads(t, "/login?return=%2Fsessions")
	for _, v := range []*visitor{here, there} {
		v.send("/login", "name", "Ann", "return", "/sessions").leads(t, "/sessions")
	}
	other := there.state("GET", "/api/session").ID
	here.open("/sessions").want(t, 200, "<title>Your sessions · Sojourn</title>", `href="#main"`, "Go-http-client", other, "127.0.0.0/24", "second browser")
	here.send("/sessions", "end", other).leads(t, "?ended="+other)
	here.open("/sessions?ended="+other).want(t, 200, `role="status">The session has ended.`)
	there.open("/sessions").leads(t, "/login?return=%2Fsessions")
	there.open("/").want(t, 200, counted(1), "Welcome, stranger.")
	here.open("/").lacks(t, "You are signed in.") // the list has said so
	here.get("/sessions.json").want(t, 200, `"may_end":true`)
	if r := here.do(here.page("GET", "/sessions?style=x", "")); r.StatusCode != 200 || r.Header.Get("Content-Type") != "text/css; charset=utf-8" {
		t.Errorf("the style sheet: status %d, %q", r.StatusCode, r.Header.Get("Content-Type"))
	}
	here.do(here.page("PUT", "/sessions", "")).want(t, 405, "does not answer to this method")
}

func TestForms_WithoutAnOriginNeedATokenOfTheirSession(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, start(t).url)
	v.send("/login", "name", "Ann")
	before := v.cookies["__Host-Http-session"]
	v.post("/settings/renew", "").want(t, 403, "Out of date")
	stale := v.open("/settings").token(t)
	v.send("/login", "name", "Ann")
	v.post("/settings/renew", "__anti-forgery-token="+stale).want(t, 403, "Out of date")
	for _, path := range []string{"/sessions", "/settings", "/"} {
		v.open(path).formsHaveTokens(t)
	}
	v.post("/settings/renew", "__anti-forgery-token="+v.open("/settings").token(t)).leads(t, "/settings")
	v.open("/settings").want(t, 200, "Your cookie has a new value.")
	if v.cookies["__Host-Http-session"] == before {
		t.Error("the token is that of before")
	}
}

func TestLogout_HasTheBrowserForgetWhatItKeeps(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, start(t).url)
	v.send("/login", "name", "Ann")
	if r := v.open("/"); r.Header.Get("Cache-Control") != "no-store" || r.Header.Get("Clear-Site-Data") != "" {
		t.Errorf("a page: %v", r.Header)
	}
	if got := v.send("/logout").Header.Get("Clear-Site-Data"); got != `"cache"` {
		t.Errorf("Clear-Site-Data is %q", got)
	}
}

func TestLimit_EndsTheOldestOrDeniesTheNew(t *testing.T) {
	t.Parallel()
	for _, deny := range []bool{false, true} {
		flags := []string{"-limit", "1"}
		if deny {
			flags = append(flags, "-deny")
		}
		base := start(t, flags...).url
		first, second := newVisitor(t, base), newVisitor(t, base)
		first.send("/login", "name", "Ann").want(t, 303)
		second.open("/login")
		r := second.send("/login", "name", "Ann")
		if !deny {
			r.want(t, 303)
			first.open("/").want(t, 200, "Welcome, stranger.")
			continue
		}
		r.want(t, 409, `role="alert">Ann is signed in at as many places as this demonstration allows.`, `value="Ann"`)
		first.open("/").want(t, 200, "Good to see you, Ann.")
		first.send("/logout").want(t, 303)
		second.post("/login", "name=Ann&__anti-forgery-token="+r.token(t)).want(t, 303)
	}
}

func TestRotate_GivesAnotherTokenNowAndThen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := demoFlags{rotate: 7 * time.Minute}.inside(t)
		v.send("/login", "name", "Ann")
		token := v.cookies["__Host-Http-session"]
		time.Sleep(7*time.Minute - time.Millisecond)
		v.open("/")
		if v.cookies["__Host-Http-session"] != token {
			t.Error("there is another token before its time")
		}
		time.Sleep(time.Millisecond)
		v.open("/").want(t, 200, "Good to see you, Ann.")
		if v.cookies["__Host-Http-session"] == token {
			t.Error("the token is that of 7 minutes ago")
		}
	})
}
