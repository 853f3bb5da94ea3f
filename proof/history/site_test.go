package history

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/store"
)

// A site is what a single story needs: managers upon one store whose calls the
// story can hold, lose and follow.
type site struct {
	t     *testing.T
	store *hooked
	nodes []*session.Manager
}

func newSite(t *testing.T, nodes int, o session.Options) *site {
	t.Helper()
	s := &site{t: t, store: &hooked{Store: newStore()}}
	o.Logger, o.ErrorHandler = slog.New(slog.DiscardHandler), answerWithKind
	for range nodes {
		m, err := session.New(s.store, o)
		if err != nil {
			t.Fatal(err)
		}
		s.nodes = append(s.nodes, m)
	}
	return s
}

// hooked is a store with a hook about each Save.
type hooked struct {
	store.Store
	mu   sync.Mutex
	hook func(id string, save func() (uint64, error)) (uint64, error)
}

func (h *hooked) set(hook func(id string, save func() (uint64, error)) (uint64, error)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.hook = hook
}

func (h *hooked) Save(ctx context.Context, id string, rec store.Record) (uint64, error) {
	h.mu.Lock()
	hook := h.hook
	h.mu.Unlock()
	save := func() (uint64, error) { return h.Store.Save(ctx, id, rec) }
	if hook == nil {
		return save()
	}
	return hook(id, save)
}

// An answer is what a browser gets.
type answer struct {
	status int
	why    why
	cookie *http.Cookie
}

// token returns the token that the answer sets.
func (a answer) token() string {
	if a.cookie == nil || a.cookie.MaxAge < 0 {
		return ""
	}
	return a.cookie.Value
}

// send sends a request to a node, whose handler is h.
func (s *site) send(node int, method, token string, h func(*session.Session, context.Context)) answer {
	hr := (&http.Request{Method: method, URL: home, Host: "localhost", Header: http.Header{}}).WithContext(context.Background())
	if token != "" {
		hr.Header["Cookie"] = []string{cookieName + "=" + token}
	}
	rec := newRecorder()
	s.nodes[node].Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		h(session.From(r.Context()), r.Context())
	})).ServeHTTP(rec, hr)
	a := answer{status: rec.Code, why: why(rec.Header().Get("X-Why"))}
	for _, c := range rec.Result().Cookies() {
		a.cookie = c
	}
	return a
}

func (s *site) post(node int, token string, h func(*session.Session)) answer {
	return s.send(node, http.MethodPost, token, func(s *session.Session, _ context.Context) { h(s) })
}

// A view is what a token opens.
type view struct {
	opens bool
	owner string
	values
}

func (s *site) read(token string) (v view) {
	s.send(0, http.MethodGet, token, func(s *session.Session, _ context.Context) {
		v.opens, v.owner = s.ID() != "", s.Owner()
		v.values = *(&handling{s: s, seen: map[verb]string{}}).values()
	})
	return v
}

func add(text string) func(*session.Session) {
	return func(s *session.Session) { journal.Update(s, func(l string) string { return l + text + "," }) }
}

func set(text string) func(*session.Session) {
	return func(s *session.Session) { reg.Set(s, text) }
}

func login(owner string) func(*session.Session) {
	return func(s *session.Session) { s.Login(owner) }
}

// slowly has a handler wait before it returns, and so before its commit.
func slowly(d time.Duration, h func(*session.Session)) func(*session.Session) {
	return func(s *session.Session) {
		h(s)
		time.Sleep(d)
	}
}
