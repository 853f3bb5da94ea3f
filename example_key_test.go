package session_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/sojourn-go/session"
)

// Keys are usually package variables. A value may be of any type that the
// codec, JSON if nothing else is said, can write and read.
func ExampleNewKey() {
	type address struct{ Street, City string }

	var (
		userID   = session.NewKey[int64]("user_id")
		delivery = session.NewKey[address]("delivery")
	)
	inRequest(func(s *session.Session) {
		userID.Set(s, 42)
		delivery.Set(s, address{"Baker Street 221b", "London"})
		fmt.Println(userID.Get(s), delivery.Get(s).City)
	})
	// Output:
	// 42 London
}

// Get gives the zero value if there is none; Lookup tells the difference.
func ExampleKey_Get() {
	newsletter := session.NewKey[bool]("newsletter")
	inRequest(func(s *session.Session) {
		fmt.Println(newsletter.Get(s))
		_, asked := newsletter.Lookup(s)
		fmt.Println("asked:", asked)

		newsletter.Set(s, false)
		_, asked = newsletter.Lookup(s)
		fmt.Println("asked:", asked)

		newsletter.Delete(s)
		_, asked = newsletter.Lookup(s)
		fmt.Println("asked:", asked)
	})
	// Output:
	// false
	// asked: false
	// asked: true
	// asked: false
}

// TryUpdate is for updates with a condition. If the function refuses, nothing
// has changed. Should it refuse only at the commit, because another request
// took the last one, the answer is ErrorHandler's, 409, and never this one.
func ExampleKey_TryUpdate() {
	tickets := session.NewKey[int]("tickets")
	errSoldOut := errors.New("sold out")

	buy := func(w http.ResponseWriter, r *http.Request) {
		left, err := tickets.TryUpdate(session.From(r.Context()), func(left int) (int, error) {
			if left == 0 {
				return 0, errSoldOut
			}
			return left - 1, nil
		})
		if errors.Is(err, errSoldOut) {
			http.Error(w, "Sorry, none is left.", http.StatusConflict)
			return
		}
		fmt.Fprintf(w, "Yours! %d left.", left)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /start", func(_ http.ResponseWriter, r *http.Request) { tickets.Set(session.From(r.Context()), 1) })
	mux.HandleFunc("POST /buy", buy)

	visitor := browse(newSessions(session.Options{}).Handler(mux))
	visitor("POST", "/start")
	visitor("POST", "/buy")
	visitor("POST", "/buy")
	// Output:
	// 200
	// 200 Yours! 0 left.
	// 409 Sorry, none is left.
}

// A one-time value is spent once, however many requests come with it at the
// same time: here the second one arrives while the first is under way.
func ExampleKey_Take() {
	coupon := session.NewKey[string]("coupon")

	var visitor func(method, target string)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /start", func(_ http.ResponseWriter, r *http.Request) {
		coupon.Set(session.From(r.Context()), "TENOFF")
	})
	mux.HandleFunc("POST /redeem", func(w http.ResponseWriter, r *http.Request) {
		code, ok := coupon.Take(session.From(r.Context()))
		if !ok {
			http.Error(w, "You have no coupon.", http.StatusConflict)
			return
		}
		if r.FormValue("slow") != "" {
			visitor("POST", "/redeem")
		}
		fmt.Fprintf(w, "%s is redeemed.", code)
	})

	visitor = browse(newSessions(session.Options{}).Handler(mux))
	visitor("POST", "/start")
	visitor("POST", "/redeem?slow=1")
	visitor("POST", "/redeem")
	// Output:
	// 200
	// 200 TENOFF is redeemed.
	// 409 Conflict
	// 409 You have no coupon.
}

// Get and then Set is wrong for a counter: requests that come in between
// are not counted. An event tells of it, or with Options.Strict a 409. Right is
// what ExampleManager_Handler does: Update.
func ExampleKey_Set_incorrect() {
	visits := session.NewKey[int]("visits")

	var visitor func(method, target string)
	count := func(w http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		n := visits.Get(s)
		if r.FormValue("slow") != "" {
			visitor("POST", "/") // two come in between,
			visitor("POST", "/")
		}
		visits.Set(s, n+1) // and are overwritten here
		fmt.Fprint(w, n+1)
	}
	sessions := newSessions(session.Options{Observe: func(_ context.Context, e session.Event) {
		if e.Kind == session.Overwritten {
			fmt.Println("event:", e.Kind, e.Key)
		}
	}})
	visitor = browse(sessions.Handler(http.HandlerFunc(count)))
	visitor("POST", "/")
	visitor("POST", "/?slow=1")
	visitor("POST", "/")
	// Output:
	// 200 1
	// 200 2
	// 200 3
	// event: overwritten visits
	// 200 2
	// 200 3
}

// inRequest runs do in one request of a visitor who is new.
func inRequest(do func(s *session.Session)) {
	site := newSessions(session.Options{}).Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		do(session.From(r.Context()))
	}))
	site.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "https://example.com/", nil))
}
