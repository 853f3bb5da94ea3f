package csrf_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/csrf"
	"github.com/sojourn-go/session/sessiontest"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/memstore"
)

// A counting store counts its calls.
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

func TestACrossSiteWriteCostsNoStoreCallAndIsNoUseOfTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := &counting{Store: memstore.New(memstore.Options{})}
		site := sessiontest.NewWithStore(t, st, session.Options{})
		p := protect(t, csrf.Options{})
		app := p.CrossOrigin(site.Manager().Handler(p.Handler(done)))
		b := site.Browser(func(s *session.Session) { s.Login("ann") })
		time.Sleep(20 * time.Minute) // so that a use would be noted
		st.calls.Store(0)
		for name, value := range map[string]string{"Sec-Fetch-Site": "same-site", "Origin": "https://www.localhost"} {
			r := b.Request("POST", "/", nil)
			r.Header.Set(name, value)
			want(t, name+": "+value, recorded(app, r).Code, 403)
		}
		if n := st.calls.Load(); n != 0 {
			t.Errorf("%d calls of the store, want none", n)
		}
		r := b.Request("POST", "/", nil)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		want(t, "the site's own", recorded(app, r).Code, 204)
		if st.calls.Load() == 0 {
			t.Error("no call is counted at all: the test proves nothing")
		}
	})
}

func TestAWriteThatTheHeadersProveNeedsNoLookAtTheSession(t *testing.T) {
	st := &counting{Store: memstore.New(memstore.Options{})}
	site := sessiontest.NewWithStore(t, st, session.Options{})
	r := site.Browser(nil).Request("POST", "/", nil)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	w := site.Browser(nil).Serve(protect(t, csrf.Options{}).Handler(done), r)
	want(t, "a write", w.Code, 204)
	if n := st.calls.Load(); n != 0 || w.Header().Get("Vary") != "" {
		t.Errorf("%d calls of the store, Vary %q; want none", n, w.Header().Get("Vary"))
	}
}

// Login CSRF: another site has the visitor's old browser log in as somebody
// whose pages the attacker reads afterwards.
func TestALoginWithoutHeadersNeedsTheTokenOfItsOwnForm(t *testing.T) {
	site := sessiontest.New(t, session.Options{})
	p := protect(t, csrf.Options{})
	login := p.Handler(handle(func(s *session.Session, w http.ResponseWriter) {
		if err := s.Login("mallory"); err != nil {
			t.Error(err)
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	attackers := open(t, site.Browser(nil), page)
	for what, b := range map[string]*sessiontest.Browser{
		"a visitor without a session":       site.Browser(nil),
		"a visitor who was shown a form":    site.Browser(func(s *session.Session) { csrf.Token(s) }),
		"a visitor who is signed in as ann": site.Browser(func(s *session.Session) { csrf.Token(s); s.Login("ann") }),
	} {
		for _, token := range []string{"", attackers} {
			want(t, what, b.Serve(login, form(b, token)).Code, 403)
		}
		b.Read(func(s *session.Session) {
			if s.Owner() == "mallory" {
				t.Errorf("%s is mallory now", what)
			}
		})
	}
	b := site.Browser(nil)
	want(t, "by the site's own form", b.Serve(login, form(b, open(t, b, page))).Code, 204)
}

// Basic is what browsers add by themselves, to forged requests too.
func TestAnAuthorizationThatNoBrowserAddsIsEnoughWithoutASession(t *testing.T) {
	site := sessiontest.New(t, session.Options{})
	for value, status := range map[string]int{
		"Bearer abc": 204, "bearer abc": 204, "Bearer": 403, "Bearer  ": 403, "BearerX abc": 403,
		"Basic YTpi": 403, "Digest a=b": 403, "Negotiate abc": 403,
	} {
		for b, status := range map[*sessiontest.Browser]int{
			site.Browser(nil): status,
			site.Browser(func(s *session.Session) { s.Login("ann") }): 403,
		} {
			r := b.Request("POST", "/", nil)
			r.Header.Set("Authorization", value)
			want(t, value, b.Serve(protect(t, csrf.Options{}).Handler(done), r).Code, status)
		}
	}
}

func TestAStoreThatIsDownIsA503AndNo403(t *testing.T) {
	st := sessiontest.Failing(memstore.New(memstore.Options{}))
	site := sessiontest.NewWithStore(t, st, session.Options{Timeout: time.Millisecond})
	b, p := site.Browser(nil), protect(t, csrf.Options{})
	token := open(t, b, page)
	st.Break(sessiontest.Loads | sessiontest.Saves)
	want(t, "a write", b.Serve(p.Handler(done), form(b, token)).Code, 503)
	w := b.Serve(p.Handler(page), b.Request("GET", "/", nil))
	if want(t, "a page with a form", w.Code, 503); !strings.HasPrefix(w.Body.String(), "csrf: ") {
		t.Errorf("the answer is not that of the handler, which was told: %q", w.Body)
	}
	newcomer := site.Browser(nil)
	want(t, "a newcomer's first form", newcomer.Serve(page, newcomer.Request("GET", "/", nil)).Code, 503)

	b.Serve(handle(func(s *session.Session, _ http.ResponseWriter) {
		if token, err := csrf.Token(s); token != "" || !errors.Is(err, session.ErrUnavailable) {
			t.Errorf("Token: %q, %v; want ErrUnavailable", token, err)
		}
	}), b.Request("GET", "/", nil))

	// And where a framework has loaded the session by itself.
	r := form(b, token)
	r = r.WithContext(session.NewContext(r.Context(), site.Manager().Load(r)))
	want(t, "a session of Load", recorded(p.Handler(done), r).Code, 503)
	st.Repair()
	r = form(b, token)
	r = r.WithContext(session.NewContext(r.Context(), site.Manager().Load(r)))
	want(t, "a session of Load, the store repaired", recorded(p.Handler(done), r).Code, 204)
}

func TestARefusalIsAShortPageThatSaysWhatToDo(t *testing.T) {
	var log bytes.Buffer
	old := slog.Default()
	defer slog.SetDefault(old)
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	site := sessiontest.New(t, session.Options{})
	b, p := site.Browser(nil), protect(t, csrf.Options{})
	open(t, b, page)
	for text, r := range map[string]*http.Request{
		"out of date":  form(b, "secret-of-the-visitor"),
		"another site": b.Request("POST", "/", nil),
	} {
		if text == "another site" {
			r.Header.Set("Sec-Fetch-Site", "cross-site")
		}
		w := b.Serve(p.Handler(done), r)
		if w.Code != 403 || !strings.Contains(w.Body.String(), text) || len(w.Body.String()) > 200 ||
			w.Header().Get("Content-Type") != "text/plain; charset=utf-8" || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("got %d %v %q, want a page with %q", w.Code, w.Header(), w.Body, text)
		}
	}
	if lines := strings.Count(log.String(), "level=DEBUG"); lines != 2 || strings.Contains(log.String(), "secret-of") {
		t.Errorf("the log, want 2 lines at Debug and no token: %s", &log)
	}
}

func TestTheErrorHandlerIsToldWhy(t *testing.T) {
	var why error
	var log bytes.Buffer
	old := slog.Default()
	defer slog.SetDefault(old)
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	p := protect(t, csrf.Options{ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
		why = err
		w.WriteHeader(http.StatusTeapot)
	}})
	b := sessiontest.New(t, session.Options{}).Browser(nil)
	token := open(t, b, page)
	for _, c := range []struct {
		name, value string
		want        error
		text        string
	}{
		{"Sec-Fetch-Site", "cross-site", csrf.ErrCrossOrigin, "Sec-Fetch-Site"},
		{"Origin", "https://evil.example", csrf.ErrCrossOrigin, "Origin"},
		{"X-Nothing", "", csrf.ErrToken, "none came"},
		{"X-CSRF-Token", "x" + token, csrf.ErrToken, "made up"},
	} {
		r := b.Request("POST", "/", nil)
		r.Header.Set(c.name, c.value)
		w := b.Serve(p.Handler(done), r)
		if w.Code != http.StatusTeapot || !errors.Is(why, c.want) || !strings.Contains(why.Error(), c.text) || strings.Contains(why.Error(), token) {
			t.Errorf("%s: %d, %v; want %v with %q", c.name, w.Code, why, c.want, c.text)
		}
	}
	newcomer := p.CrossOrigin(done)
	r := b.Request("POST", "/", nil)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	want(t, "outside", recorded(newcomer, r).Code, http.StatusTeapot)
	if log.Len() > 0 {
		t.Errorf("it is told, and logged as well: %s", &log)
	}
}

func TestAHandlerOutsideOfTheManagerPanicsAtOnce(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("it serves, unprotected")
		}
	}()
	protect(t, csrf.Options{}).Handler(done).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
}

func TestHeadersAndFieldHaveTheNamesOfTheOptions(t *testing.T) {
	b := sessiontest.New(t, session.Options{}).Browser(nil)
	token := open(t, b, page)
	p := protect(t, csrf.Options{Headers: []string{"X-Own"}, Field: "own"})
	for name, status := range map[string]int{"X-Own": 204, "X-CSRF-Token": 403, "X-XSRF-Token": 403} {
		r := b.Request("POST", "/", nil)
		r.Header.Set(name, token)
		want(t, name, b.Serve(p.Handler(done), r).Code, status)
	}
	for name, status := range map[string]int{"own": 204, field: 403} {
		r := b.Request("POST", "/", strings.NewReader(name+"="+token))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		want(t, name, b.Serve(p.Handler(done), r).Code, status)
	}
}

// CVE-2025-47910: what ServeMux redirects to a pattern is not the pattern.
func TestABypassIsWhatItsPatternSaysAndNoMore(t *testing.T) {
	site := sessiontest.New(t, session.Options{})
	p := protect(t, csrf.Options{AlwaysToken: true, InsecureBypass: []string{"POST /hooks/", "/in/{name}", "other.example/"}})
	app := p.CrossOrigin(site.Manager().Handler(p.Handler(done)))
	for _, c := range []struct {
		method, target string
		status         int
	}{
		{"POST", "/hooks/", 204}, {"POST", "/hooks/a/b", 204}, {"PUT", "/in/x", 204}, {"POST", "https://other.example/", 204},
		{"POST", "/hooks", 403}, {"PUT", "/hooks/", 403}, {"POST", "/in/x/y", 403}, {"POST", "/in/", 403},
		{"POST", "/hooks/../account", 403}, {"POST", "//hooks/", 403}, {"POST", "/HOOKS/", 403}, {"POST", "/", 403},
	} {
		r := site.Browser(nil).Request(c.method, c.target, nil)
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		want(t, c.method+" "+c.target, recorded(app, r).Code, c.status)
	}
}

func TestFaultsOfTheOptionsComeBackAtOnce(t *testing.T) {
	_, err := csrf.New(csrf.Options{
		TrustedOrigins: []string{"https://ok.example:8443", "https://UP.example", "https://a.example:443", "http://a.example:80", "b.example", "https://c.example/", "null"},
		InsecureBypass: []string{"/ok/", "/ok/", "/{", "GET  /"},
		Field:          "a\nb",
		Headers:        []string{"X-Ok", "X Space", "", "X-Ü"},
		MaxForm:        -1,
	})
	if err == nil {
		t.Fatal("no fault was found")
	}
	lines := strings.Split(err.Error(), "\n")
	for _, want := range []string{
		"Field", `"X Space"`, `""`, `"X-Ü"`, "MaxForm", "UP.example", "a.example:443", "a.example:80", `"b.example"`, "c.example/", `"null"`,
		"/ok/", `"/{"`, `"GET  /"`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("nothing is said of %s", want)
		}
	}
	for _, line := range lines {
		if strings.HasPrefix(line, "csrf: ") && strings.Contains(line, "ok.example") {
			t.Errorf("a fault that is none: %s", line)
		}
	}
	if _, err := csrf.New(csrf.Options{Field: "\xff"}); err == nil {
		t.Error("a Field that is not UTF-8 is none")
	}
}

// A caller's slice may change later.
func TestOptionsAreTheProtectionsOwn(t *testing.T) {
	headers, origins := []string{"X-Own"}, []string{trusted}
	p := protect(t, csrf.Options{Headers: headers, TrustedOrigins: origins})
	headers[0], origins[0] = "X-Other", "null"
	b := sessiontest.New(t, session.Options{}).Browser(nil)
	token := open(t, b, page)
	r := b.Request("POST", "/", nil)
	r.Header.Set("X-Own", token)
	want(t, "the header of the options", b.Serve(p.Handler(done), r).Code, 204)
	r.Host = ""
	r.Header.Set("Origin", "null")
	want(t, "the origin of later", b.Serve(p.Handler(done), r).Code, 403)
}
