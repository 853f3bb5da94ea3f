package session_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/sojourn-go/session"
)

// A session knows about itself what may be shown and logged. Until it is
// stored it has no id.
func ExampleSession() {
	points := session.NewKey[int]("points")
	inSession(func(s *session.Session, commit func()) {
		fmt.Printf("new %v, id %q\n", s.IsNew(), s.ID())
		points.Set(s, 7)
		if err := s.Login("ann"); err != nil {
			fmt.Println(err)
		}
		commit()
		fmt.Println("owner:", s.Owner())
		fmt.Println("id:", len(s.ID()), "characters")
		fmt.Println("ends if not used within:", s.Expires().Sub(s.Authenticated()).Round(time.Minute))
		fmt.Println("younger than a minute:", time.Since(s.Created()) < time.Minute)
	})
	// Output:
	// new true, id ""
	// owner: ann
	// id: 24 characters
	// ends if not used within: 30m0s
	// younger than a minute: true
}

// Commit keeps the changes now, for what must not be done before they are kept
// for certain. After an error the handler may answer by itself.
func ExampleSession_Commit() {
	voted := session.NewKey[bool]("voted")
	count := func() { fmt.Println("counted") }

	vote := func(w http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		if voted.Get(s) {
			http.Error(w, "You have voted.", http.StatusForbidden)
			return
		}
		voted.Set(s, true)
		if err := s.Commit(r.Context()); err != nil {
			http.Error(w, "Please try again.", session.StatusCode(err))
			return
		}
		count()
		fmt.Fprint(w, "Thank you.")
	}
	visitor := browse(newSessions(session.Options{Strict: true}).Handler(http.HandlerFunc(vote)))
	visitor("POST", "/vote")
	visitor("POST", "/vote")
	// Output:
	// counted
	// 200 Thank you.
	// 403 You have voted.
}

// A request that lives long, a stream of events for one, asks now and then
// whether its session is still there, and what has become of it.
func ExampleSession_Reload() {
	points := session.NewKey[int]("points")
	sessions := newSessions(session.Options{})

	var visitor func(method, target string)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /login", func(_ http.ResponseWriter, r *http.Request) {
		session.From(r.Context()).Login("ann")
	})
	mux.HandleFunc("POST /win", func(_ http.ResponseWriter, r *http.Request) {
		points.Update(session.From(r.Context()), func(n int) int { return n + 10 })
	})
	mux.HandleFunc("GET /stream", func(w http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		fmt.Fprintln(w, "data:", points.Get(s))
		visitor("POST", "/win") // elsewhere
		for {
			err := s.Reload(r.Context())
			if errors.Is(err, session.ErrEnded) || errors.Is(err, session.ErrSuperseded) {
				fmt.Fprintln(w, "event: bye")
				return
			}
			if err == nil {
				fmt.Fprintln(w, "data:", points.Get(s))
			}
			sessions.EndAll(r.Context(), "ann") // elsewhere, too
		}
	})
	visitor = browse(sessions.Handler(mux))
	visitor("POST", "/login")
	visitor("GET", "/stream")
	// Output:
	// 200
	// 200
	// 200 data: 0
	// data: 10
	// event: bye
}

// All is for tools: every value, as the codec has written it.
func ExampleSession_All() {
	inSession(func(s *session.Session, _ func()) {
		session.NewKey[[]string]("cart").Set(s, []string{"tea", "milk"})
		session.NewKey[bool]("dark").Set(s, true)
		for name, value := range s.All() {
			fmt.Printf("%s = %s\n", name, value)
		}
	})
	// Unordered output:
	// cart = ["tea","milk"]
	// dark = true
}

// Err is for handlers that answer by themselves when the session cannot be
// loaded. Without it the values would be zero, and the answer ErrorHandler's.
func ExampleSession_Err() {
	theme := session.NewKey[string]("theme")
	page := func(w http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		if err := s.Err(); err != nil {
			http.Error(w, "A page without your settings.", session.StatusCode(err))
			return
		}
		fmt.Fprintf(w, "A page in %q.", theme.Get(s))
	}
	browse(newSessions(session.Options{}).Handler(http.HandlerFunc(page)))("GET", "/")
	// Output:
	// 200 A page in "".
}

// Lookup is From for code that may run without a session, such as a function
// that adds to log lines what is known.
func ExampleLookup() {
	who := func(ctx context.Context) string {
		if s, ok := session.Lookup(ctx); ok {
			return s.Owner()
		}
		return "nobody"
	}
	fmt.Println(who(context.Background()))

	inSession(func(s *session.Session, _ func()) {
		s.Login("ann")
		fmt.Println(who(session.NewContext(context.Background(), s)))
	})
	// Output:
	// nobody
	// ann
}

// NewContext is for code that is handed a context of its own making, as in
// frameworks that do not pass the request's on.
func ExampleNewContext() {
	points := session.NewKey[int]("points")
	resolve := func(ctx context.Context) int { return points.Get(session.From(ctx)) }

	inSession(func(s *session.Session, _ func()) {
		points.Set(s, 7)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		fmt.Println(resolve(session.NewContext(ctx, s)))
	})
	// Output:
	// 7
}
