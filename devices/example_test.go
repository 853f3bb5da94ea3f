package devices_test

import (
	"encoding/json"
	"fmt"
	"html/template"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/devices"
	"github.com/sojourn-go/session/store/memstore"
)

// visit returns a function that sends requests as one browser would.
func visit(h http.Handler, accept string) func(method, path string, form url.Values) string {
	var cookies []*http.Cookie
	return func(method, path string, form url.Values) string {
		r := httptest.NewRequest(method, "https://localhost"+path, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Accept", accept)
		for _, c := range cookies {
			r.AddCookie(c)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if c := w.Result().Cookies(); len(c) > 0 {
			cookies = c
		}
		return w.Body.String()
	}
}

// The page is one handler, and so is what programs ask.
func ExampleNew() {
	sessions, err := session.New(memstore.New(memstore.Options{}), session.Options{Client: session.ClientOf})
	if err != nil {
		log.Fatal(err)
	}
	page, err := devices.New(sessions, devices.Options{Login: "/login", Fresh: 10 * time.Minute})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/sessions/", page)
	mux.HandleFunc("POST /login", func(_ http.ResponseWriter, r *http.Request) {
		session.From(r.Context()).Login("ann")
	})
	app := sessions.Handler(mux)

	laptop, phone := visit(app, "application/json"), visit(app, "application/json")
	laptop("POST", "/login", nil)
	phone("POST", "/login", nil)
	var list struct {
		Sessions []struct {
			ID      string
			Current bool
		}
	}
	if err := json.Unmarshal([]byte(laptop("GET", "/sessions/", nil)), &list); err != nil {
		log.Fatal(err)
	}
	for _, s := range list.Sessions {
		if !s.Current {
			fmt.Print(laptop("POST", "/sessions/", url.Values{"end": {s.ID}}))
		}
	}
	fmt.Print(phone("GET", "/sessions/", nil))
	// Output:
	// {"ended":1}
	// {"error":"login_required","login":"/login"}
}

// The page in the application's own frame: its head and its menu, and of the
// built-in page what is inside.
func ExamplePage() {
	sessions, err := session.New(memstore.New(memstore.Options{}), session.Options{})
	if err != nil {
		log.Fatal(err)
	}
	page, err := devices.New(sessions, devices.Options{
		Login: "/login",
		Template: template.Must(template.New("sessions").Parse(
			`<html lang="en"><link rel="stylesheet" href="{{.Style}}"><nav>...</nav><main class="sessions">{{.Body}}</main></html>`)),
		CSS:   `:root { --accent: teal; }`,
		Field: func(*session.Session) (template.HTML, error) { return "", nil }, // such as csrf.Field
	})
	if err != nil {
		log.Fatal(err)
	}
	open := visit(sessions.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		session.From(r.Context()).Login("ann")
		page.ServeHTTP(w, r)
	})), "text/html")
	body := open("GET", "/sessions/", nil)
	fmt.Println(strings.Contains(body, "<nav>"), strings.Contains(body, "<h1>Your sessions</h1>"))
	// Output:
	// true true
}

// A template of one's own says it all in its own words.
func ExamplePage_Time() {
	own := template.Must(template.New("own").Parse(
		`{{range .Sessions}}{{.Name}}: zuletzt {{$.Time .LastSeen}}
{{end}}{{.Others}} andere
`))
	now := time.Now()
	page := &devices.Page{Sessions: []devices.Session{
		{Info: session.Info{ID: "a", Current: true, LastSeen: now, Client: session.Client{Agent: "curl/8.5.0"}}},
		{Info: session.Info{ID: "b", LastSeen: now.Add(-time.Hour), Client: session.Client{Agent: "Backup/1.2"}}},
	}}
	var b strings.Builder
	if err := own.Execute(&b, page); err != nil {
		log.Fatal(err)
	}
	for line := range strings.Lines(b.String()) {
		before, _, _ := strings.Cut(line, "<time")
		fmt.Println(strings.TrimSpace(before))
	}
	fmt.Println(page.Sessions[0].Name(), page.Others())
	// Output:
	// curl/8.5.0: zuletzt
	// Backup/1.2: zuletzt
	// 1 andere
	// curl/8.5.0 1
}

// Where the built-in page is to be shown among other things.
func ExamplePage_Body() {
	page := &devices.Page{MayEnd: true, Sessions: []devices.Session{{Info: session.Info{ID: "a", Current: true}}}}
	body, err := page.Body()
	fmt.Println(strings.Contains(string(body), "Sign out"), err)
	// Output:
	// true <nil>
}

// All faults come at once.
func ExampleOptions() {
	var none *session.Manager
	_, err := devices.New(none, devices.Options{Login: "https://login.example/", Fresh: -time.Minute})
	fmt.Println(err)
	// Output:
	// devices: New without a manager
	// devices: Options.Login: fresh: the path does not begin with /
	// devices: Options.Fresh is -1m0s: a login is fresh for a millisecond at the least
}
