package session_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/store/memstore"
)

// Two devices, and no third: the login is told, and can say what to do.
func ExampleErrLimit() {
	sessions := newSessions(session.Options{Limit: 2, OverLimit: session.DenyNew})
	login := func(w http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		if err := s.Login("ann"); err != nil {
			http.Error(w, "Who are you?", http.StatusUnprocessableEntity)
			return
		}
		if err := s.Commit(r.Context()); errors.Is(err, session.ErrLimit) {
			http.Error(w, "You are signed in on two devices. Sign out on one of them.", session.StatusCode(err))
		}
	}
	site := sessions.Handler(http.HandlerFunc(login))
	for range 3 {
		browse(site)("POST", "/login")
	}
	// Output:
	// 200
	// 200
	// 409 You are signed in on two devices. Sign out on one of them.
}

// The zero OverLimit lets everybody in who knows the password, and ends the
// oldest login.
func ExampleOverLimit() {
	policy := session.EndOldest
	sessions := newSessions(session.Options{Limit: 1, OverLimit: policy})
	page := func(w http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		if r.Method == http.MethodPost {
			s.Login("ann")
		}
		fmt.Fprintf(w, "owner %q", s.Owner())
	}
	site := sessions.Handler(http.HandlerFunc(page))
	phone, tablet := browse(site), browse(site)
	phone("POST", "/login")
	tablet("POST", "/login")
	phone("GET", "/")
	tablet("GET", "/")
	// Output:
	// 200 owner "ann"
	// 200 owner "ann"
	// 200 owner ""
	// 200 owner "ann"
}

// A site at assurance level 2: times that are too long for it need a reason,
// which an audit of the configuration shows.
func ExampleLevel() {
	o := session.Options{Level: 2, Idle: session.Never}
	_, err := session.New(memstore.New(memstore.Options{}), o)
	fmt.Println(err)

	o.Deviations = map[string]string{"S07": "the screens of the control room are never left alone"}
	_, err = session.New(memstore.New(memstore.Options{}), o)
	fmt.Println(err)
	// Output:
	// session: Idle is never, and level 2 has 1h0m0s at the most (NIST SP 800-63B-4, 2.2.3): shorten it, or give the reason in Deviations["S07"]
	// <nil>
}

// Whoever guesses tokens is not let in, and can be shut out: there is an event
// for each, with the address it came from. Behind a proxy that is the proxy's,
// unless a middleware outside of Handler has set the request's RemoteAddr.
func ExampleOptions_observe() {
	var mu sync.Mutex
	guesses := map[string]int{} // by address; to be emptied once a minute
	host := func(remote string) string { h, _, _ := net.SplitHostPort(remote); return h }

	sessions := newSessions(session.Options{Observe: func(_ context.Context, e session.Event) {
		if e.Kind == session.Unknown || e.Kind == session.Refused {
			mu.Lock()
			defer mu.Unlock()
			guesses[host(e.Remote)]++
		}
	}})
	shutOut := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			n := guesses[host(r.RemoteAddr)]
			mu.Unlock()
			if n > 3 {
				http.Error(w, "Please wait a minute.", http.StatusTooManyRequests)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
	page := func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "owner %q\n", session.From(r.Context()).Owner())
	}
	site := shutOut(sessions.Handler(http.HandlerFunc(page)))
	for n := range 5 {
		r, _ := http.NewRequest("GET", "https://example.com/", nil)
		r.RemoteAddr = "192.0.2.1:4711"
		r.AddCookie(&http.Cookie{Name: "__Host-Http-session", Value: fmt.Sprintf("%024d%040d", n, 0)})
		w := httptest.NewRecorder()
		site.ServeHTTP(w, r)
		fmt.Print(w.Code, " ", w.Body)
	}
	// Output:
	// 200 owner ""
	// 200 owner ""
	// 200 owner ""
	// 200 owner ""
	// 429 Please wait a minute.
}
