package csrf_test

import (
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/csrf"
	"github.com/sojourn-go/session/store/memstore"
)

// The field is made before the page begins. So its error can still be
// answered, and the session's cookie can still be sent.
var settings = template.Must(template.New("settings").Parse(
	`<form method="post">{{.CSRF}}<input name="theme"><button>Save</button></form>`))

func showSettings(w http.ResponseWriter, r *http.Request) {
	field, err := csrf.Field(session.From(r.Context()))
	if err != nil {
		http.Error(w, "The form cannot be shown.", session.StatusCode(err))
		return
	}
	settings.Execute(w, struct{ CSRF template.HTML }{field})
}

func saveSettings(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintf(w, "saved: %s", r.FormValue("theme"))
}

func newManager() *session.Manager {
	m, err := session.New(memstore.New(memstore.Options{}), session.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		panic(err)
	}
	return m
}

// Handler is inside of Manager.Handler, CrossOrigin outside: what other sites
// send is refused before its session is loaded.
func ExampleProtection() {
	sessions := newManager()
	protection, err := csrf.New(csrf.Options{})
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /settings", showSettings)
	mux.HandleFunc("POST /settings", saveSettings)
	site := protection.CrossOrigin(sessions.Handler(protection.Handler(mux)))

	post := func(site http.Handler, header, value string) {
		r := httptest.NewRequest("POST", "https://localhost/settings", strings.NewReader("theme=dark"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set(header, value)
		w := httptest.NewRecorder()
		site.ServeHTTP(w, r)
		fmt.Println(w.Code, strings.TrimSpace(w.Body.String()))
	}
	post(site, "Sec-Fetch-Site", "same-origin")
	post(site, "Sec-Fetch-Site", "cross-site")
	post(site, "User-Agent", "an old browser")
	// Output:
	// 200 saved: dark
	// 403 Forbidden: this request comes from another site.
	// 403 Forbidden: this form is out of date, or brings no token. Go back, load the page again, and send it once more.
}

// A handler makes the field, and the template is given it.
func ExampleField() {
	site := newManager().Handler(http.HandlerFunc(showSettings))
	w := httptest.NewRecorder()
	site.ServeHTTP(w, httptest.NewRequest("GET", "https://localhost/settings", nil))

	before, rest, _ := strings.Cut(w.Body.String(), `value="`)
	token, after, _ := strings.Cut(rest, `"`)
	fmt.Println(before + `value="…"` + after)
	fmt.Println(len(token), "characters,", len(w.Result().Cookies()), "cookie")
	// Output:
	// <form method="post"><input type="hidden" name="__anti-forgery-token" value="…"><input name="theme"><button>Save</button></form>
	// 86 characters, 1 cookie
}

// As a function of a template it works too, as long as nothing of the page has
// been sent. Afterwards, execution ends with an error: a form that could not
// work is not shown.
func ExampleField_function() {
	page := template.Must(template.New("page").Funcs(template.FuncMap{"csrf": csrf.Field}).Parse(
		`<form method="post">{{csrf .}}</form>`))
	site := newManager().Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := page.Execute(w, session.From(r.Context()))
		fmt.Println(errors.Is(err, session.ErrLate))
	}))
	site.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "https://localhost/", nil))
	// Output:
	// true
}

// For scripts that send X-CSRF-Token, the page holds the token by itself.
func ExampleToken() {
	page := template.Must(template.New("page").Parse(`<meta name="csrf-token" content="{{.}}">`))
	site := newManager().Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, err := csrf.Token(session.From(r.Context()))
		if err != nil {
			http.Error(w, "The page cannot be shown.", session.StatusCode(err))
			return
		}
		page.Execute(w, token)
	}))
	w := httptest.NewRecorder()
	site.ServeHTTP(w, httptest.NewRequest("GET", "https://localhost/", nil))
	fmt.Println(len(w.Body.String()))
	// Output:
	// 121
}

var notice = session.NewKey[string]("notice")

// A site that shares its forms with a partner, takes calls of a payment
// service, and has the next page say why something was refused. What CrossOrigin
// refuses has no session for that: session.Lookup tells.
func ExampleOptions() {
	protection, err := csrf.New(csrf.Options{
		TrustedOrigins: []string{"https://accounts.example.com"},
		InsecureBypass: []string{"POST /hooks/{service}"}, // they sign what they send
		AlwaysToken:    true,
		MaxForm:        64 << 10,
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			why := "?"
			switch {
			case errors.Is(err, csrf.ErrCrossOrigin):
				why = "another site"
			case errors.Is(err, csrf.ErrToken):
				why = "an old page"
			}
			text := "Not done: this came from " + why + "."
			if s, ok := session.Lookup(r.Context()); ok {
				notice.Set(s, text)
				http.Redirect(w, r, "/", http.StatusSeeOther)
				return
			}
			http.Error(w, text, http.StatusForbidden)
		},
	})
	if err != nil {
		panic(err)
	}
	site := protection.CrossOrigin(newManager().Handler(protection.Handler(http.HandlerFunc(saveSettings))))
	for _, c := range []struct{ path, from string }{{"/settings", ""}, {"/settings", "cross-site"}, {"/hooks/paid", ""}} {
		w, r := httptest.NewRecorder(), httptest.NewRequest("POST", "https://localhost"+c.path, nil)
		r.Header.Set("Sec-Fetch-Site", c.from)
		site.ServeHTTP(w, r)
		fmt.Println(c.path, w.Code, w.Header().Get("Location")+strings.TrimSpace(w.Body.String()))
	}
	_, err = csrf.New(csrf.Options{TrustedOrigins: []string{"accounts.example.com"}})
	fmt.Println(err)
	// Output:
	// /settings 303 /
	// /settings 403 Not done: this came from another site.
	// /hooks/paid 200 saved:
	// csrf: TrustedOrigins has "accounts.example.com": an origin begins with https:// or http://
}
