package crowd

import (
	"cmp"
	"fmt"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/store"
)

// Timeout is session.Options.Timeout of all managers here.
const Timeout = 2 * time.Second

// A Node is a process, as far as sessions can tell: a manager upon a store with
// a client of its own, and the application.
type Node struct{ http.Handler }

// NewNode opens a node upon a store. Where o has no Timeout and no Logger they are
// those of here.
func NewNode(t *testing.T, st store.Store, o session.Options) *Node {
	t.Helper()
	o.ErrorHandler = explain
	o.Timeout = cmp.Or(o.Timeout, Timeout)
	o.Logger = cmp.Or(o.Logger, slog.New(slog.DiscardHandler))
	m, err := session.New(st, o)
	must(t, err)
	return &Node{m.Handler(application)}
}

const cookieName = "__Host-Http-session"

// explain answers with the status that is the default, and says why.
func explain(w http.ResponseWriter, _ *http.Request, err error) {
	w.Header().Set("X-Why", err.Error())
	w.WriteHeader(session.StatusCode(err))
}

var count = session.NewKey[int]("count")

var application = newApplication()

func newApplication() http.Handler {
	mux := http.NewServeMux()
	handle := func(v Verb, h func(s *session.Session, r *http.Request) error) {
		mux.HandleFunc(v.pattern(), func(w http.ResponseWriter, r *http.Request) {
			s := session.From(r.Context())
			if err := h(s, r); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			fmt.Fprintf(w, "%d %s", count.Get(s), s.Owner())
		})
	}
	handle(Look, func(s *session.Session, _ *http.Request) error { return nil })
	handle(Add, func(s *session.Session, _ *http.Request) error {
		count.Update(s, func(n int) int { return n + 1 })
		return nil
	})
	handle(Login, func(s *session.Session, r *http.Request) error { return s.Login(r.URL.Query().Get("as")) })
	handle(Renew, func(s *session.Session, _ *http.Request) error { s.Renew(); return nil })
	handle(Logout, func(s *session.Session, _ *http.Request) error { s.End(); return nil })
	return mux
}

// A Verb is what a request does.
type Verb string

const (
	Look   Verb = "look"
	Add    Verb = "add"
	Login  Verb = "login"
	Renew  Verb = "renew"
	Logout Verb = "logout"
)

// Verbs are all of them.
var Verbs = []Verb{Look, Add, Login, Renew, Logout}

func (v Verb) method() string {
	if v == Look {
		return http.MethodGet
	}
	return http.MethodPost
}

func (v Verb) pattern() string { return v.method() + " /" + string(v) }

// IDOf returns the id of the session that a token opens.
func IDOf(token string) string { return token[:24] }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
