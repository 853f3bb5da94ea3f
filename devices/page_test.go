package devices_test

import (
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/devices"
	"github.com/sojourn-go/session/sessiontest"
	"github.com/sojourn-go/session/store/memstore"
)

const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

// known is a lab whose sessions know their clients, with a visitor whose own
// session is a Firefox's, and one of another kind for each of the agents.
func known(t *testing.T, o devices.Options, agents ...string) (*lab, *visitor) {
	t.Helper()
	l := newLabWith(t, memstore.New(memstore.Options{}), session.Options{Client: session.ClientOf, Lifetime: 30 * 24 * time.Hour}, o)
	l.app.HandleFunc("POST /in", func(_ http.ResponseWriter, r *http.Request) {
		session.From(r.Context()).LoginWith("ann", session.Terms{Level: 2, Remember: r.URL.RawQuery != ""})
	})
	from := func(agent, addr, query string) *visitor {
		v := l.visitor()
		r := v.Request("POST", "/in"+query, nil)
		r.Header.Set("User-Agent", agent)
		r.RemoteAddr = addr
		expect(t, "login", v.send(r).Code, 200)
		time.Sleep(time.Second)
		return v
	}
	for _, agent := range agents {
		from(agent, "[2001:db8:1234:5678::1]:9", "?remember")
	}
	return l, from(firefox, "203.0.113.7:1234", "")
}

// Attack 14: what the visitor's cookie holds is in no page, header or error.
func TestNothingThatIsSentHoldsAToken(t *testing.T) {
	for _, accept := range []string{html, api} {
		l := newLab(t, withLogin)
		ann, phone := l.signedIn("ann"), l.signedIn("ann")
		var secrets []string
		for _, v := range []*visitor{ann, phone} {
			for _, c := range v.Request("GET", "/", nil).Cookies() {
				secrets = append(secrets, c.Value[24:])
			}
		}
		expect(t, "tokens", len(secrets), 2)
		said := strings.Builder{}
		note := func(w *httptest.ResponseRecorder) {
			w.Header().Del("Set-Cookie")
			for name, values := range w.Header() {
				fmt.Fprintln(&said, name, values)
			}
			fmt.Fprintln(&said, w.Code, w.Body)
		}
		for _, target := range []string{"/sessions/", "/sessions/?fresh=1", "/sessions/?ended=others", "/sessions/x", "/sessions/?style=1"} {
			note(ann.get(target, accept))
		}
		for _, what := range []string{strings.Repeat("a", 24), "", phone.id(), "others", ann.id()} {
			note(ann.ends(what, accept))
		}
		contains(t, "what was said", said.String(), ann.lab.Events(session.Ended)[0].ID)
		lacks(t, "what was said", said.String(), secrets...)
	}
}

func TestTheStyleSheetIsServedToAnybodyOnceAndMayBeAddedTo(t *testing.T) {
	l := newLab(t, devices.Options{CSS: ".sessions { --accent: rebeccapurple }"})
	address := regexp.MustCompile(`<link rel="stylesheet" href="([^"]+)">`).FindStringSubmatch(l.signedIn("ann").get("/sessions/", html).Body.String())
	if address == nil {
		t.Fatal("the page has no style sheet")
	}
	w := l.visitor().get("/sessions/"+address[1], "text/css")
	expect(t, "status", w.Code, 200)
	expect(t, "Content-Type", w.Header().Get("Content-Type"), "text/css; charset=utf-8")
	expect(t, "Cache-Control", w.Header().Get("Cache-Control"), "private, max-age=31536000, immutable")
	expect(t, "Vary", w.Header().Get("Vary"), "")
	contains(t, "the sheet", w.Body.String(), "prefers-color-scheme: dark", ":focus-visible", "max-width: 36rem")
	if !strings.HasSuffix(w.Body.String(), "rebeccapurple }") {
		t.Error("the application's own rules do not come last")
	}
	w = l.visitor().get("/sessions/?style=old", "text/css")
	expect(t, "an older page's", w.Header().Get("Cache-Control"), "private, no-cache")
}

func TestAnApplicationsTemplateIsThePageOrTheFrameAroundIt(t *testing.T) {
	own := template.Must(template.New("own").Parse(
		`{{len .Sessions}} {{.MayEnd}} {{.Login}} {{.Others}} {{range .Sessions}}{{.Name}} {{$.Time .Created}}{{end}} {{.Style}} {{.Field}} {{.Notice}}|{{.Body}}`))
	l := newLab(t, devices.Options{Template: own, Field: func(*session.Session) (template.HTML, error) {
		return `<input type="hidden" name="token" value="t">`, nil
	}})
	ann := l.signedIn("ann")
	w := ann.get("/sessions/", html)
	mine, body, _ := strings.Cut(w.Body.String(), "|")
	contains(t, "the application's part", mine, "1 true false 0 Session "+ann.id()[:6]+` <time datetime="`, "?style=", `<input type="hidden" name="token" value="t">`)
	contains(t, "the body", body, "<h1>Your sessions</h1>", `<input type="hidden" name="token" value="t">`, "Sign out")
	lacks(t, "the body", body, "<html", "<main")
	expect(t, "Content-Security-Policy", w.Header().Get("Content-Security-Policy"), "frame-ancestors 'none'")
}

func TestAFieldOrTemplateThatFailsIsAnError(t *testing.T) {
	for what, o := range map[string]devices.Options{
		"Field":    {Field: func(*session.Session) (template.HTML, error) { return "", errors.New("too late") }},
		"Template": {Template: template.Must(template.New("broken").Parse(`half a page {{.Missing}}`))},
	} {
		var got error
		o.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, err error) {
			got = err
			w.WriteHeader(http.StatusTeapot)
		}
		w := newLab(t, o).signedIn("ann").get("/sessions/", html)
		expect(t, what, w.Code, http.StatusTeapot)
		expect(t, what+": body", w.Body.String(), "")
		if got == nil || !strings.HasPrefix(got.Error(), "devices: ") {
			t.Errorf("%s: got %v", what, got)
		}
	}
}

// Loads fail after the visitor's own session was found: the list is not known,
// and an end may have happened or not.
func TestAStoreThatIsDownIsAnswered503(t *testing.T) {
	for _, accept := range []string{html, api} {
		for _, what := range []string{"", "others", "end"} {
			st := sessiontest.Failing(memstore.New(memstore.Options{}))
			l := newLabWith(t, st, session.Options{Timeout: 20 * time.Millisecond}, withLogin)
			ann, phone := l.signedIn("ann"), l.signedIn("ann")
			other := phone.id()
			page := l.app
			l.app = http.NewServeMux()
			l.app.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
				session.From(r.Context()).Owner() // it is loaded
				st.Break(sessiontest.Loads | sessiontest.Saves)
				page.ServeHTTP(w, r)
			})
			var w *httptest.ResponseRecorder
			switch what {
			case "":
				w = ann.get("/sessions/", accept)
			case "others":
				w = ann.ends("others", accept)
			default:
				w = ann.ends(other, accept)
			}
			expect(t, "status of "+what, w.Code, http.StatusServiceUnavailable)
			expect(t, "Retry-After of "+what, w.Header().Get("Retry-After"), "1")
			st.Repair()
			expect(t, "the other one is", phone.owner(), "ann")
		}
	}
}

func TestThePageIsAtItsPathAndNowhereBelow(t *testing.T) {
	l := newLab(t, withLogin)
	page, err := devices.New(l.Manager(), withLogin)
	if err != nil {
		t.Fatal(err)
	}
	l.app.Handle("/exact", page)
	l.app.Handle("GET localhost/all.json", page)
	l.app.Handle("/app/", http.StripPrefix("/app", page))
	ann := l.signedIn("ann")
	for target, want := range map[string]string{
		"/sessions/":          "text/html; charset=utf-8",
		"/sessions/list.json": "application/json",
		"/exact":              "text/html; charset=utf-8",
		"/all.json":           "application/json",
		"/app/":               "text/html; charset=utf-8",
		"/app/x.json":         "application/json",
		"/sessions/x":         "",
		"/sessions/a/":        "",
		"/sessions/a/x.json":  "",
		"/app/x":              "",
	} {
		w := ann.get(target, html)
		if want == "" {
			expect(t, target, w.Code, http.StatusNotFound)
			continue
		}
		expect(t, target, w.Code, http.StatusOK)
		expect(t, target, w.Header().Get("Content-Type"), want)
	}
	w := l.visitor().get("/app/", html)
	expect(t, "the way back", w.Header().Get("Location"), "/login?return=%2Fapp%2F")
}
