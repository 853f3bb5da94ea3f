package session_test

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/cookie"
)

// A login that is held to the epoch of the password: if all sessions of the
// owner are ended while the login is under way, since the password was changed,
// it fails with ErrEpoch, and who knew the old password does not stay in.
func ExampleSession_LoginWith() {
	const level2 session.Level = 2 // as in NIST SP 800-63B: two factors
	sessions := newSessions(session.Options{})
	checkPassword := func(*http.Request) bool { return true }

	login := func(w http.ResponseWriter, r *http.Request) {
		name := r.FormValue("name")
		epoch, err := sessions.Epoch(r.Context(), name) // before the password is read
		if err != nil {
			http.Error(w, "Please try again.", session.StatusCode(err))
			return
		}
		if !checkPassword(r) {
			http.Error(w, "Who are you?", http.StatusUnauthorized)
			return
		}
		if r.FormValue("slow") != "" { // the owner changes the password meanwhile
			sessions.EndAll(r.Context(), name)
		}
		err = sessions.From(r.Context()).LoginWith(name, session.Terms{
			AtEpoch:  epoch,
			Level:    level2,
			Remember: r.FormValue("remember") != "",
			Lifetime: 30 * 24 * time.Hour,
		})
		if err != nil {
			http.Error(w, "Who are you?", http.StatusUnprocessableEntity)
		}
	}
	visitor := browse(sessions.Handler(http.HandlerFunc(login)))
	visitor("POST", "/login?name=ann&remember=1")
	visitor("POST", "/login?name=ann&slow=1")
	// Output:
	// 200
	// 409 Conflict
}

// Before something important the owner is asked once more who they are. The
// session gets a new token; everything else stays.
func ExampleSession_StepUp() {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /login", func(_ http.ResponseWriter, r *http.Request) {
		session.From(r.Context()).Login("ann")
	})
	mux.HandleFunc("POST /code", func(w http.ResponseWriter, r *http.Request) {
		// ... after the code was checked
		if err := session.From(r.Context()).StepUp(2); err != nil {
			http.Error(w, "Sign in first.", http.StatusForbidden)
		}
	})
	mux.HandleFunc("POST /transfer", func(w http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		if s.Info().Level < 2 || time.Since(s.Authenticated()) > 5*time.Minute {
			http.Error(w, "Please enter the code of your device.", http.StatusForbidden)
			return
		}
		fmt.Fprint(w, "Done.")
	})
	visitor := browse(newSessions(session.Options{}).Handler(mux))
	visitor("POST", "/code")
	visitor("POST", "/login")
	visitor("POST", "/transfer")
	visitor("POST", "/code")
	visitor("POST", "/transfer")
	// Output:
	// 403 Sign in first.
	// 200
	// 403 Please enter the code of your device.
	// 200
	// 200 Done.
}

// Renew gives the session a new token (Ring's :recreate), when what the visitor
// may do changes without a login. The id stays: it is the handle for logs.
func ExampleSession_Renew() {
	admin := session.NewKey[bool]("admin")
	inSession(func(s *session.Session, commit func()) {
		admin.Set(s, false)
		commit()
		id := s.ID()

		admin.Set(s, true)
		s.Renew()
		commit()
		fmt.Println("the same session:", s.ID() == id)
	})
	// Output:
	// the same session: true
}

// End is signing out (Ring's :session nil). What comes after it in the same
// request begins a new session.
func ExampleSession_End() {
	message := session.NewKey[string]("message")
	theme := session.NewKey[string]("theme")
	inSession(func(s *session.Session, commit func()) {
		s.Login("ann")
		theme.Set(s, "dark")
		commit()

		dark := theme.Get(s)
		s.End()
		theme.Set(s, dark)
		message.Set(s, "See you!")
		commit()
		fmt.Printf("%q %q %q\n", s.Owner(), theme.Get(s), message.Get(s))
	})
	// Output:
	// "" "dark" "See you!"
}

// ClearValues forgets everything but who it is.
func ExampleSession_ClearValues() {
	draft := session.NewKey[string]("draft")
	inSession(func(s *session.Session, commit func()) {
		s.Login("ann")
		draft.Set(s, "Dear Sir or Madam")
		commit()

		s.ClearValues()
		fmt.Printf("%q %q\n", s.Owner(), draft.Get(s))
	})
	// Output:
	// "ann" ""
}

// SetCookie changes the session's cookie in one response (Ring's
// :session-cookie-attrs): here for a page that another site shows in a frame.
func ExampleSession_SetCookie() {
	embed := func(w http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		s.Login("ann")
		err := s.SetCookie(cookie.Attrs{SameSite: http.SameSiteNoneMode, Partitioned: true})
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		if err := s.Commit(r.Context()); err != nil {
			return // ErrorHandler answers
		}
		fmt.Fprint(w, "Welcome.")
	}
	sessions := newSessions(session.Options{Observe: func(_ context.Context, e session.Event) {
		fmt.Println(e.Kind)
	}})
	browse(sessions.Handler(http.HandlerFunc(embed)))("POST", "/embed")
	// Output:
	// created
	// logged-in
	// 200 Welcome.
}

// inSession runs do in one request of a visitor who is new, with a function
// that commits, as the beginning of a response would.
func inSession(do func(s *session.Session, commit func())) {
	inRequest(func(s *session.Session) {
		do(s, func() {
			if err := s.Commit(context.Background()); err != nil {
				fmt.Println(err)
			}
		})
	})
}
