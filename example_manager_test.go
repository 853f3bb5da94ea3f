package session_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/seal"
	"github.com/sojourn-go/session/sessiontest"
	"github.com/sojourn-go/session/store/memstore"
)

// New checks all options, and names all faults at once.
func ExampleNew() {
	sessions, err := session.New(memstore.New(memstore.Options{}), session.Options{
		Idle:     2 * time.Hour,
		Lifetime: session.Never, // it ends by not being used, and only so
	})
	if err != nil {
		log.Fatal(err)
	}
	_ = http.Server{Addr: ":8080", Handler: sessions.Handler(http.NotFoundHandler())}

	_, err = session.New(memstore.New(memstore.Options{}), session.Options{Idle: 48 * time.Hour, Timeout: -1})
	fmt.Println(err)
	// Output:
	// session: Idle (48h0m0s) is longer than Lifetime (24h0m0s), and so would never end a session: shorten it
	// session: Timeout is -1ns: it is at least a millisecond
}

// Sessions without a server side: each is in its cookie, sealed. The key comes
// from "sojourn keygen", and stays the same over restarts.
func ExampleNewSealed() {
	key, err := seal.ParseKey(os.Getenv("SESSION_KEY"))
	if err != nil {
		key = seal.NewKey() // of this example: at the next start nobody is known
	}
	keys, err := seal.NewKeys(key)
	if err != nil {
		log.Fatal(err)
	}
	sessions, err := session.NewSealed(keys, session.Options{
		// What ends all sessions of a user: a number that changes with the password.
		Epoch: func(_ context.Context, owner string) (uint64, error) { return passwordChanges(owner) },
	})
	if err != nil {
		log.Fatal(err)
	}
	site := sessions.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		if r.Method == http.MethodPost {
			s.Login("ann")
			return
		}
		fmt.Println("Hello", s.Owner())
	}))
	login := httptest.NewRecorder()
	site.ServeHTTP(login, httptest.NewRequest("POST", "https://example.com/login", nil))
	page := httptest.NewRequest("GET", "https://example.com/", nil)
	page.AddCookie(login.Result().Cookies()[0])
	site.ServeHTTP(httptest.NewRecorder(), page)
	fmt.Println(sessions.EndID(context.Background(), "an id"))
	// Output:
	// Hello ann
	// session: a sealed session is in its cookie and nowhere else: unsupported operation
}

func passwordChanges(string) (uint64, error) { return 7, nil } // a look at the table of users

// A page that lists the owner's sessions, and lets them sign out elsewhere.
func ExampleManager_List() {
	sessions := newSessions(session.Options{})
	mux := http.NewServeMux()
	mux.HandleFunc("POST /login", func(_ http.ResponseWriter, r *http.Request) {
		session.From(r.Context()).Login("ann")
	})
	mux.HandleFunc("GET /devices", func(w http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		for info, err := range sessions.List(r.Context(), s.Owner()) {
			if err != nil {
				http.Error(w, "Please try again.", session.StatusCode(err))
				return
			}
			fmt.Fprintf(w, "%s this one: %v\n", info.Owner, info.ID == s.ID())
		}
	})
	mux.HandleFunc("POST /elsewhere", func(w http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		if s.Owner() == "" {
			http.Error(w, "Sign in first.", http.StatusForbidden)
			return
		}
		n, err := sessions.EndAll(r.Context(), s.Owner(), s.ID())
		if err != nil {
			http.Error(w, "Please try again.", session.StatusCode(err))
			return
		}
		fmt.Fprintf(w, "Signed out of %d other sessions.", n)
	})
	site := sessions.Handler(mux)
	phone, laptop := browse(site), browse(site)
	phone("POST", "/login")
	laptop("POST", "/login")
	laptop("POST", "/elsewhere")
	laptop("GET", "/devices")
	phone("POST", "/elsewhere") // its session has ended
	// Output:
	// 200
	// 200
	// 200 Signed out of 1 other sessions.
	// 200 ann this one: true
	// 403 Sign in first.
}

// End ends one session of an owner, and nobody else's: ids are no secret.
func ExampleManager_End() {
	ctx := context.Background()
	sessions := newSessions(session.Options{})
	id := signIn(sessions, "ann")

	err := sessions.End(ctx, "bob", id)
	fmt.Println("bob:", errors.Is(err, session.ErrNotFound))
	fmt.Println("ann:", sessions.End(ctx, "ann", id))
	// Output:
	// bob: true
	// ann: <nil>
}

// After a change of the password everybody who knew the old one is out.
func ExampleManager_EndAll() {
	ctx := context.Background()
	sessions := newSessions(session.Options{})
	signIn(sessions, "ann")
	here := signIn(sessions, "ann")

	// ... the new password is stored first, and then:
	n, err := sessions.EndAll(ctx, "ann", here)
	fmt.Println(n, err)
	// Output:
	// 1 <nil>
}

// What operators do: look at all sessions, end one, whoever's it is, and all
// that began before something went wrong.
func ExampleManager_All() {
	ctx := context.Background()
	sessions := newSessions(session.Options{})
	signIn(sessions, "ann")
	id := signIn(sessions, "bob")

	if err := sessions.EndID(ctx, id); err != nil {
		fmt.Println(err)
	}
	for info, err := range sessions.All(ctx) {
		if err != nil {
			fmt.Println(err)
			break
		}
		fmt.Println(info.Owner)
	}
	n, err := sessions.EndBefore(ctx, time.Now().Add(time.Second))
	fmt.Println("ended:", n, err)
	// Output:
	// ann
	// ended: 1 <nil>
}

// Require is for pages that make no sense without their session: if it cannot
// be loaded they do not run, not even for a GET.
func ExampleManager_Require() {
	private := func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "Your letters, %s.", session.From(r.Context()).Owner())
	}
	st := sessiontest.Failing(memstore.New(memstore.Options{}))
	sessions, err := session.New(st, session.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /login", func(_ http.ResponseWriter, r *http.Request) { session.From(r.Context()).Login("ann") })
	mux.Handle("GET /letters", sessions.Require(http.HandlerFunc(private)))
	visitor := browse(sessions.Handler(mux))
	visitor("POST", "/login")
	visitor("GET", "/letters")
	st.Break(sessiontest.Loads) // an outage
	visitor("GET", "/letters")
	// Output:
	// 200
	// 200 Your letters, ann.
	// 503 Service Unavailable
}

// Load and Commit are for frameworks that Handler does not fit (Ring's
// session-request and session-response).
func ExampleManager_Load() {
	visits := session.NewKey[int]("visits")
	sessions := newSessions(session.Options{})

	serve := func(r *http.Request, header http.Header) (body string) {
		s := sessions.Load(r)
		if err := s.Err(); err != nil {
			return fmt.Sprint(session.StatusCode(err))
		}
		n := visits.Update(s, func(n int) int { return n + 1 })
		if err := sessions.Commit(r.Context(), header, s); err != nil {
			return fmt.Sprint(session.StatusCode(err)) // and nothing of what was to be said
		}
		return fmt.Sprint("visit ", n)
	}
	header := http.Header{}
	fmt.Println(serve(httptest.NewRequest("GET", "/", nil), header))
	fmt.Println(header["Vary"], header["Cache-Control"], len(header["Set-Cookie"]))
	// Output:
	// visit 1
	// [Cookie] [no-store] 1
}

// Where two managers serve one site, each is asked for its own session. They
// need two cookie names.
func ExampleManager_From() {
	visitors := newSessions(session.Options{Name: "__Host-Http-visitor"})
	staff := newSessions(session.Options{Name: "__Host-Http-staff", Lifetime: 8 * time.Hour})

	page := func(w http.ResponseWriter, r *http.Request) {
		staff.From(r.Context()).Login("ann")
		fmt.Fprintf(w, "%q %q", visitors.From(r.Context()).Owner(), staff.From(r.Context()).Owner())
	}
	browse(visitors.Handler(staff.Handler(http.HandlerFunc(page))))("POST", "/")
	// Output:
	// 200 "" "ann"
}

// signIn signs somebody in with a browser of their own.
func signIn(sessions *session.Manager, owner string) (id string) {
	r := httptest.NewRequest("POST", "https://example.com/login", nil)
	s := sessions.Load(r)
	err := errors.Join(s.Login(owner), sessions.Commit(r.Context(), http.Header{}, s))
	if err != nil {
		log.Fatal(err)
	}
	return s.ID()
}
