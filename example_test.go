package session_test

import (
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/store/memstore"
)

// A visit counter. Handler is one line of middleware, and From costs nothing
// until the session is used. The function given to Update runs again if another
// request of the visitor wins the race, so no visit is lost.
func ExampleManager_Handler() {
	visits := session.NewKey[int]("visits")

	sessions, err := session.New(memstore.New(memstore.Options{}), session.Options{})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		n := visits.Update(s, func(n int) int { return n + 1 })
		fmt.Fprintf(w, "You accessed this page %d times.\n", n)
	})
	site := http.NewCrossOriginProtection().Handler(sessions.Handler(mux))

	ann := browse(site)
	ann("GET", "/")
	ann("GET", "/")
	// Output:
	// 200 You accessed this page 1 times.
	// 200 You accessed this page 2 times.
}

// Signing in and out. Login gives the session a new token and an owner; what
// the visitor did before, the cart for one, is kept. End leaves nothing.
func Example() {
	cart := session.NewKey[[]string]("cart")

	mux := http.NewServeMux()
	mux.HandleFunc("GET /cart", func(w http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		fmt.Fprintf(w, "owner %q, cart %q", s.Owner(), cart.Get(s))
	})
	mux.HandleFunc("POST /cart", func(w http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		cart.Update(s, func(items []string) []string { return append(items, r.FormValue("item")) })
		http.Redirect(w, r, "/cart", http.StatusSeeOther)
	})
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		// ... after the password was checked
		if err := session.From(r.Context()).Login(r.FormValue("name")); err != nil {
			http.Error(w, "Who are you?", http.StatusUnprocessableEntity)
			return
		}
		http.Redirect(w, r, "/cart", http.StatusSeeOther)
	})
	mux.HandleFunc("POST /logout", func(w http.ResponseWriter, r *http.Request) {
		session.From(r.Context()).End()
		http.Redirect(w, r, "/cart", http.StatusSeeOther)
	})

	visitor := browse(newSessions(session.Options{}).Handler(mux))
	visitor("POST", "/cart?item=tea")
	visitor("POST", "/login?name=ann")
	visitor("GET", "/cart")
	visitor("POST", "/logout")
	visitor("GET", "/cart")
	// Output:
	// 303
	// 303
	// 200 owner "ann", cart ["tea"]
	// 303
	// 200 owner "", cart []
}

// newSessions returns a manager over an empty memory store, as ExampleNew makes one.
func newSessions(o session.Options) *session.Manager {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	sessions, err := session.New(memstore.New(memstore.Options{}), o)
	if err != nil {
		log.Fatal(err)
	}
	return sessions
}

// browse stands for a visitor's browser in these examples: the function that it
// returns sends a request to the site with the cookies it was given before, and
// prints the answer.
func browse(site http.Handler) func(method, target string) {
	cookies := map[string]string{}
	return func(method, target string) {
		r := httptest.NewRequest(method, "https://example.com"+target, nil)
		for name, value := range cookies {
			r.AddCookie(&http.Cookie{Name: name, Value: value})
		}
		w := httptest.NewRecorder()
		site.ServeHTTP(w, r)
		answer := w.Result()
		for _, c := range answer.Cookies() {
			if cookies[c.Name] = c.Value; c.MaxAge < 0 {
				delete(cookies, c.Name)
			}
		}
		fmt.Println(strings.TrimSpace(fmt.Sprint(answer.StatusCode, " ", w.Body)))
	}
}
