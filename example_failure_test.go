package session_test

import (
	"context"
	"errors"
	"expvar"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/sojourn-go/session"
)

// What a page may say of each failure. ErrorHandler and Session.Commit get
// errors that wrap one of these.
func ExampleStatusCode() {
	explain := func(err error) string {
		switch {
		case errors.Is(err, session.ErrEnded), errors.Is(err, session.ErrSuperseded):
			return "You have signed out, or in again, elsewhere."
		case errors.Is(err, session.ErrEpoch):
			return "The password has just been changed."
		case errors.Is(err, session.ErrLimit):
			return "You are signed in on too many devices."
		case errors.Is(err, session.ErrTaken), errors.Is(err, session.ErrRefused), errors.Is(err, session.ErrOverwritten),
			errors.Is(err, session.ErrConflict): // in a transaction that nobody has run again
			return "Something else came first. Please look again."
		case errors.Is(err, session.ErrUnknown):
			return "We do not know whether this was done. Please look before you try again."
		case errors.Is(err, session.ErrUnavailable):
			return "Please try again in a moment."
		case errors.Is(err, session.ErrNotFound):
			return "There is no such session."
		case errors.Is(err, session.ErrTooLarge), errors.Is(err, session.ErrLate):
			return "We have made a mistake." // to be found in the log
		}
		return "Something went wrong."
	}
	for _, err := range []error{
		session.ErrEnded,
		fmt.Errorf("%w: connection refused", session.ErrUnavailable),
		fmt.Errorf("%w: 2097152 bytes", session.ErrTooLarge),
	} {
		fmt.Println(session.StatusCode(err), explain(err))
	}
	// Output:
	// 409 You have signed out, or in again, elsewhere.
	// 503 Please try again in a moment.
	// 500 We have made a mistake.
}

// Metrics, and alarms, from events: which are daily life, which are worth a
// look, and which must not be.
func ExampleKind() {
	metrics := expvar.NewMap("sessions")
	observe := func(ctx context.Context, e session.Event) {
		metrics.Add(string(e.Kind), 1)

		var level slog.Level
		switch e.Kind {
		case session.Created, session.LoggedIn, session.Renewed, session.Ended, session.Expired:
			level = slog.LevelDebug // daily life
		case session.Conflict, session.Superseded, session.Evicted, session.RolledBack:
			level = slog.LevelInfo // a rate to know
		case session.Overwritten:
			level = slog.LevelWarn // Get and Set where it should be Update: e.Key, e.Caller
		case session.Refused, session.Unknown:
			level = slog.LevelWarn // a wrong secret, or no such session: is somebody guessing, at e.Remote?
		case session.Late, session.Exposed, session.Misplaced:
			level = slog.LevelError // a mistake of ours
		case session.Unreadable, session.Failed:
			level = slog.LevelError // the store, or what is in it
		}
		slog.Default().LogAttrs(ctx, level, "session", slog.Any("event", e))
	}

	login := func(_ http.ResponseWriter, r *http.Request) { session.From(r.Context()).Login("ann") }
	visitor := browse(newSessions(session.Options{Observe: observe}).Handler(http.HandlerFunc(login)))
	visitor("POST", "/")
	visitor("POST", "/")
	fmt.Println(metrics)
	// Output:
	// 200
	// 200
	// {"created": 1, "logged-in": 2}
}

// An Event logs as a group of the fields that it has. There is never a token
// in it.
func ExampleEvent() {
	e := session.Event{Kind: session.LoggedIn, ID: "4Zr1lQnB9i3dY0aXtV7cJw8e", Owner: "ann"}
	fmt.Println(e.LogValue())
	// Output:
	// [kind=logged-in id=4Zr1lQnB9i3dY0aXtV7cJw8e owner=ann]
}

// Where a change comes too late, there is an event, and an error if it needs
// a cookie: the response has begun without it.
func ExampleSession_Login_late() {
	page := func(w http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		fmt.Fprintf(w, "Hello, %q. ", s.Owner()) // the response begins here
		if err := s.Login("ann"); errors.Is(err, session.ErrLate) {
			fmt.Fprint(w, "Too late.")
		}
	}
	browse(newSessions(session.Options{}).Handler(http.HandlerFunc(page)))("POST", "/")
	// Output:
	// 200 Hello, "". Too late.
}
