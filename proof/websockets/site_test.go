package websockets

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coder/websocket"
	gorilla "github.com/gorilla/websocket"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/memstore"
)

const cookieName = "__Host-Http-session"

var (
	name     = session.NewKey[string]("name")
	messages = session.NewKey[int]("messages")
)

// An upgrade accepts a connection, and returns how to echo one message on it.
type upgrade func(w http.ResponseWriter, r *http.Request) (echo func() error, shut func(), err error)

var upgrades = map[string]upgrade{"gorilla": withGorilla, "coder": withCoder}

func withGorilla(w http.ResponseWriter, r *http.Request) (func() error, func(), error) {
	conn, err := (&gorilla.Upgrader{}).Upgrade(w, r, nil)
	if err != nil {
		return nil, nil, err
	}
	echo := func() error {
		kind, message, err := conn.ReadMessage()
		if err != nil {
			return err
		}
		return conn.WriteMessage(kind, message)
	}
	return echo, func() { conn.Close() }, nil
}

func withCoder(w http.ResponseWriter, r *http.Request) (func() error, func(), error) {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return nil, nil, err
	}
	ctx := context.WithoutCancel(r.Context())
	echo := func() error {
		kind, message, err := conn.Read(ctx)
		if err != nil {
			return err
		}
		return conn.Write(ctx, kind, message)
	}
	return echo, func() { conn.CloseNow() }, nil
}

// A site is an application with an endpoint for each library and story.
type site struct {
	*session.Manager
	t     *testing.T
	store *moody
	mux   *http.ServeMux
	url   string
	done  chan struct{} // a token for every request that is through Handler
}

// A moody store refuses to save when told to.
type moody struct {
	store.Store
	full bool
}

func (m *moody) Save(ctx context.Context, id string, rec store.Record) (uint64, error) {
	if m.full {
		return 0, store.ErrFull
	}
	return m.Store.Save(ctx, id, rec)
}

func newSite(t *testing.T) *site {
	t.Helper()
	h := &site{t: t, store: &moody{Store: memstore.New(memstore.Options{})}, mux: http.NewServeMux(), done: make(chan struct{}, 10)}
	var err error
	if h.Manager, err = session.New(h.store, session.Options{Logger: slog.New(slog.DiscardHandler)}); err != nil {
		t.Fatal(err)
	}
	inner := h.Handler(h.mux)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() { h.done <- struct{}{} }()
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	h.url = srv.URL
	h.mux.HandleFunc("POST /login", func(_ http.ResponseWriter, r *http.Request) {
		name.Set(session.From(r.Context()), "ann")
		if err := session.From(r.Context()).Login("ann"); err != nil {
			t.Error(err)
		}
	})
	h.mux.HandleFunc("GET /messages", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, strings.Repeat("x", messages.Get(session.From(r.Context()))))
	})
	return h
}

// call sends an ordinary request, and returns the body and the token that the
// visitor has from then on.
func (h *site) call(method, path, token string) (body, next string) {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.t.Context(), method, h.url+path, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	r.Header = header(token)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		h.t.Error(err)
	}
	<-h.done
	return string(b), tokenIn(res, token)
}

// dial upgrades. The error of the client is nil, or the response says why not.
func (h *site) dial(path, token string) (*gorilla.Conn, *http.Response) {
	h.t.Helper()
	conn, res, err := gorilla.DefaultDialer.DialContext(h.t.Context(), "ws"+strings.TrimPrefix(h.url, "http")+path, header(token))
	if err != nil && !errors.Is(err, gorilla.ErrBadHandshake) {
		h.t.Fatal(err)
	}
	if conn != nil {
		h.t.Cleanup(func() { conn.Close() })
	}
	return conn, res
}

func header(token string) http.Header {
	if token == "" {
		return http.Header{}
	}
	return http.Header{"Cookie": {cookieName + "=" + token}}
}

// tokenIn returns the token that the response sets, or old.
func tokenIn(res *http.Response, old string) string {
	for _, c := range res.Cookies() {
		if c.Name == cookieName {
			return c.Value
		}
	}
	return old
}

// talk sends a message and wants it back.
func talk(t *testing.T, conn *gorilla.Conn, message string) {
	t.Helper()
	if err := conn.WriteMessage(gorilla.TextMessage, []byte(message)); err != nil {
		t.Fatal(err)
	}
	_, got, err := conn.ReadMessage()
	if err != nil || string(got) != message {
		t.Fatalf("echo: got %q and error %v, want %q", got, err, message)
	}
}
