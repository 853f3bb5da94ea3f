package fresh_test

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/fresh"
	"github.com/sojourn-go/session/store/memstore"
)

func newSessions(o session.Options) *session.Manager {
	sessions, err := session.New(memstore.New(memstore.Options{}), o)
	if err != nil {
		log.Fatal(err)
	}
	return sessions
}

// visit returns a function that opens pages as one browser would.
func visit(h http.Handler) func(path string) {
	var cookies []*http.Cookie
	return func(path string) {
		r := httptest.NewRequest("GET", "https://localhost"+path, nil)
		r.Header.Set("Accept", "text/html")
		for _, c := range cookies {
			r.AddCookie(c)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if c := w.Result().Cookies(); len(c) > 0 {
			cookies = c
		}
		said := w.Body.String()
		if w.Code == http.StatusSeeOther {
			said = "to " + w.Header().Get("Location")
		}
		fmt.Println(w.Code, path, said)
	}
}

// Whoever wants to change the password has signed in a moment ago. The login
// page leads back to where one came from.
func ExampleRequire() {
	recent := fresh.Require(5*time.Minute, fresh.Options{Login: "/login"})
	mux := http.NewServeMux()
	mux.HandleFunc("/login", func(w http.ResponseWriter, r *http.Request) {
		// ... after the password was checked, of a POST
		session.From(r.Context()).Login("ann")
		http.Redirect(w, r, fresh.Return(r), http.StatusSeeOther)
	})
	mux.Handle("/settings/password", recent(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "Your new password, please.")
	})))

	open := visit(newSessions(session.Options{}).Handler(mux))
	open("/settings/password")
	open("/login?return=%2Fsettings%2Fpassword")
	open("/settings/password")
	// Output:
	// 303 /settings/password to /login?return=%2Fsettings%2Fpassword
	// 303 /login?return=%2Fsettings%2Fpassword to /settings/password
	// 200 /settings/password Your new password, please.
}

// A page that is for members, and a part of it for those with two factors: who
// has signed in with one is sent to where the second is asked for.
func ExampleLevel() {
	members := fresh.SignedIn(fresh.Options{Login: "/login"})
	sure := fresh.Level(2, fresh.Options{Login: "/code"})
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "Welcome.") })
	mux := http.NewServeMux()
	mux.HandleFunc("/login", func(w http.ResponseWriter, r *http.Request) {
		session.From(r.Context()).LoginWith("ann", session.Terms{Level: 1})
		fmt.Fprint(w, "Signed in.")
	})
	mux.Handle("/code", members(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// ... after the code was checked, of a POST
		if err := session.From(r.Context()).StepUp(2); err != nil {
			http.Error(w, "Please sign in.", http.StatusForbidden)
			return
		}
		fmt.Fprint(w, "Sure.")
	})))
	mux.Handle("/account", members(page))
	mux.Handle("/transfer", members(sure(page)))

	open := visit(newSessions(session.Options{Level: 2}).Handler(mux))
	for _, path := range []string{"/account", "/login", "/account", "/transfer", "/code", "/transfer"} {
		open(path)
	}
	// Output:
	// 303 /account to /login?return=%2Faccount
	// 200 /login Signed in.
	// 200 /account Welcome.
	// 303 /transfer to /code?return=%2Ftransfer
	// 200 /code Sure.
	// 200 /transfer Welcome.
}

// A handler may ask by itself, where only a part of the page is at stake.
func ExampleIs() {
	account := func(w http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		if s.IsNew() {
			s.Login("ann")
		}
		fmt.Fprint(w, "may delete the account: ", fresh.Is(s, 5*time.Minute))
	}
	visit(newSessions(session.Options{}).Handler(http.HandlerFunc(account)))("/account")
	// Output:
	// 200 /account may delete the account: true
}

// The path to return to has come through the visitor's hands.
func ExampleReturn() {
	for _, path := range []string{"/settings", "//evil.example/", `/\evil.example/`} {
		r := httptest.NewRequest("GET", "/login?return="+url.QueryEscape(path), nil)
		fmt.Println(fresh.Return(r))
	}
	// Output:
	// /settings
	// /
	// /
}

// A program that gets the path otherwise checks it by itself.
func ExampleCheckPath() {
	fmt.Println(fresh.CheckPath("/settings?tab=2"))
	fmt.Println(fresh.CheckPath("https://evil.example/"))
	// Output:
	// <nil>
	// fresh: the path does not begin with /
}
