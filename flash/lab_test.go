package flash_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/flash"
	"github.com/sojourn-go/session/seal"
	"github.com/sojourn-go/session/sessiontest"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/memstore"
)

var (
	a     = session.NewKey[int]("a")
	draft = flash.NewValue[form]("draft")
)

type form struct{ Title, Body string }

// A counted store counts its calls.
type counted struct {
	store.Store
	loads, saves atomic.Int32
}

func (c *counted) Load(ctx context.Context, id string) (store.Record, error) {
	c.loads.Add(1)
	return c.Store.Load(ctx, id)
}

func (c *counted) Save(ctx context.Context, id string, rec store.Record) (uint64, error) {
	c.saves.Add(1)
	return c.Store.Save(ctx, id, rec)
}

func (c *counted) Unwrap() store.Store { return c.Store }

func newCounted() *counted { return &counted{Store: memstore.New(memstore.Options{})} }

// everywhere runs a test over stored and sealed sessions.
func everywhere(t *testing.T, test func(t *testing.T, site *sessiontest.Site)) {
	t.Run("stored", func(t *testing.T) { test(t, sessiontest.New(t, session.Options{})) })
	t.Run("contested", func(t *testing.T) {
		test(t, sessiontest.NewWithStore(t, sessiontest.Contested(memstore.New(memstore.Options{})), session.Options{Strict: true}))
	})
	t.Run("sealed", func(t *testing.T) { test(t, newSealed(t, session.Options{})) })
}

func newSealed(t *testing.T, o session.Options) *sessiontest.Site {
	t.Helper()
	keys, err := seal.NewKeys(seal.NewKey())
	if err != nil {
		t.Fatal(err)
	}
	m, err := session.NewSealed(keys, o)
	if err != nil {
		t.Fatal(err)
	}
	return sessiontest.NewWithManager(t, m)
}

// does sends a request whose handler is f, and wants the answer to be 200.
func does(t *testing.T, b *sessiontest.Browser, f func(s *session.Session)) {
	t.Helper()
	if code := answers(b, b.Request("GET", "/", nil), f); code != http.StatusOK {
		t.Errorf("got status %d, want 200", code)
	}
}

func answers(b *sessiontest.Browser, r *http.Request, f func(s *session.Session)) int {
	return b.Serve(flash.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		f(session.From(r.Context()))
	})), r).Code
}

// shows tells what a request of the browser that reads is shown.
func shows(t *testing.T, b *sessiontest.Browser) (got string) {
	t.Helper()
	does(t, b, func(s *session.Session) { got = read(s) })
	return got
}

// read returns the texts of the messages, with their kinds if they have any.
func read(s *session.Session) string {
	var all []string
	for _, m := range flash.Messages(s) {
		all = append(all, strings.TrimPrefix(m.Kind+":"+m.Text, ":"))
	}
	return strings.Join(all, " ")
}

func want[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func say(texts ...string) func(*session.Session) {
	return func(s *session.Session) {
		for _, text := range texts {
			flash.Add(s, "", text)
		}
	}
}

// left returns what is in the session under a name, as encoded.
func left(b *sessiontest.Browser, name string) (got string) {
	b.Read(func(s *session.Session) {
		for n, value := range s.All() {
			if n == name {
				got = string(value)
			}
		}
	})
	return got
}

// kinds returns the kinds of the site's events but for those of every test.
func kinds(site *sessiontest.Site) (all []session.Kind) {
	for _, e := range site.Events() {
		if !slices.Contains([]session.Kind{session.Created, session.Conflict, session.LoggedIn}, e.Kind) {
			all = append(all, e.Kind)
		}
	}
	return all
}
