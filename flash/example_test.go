package flash_test

import (
	"fmt"
	"html/template"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/flash"
	"github.com/sojourn-go/session/store/memstore"
)

// A form is answered with a redirect, and the page after it tells what came of
// it. Reloading that page does not tell it again.
func Example() {
	page := template.Must(template.New("page").Parse(
		`{{range .Messages}}<p class="{{.Kind}}">{{.Text}}</p>{{else}}<p>Nothing new.</p>{{end}}`))

	mux := http.NewServeMux()
	mux.HandleFunc("POST /names", func(w http.ResponseWriter, r *http.Request) {
		flash.Add(session.From(r.Context()), "success", r.FormValue("name")+" was saved.")
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		view := struct{ Messages []flash.Message }{
			flash.Messages(session.From(r.Context())), // before the first byte
		}
		if err := page.Execute(w, view); err != nil {
			log.Print(err)
		}
	})

	visitor := browse(mux)
	visitor("POST", "/names?name=%3Cann%3E")
	visitor("GET", "/")
	visitor("GET", "/")
	// Output:
	// 303
	// 200 <p class="success">&lt;ann&gt; was saved.</p>
	// 200 <p>Nothing new.</p>
}

// Now is for a page that is answered at once: nothing is stored for it.
func ExampleNow() {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /names", func(w http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		if r.FormValue("name") == "" {
			flash.Now(s, "error", "Who are you?")
			w.WriteHeader(http.StatusUnprocessableEntity)
		}
		fmt.Fprint(w, flash.Messages(s))
	})

	visitor := browse(mux)
	visitor("POST", "/names")
	// Output:
	// 422 [{error Who are you?}]
}

// A request that has read, and redirects, keeps what it has read: redirect
// after redirect.
func ExampleKeep() {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /save", func(w http.ResponseWriter, r *http.Request) {
		flash.Add(session.From(r.Context()), "success", "Saved.")
		http.Redirect(w, r, "/old", http.StatusSeeOther)
	})
	mux.HandleFunc("GET /old", func(w http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		if len(flash.Messages(s)) > 0 {
			w.Header().Set("X-Messages", "some")
		}
		flash.Keep(s)
		http.Redirect(w, r, "/new", http.StatusMovedPermanently)
	})
	mux.HandleFunc("GET /new", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, flash.Messages(session.From(r.Context())))
	})

	visitor := browse(mux)
	visitor("POST", "/save")
	visitor("GET", "/old")
	visitor("GET", "/new")
	visitor("GET", "/new")
	// Output:
	// 303
	// 301
	// 200 [{success Saved.}]
	// 200 []
}

// Handler goes inside of the manager's. What is fetched without being seen takes
// no messages away: HEAD, which "GET /" serves too, has no body to show them in.
func ExampleHandler() {
	sessions, err := session.New(memstore.New(memstore.Options{}), session.Options{})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /", func(_ http.ResponseWriter, r *http.Request) {
		flash.Add(session.From(r.Context()), "success", "Saved.")
	})
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		for _, m := range flash.Messages(session.From(r.Context())) {
			fmt.Println(r.Method, m.Kind, m.Text)
		}
	})
	site := sessions.Handler(flash.Handler(mux))

	var cookies []*http.Cookie
	for _, method := range []string{"POST", "HEAD", "GET", "GET"} {
		r := httptest.NewRequest(method, "https://example.com/", nil)
		for _, c := range cookies {
			r.AddCookie(c)
		}
		w := httptest.NewRecorder()
		site.ServeHTTP(w, r)
		cookies = append(cookies, w.Result().Cookies()...)
	}
	// Output:
	// HEAD success Saved.
	// GET success Saved.
}

// A Value carries more than a text: what the visitor had filled in, say, for
// the form that is shown again.
func ExampleNewValue() {
	type form struct{ Title, Body string }
	draft := flash.NewValue[form]("draft")

	mux := http.NewServeMux()
	mux.HandleFunc("POST /articles", func(w http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		f := form{r.FormValue("title"), r.FormValue("body")}
		if f.Body == "" {
			draft.Put(s, f)
			flash.Add(s, "error", "An article has a text.")
		}
		http.Redirect(w, r, "/articles/new", http.StatusSeeOther)
	})
	mux.HandleFunc("GET /articles/new", func(w http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		f, again := draft.Get(s)
		fmt.Fprintf(w, "%v %q, again: %v", flash.Messages(s), f.Title, again)
	})

	visitor := browse(mux)
	visitor("POST", "/articles?title=Tea")
	visitor("GET", "/articles/new")
	visitor("GET", "/articles/new")
	// Output:
	// 303
	// 200 [{error An article has a text.}] "Tea", again: true
	// 200 [] "", again: false
}

// browse returns a visitor of a site, whose requests print their answers.
func browse(mux http.Handler) func(method, target string) {
	sessions, err := session.New(memstore.New(memstore.Options{}), session.Options{})
	if err != nil {
		log.Fatal(err)
	}
	site := sessions.Handler(mux)
	jar := map[string]string{}
	return func(method, target string) {
		r := httptest.NewRequest(method, "https://example.com"+target, nil)
		for name, value := range jar {
			r.AddCookie(&http.Cookie{Name: name, Value: value})
		}
		w := httptest.NewRecorder()
		site.ServeHTTP(w, r)
		for _, c := range w.Result().Cookies() {
			jar[c.Name] = c.Value
		}
		if w.Code/100 == 3 {
			w.Body.Reset() // the redirect's link
		}
		fmt.Println(strings.TrimSpace(fmt.Sprint(w.Code, " ", w.Body)))
	}
}
