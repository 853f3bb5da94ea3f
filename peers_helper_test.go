package session_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/memstore"
)

// The files peers_*_test.go tell, one test each, what other session packages
// for Go get wrong, and what happens here instead.

const (
	peerCookie  = "__Host-Http-session"
	peerIDLen   = 24 // of a token, the part that is the id
	peerNoToken = "bm9ib2R5IGVsc2UgaGFzIHRoaXMgdG9rZW4sIHNvIGl0IG9wZW5zIG5vdGhpbmch"
)

var (
	peerName  = session.NewKey[string]("name")
	peerCount = session.NewKey[int]("count")

	errPeerDown = errors.New("dial tcp 10.0.0.7:5432: password of user sesam is wrong")
)

// A peerStore counts the calls of a store, and fails on demand.
type peerStore struct {
	store.Store
	loads, saves        atomic.Int64
	loadsFail, saveFail atomic.Bool
	delay               atomic.Int64 // of every call, in ns
	// aroundSave, if not nil, is called in place of a Save that it may do.
	aroundSave func(id string, save func() (uint64, error)) (uint64, error)
}

func (s *peerStore) Load(ctx context.Context, id string) (store.Record, error) {
	s.loads.Add(1)
	time.Sleep(time.Duration(s.delay.Load()))
	if s.loadsFail.Load() {
		return store.Record{}, errPeerDown
	}
	return s.Store.Load(ctx, id)
}

func (s *peerStore) Save(ctx context.Context, id string, rec store.Record) (uint64, error) {
	s.saves.Add(1)
	time.Sleep(time.Duration(s.delay.Load()))
	if s.saveFail.Load() {
		return 0, errPeerDown
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute) // as clients of servers do: they wait for Done
	defer cancel()
	save := func() (uint64, error) { return s.Store.Save(ctx, id, rec) }
	if s.aroundSave != nil {
		return s.aroundSave(id, save)
	}
	return save()
}

// calls returns how many loads and saves there were since the last time.
func (s *peerStore) calls() string {
	return fmt.Sprintf("%d loads, %d saves", s.loads.Swap(0), s.saves.Swap(0))
}

// A peerLog collects events, and what the logger was told.
type peerLog struct {
	mu     sync.Mutex
	text   bytes.Buffer
	events []session.Event
}

func (l *peerLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *peerLog) observe(_ context.Context, e session.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, e)
}

func (l *peerLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *peerLog) of(kind session.Kind) (found []session.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.events {
		if e.Kind == kind {
			found = append(found, e)
		}
	}
	return found
}

// A peerSite is a manager with all that one may want to know of it.
type peerSite struct {
	*session.Manager
	t     *testing.T
	store *peerStore
	log   *peerLog
}

func newPeerSite(t *testing.T, o session.Options) *peerSite {
	t.Helper()
	site := blankPeerSite(t, &o)
	m, err := session.New(site.store, o)
	if err != nil {
		t.Fatal(err)
	}
	site.Manager = m
	return site
}

func blankPeerSite(t *testing.T, o *session.Options) *peerSite {
	site := &peerSite{t: t, store: &peerStore{Store: memstore.New(memstore.Options{})}, log: &peerLog{}}
	o.Observe = site.log.observe
	o.Logger = slog.New(slog.NewJSONHandler(site.log, nil))
	return site
}

// listen serves h over a real listener.
func (site *peerSite) listen(h http.Handler) *httptest.Server {
	srv := httptest.NewUnstartedServer(h)
	srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	srv.Start()
	site.t.Cleanup(srv.Close)
	return srv
}

// A peerVisitor is somebody with a browser.
type peerVisitor struct {
	site *peerSite
	jar  map[string]string
}

func (site *peerSite) visitor() *peerVisitor {
	return &peerVisitor{site: site, jar: map[string]string{}}
}

// regular is a visitor who has a session already, in which name is "ann".
func (site *peerSite) regular() *peerVisitor {
	site.t.Helper()
	v := site.visitor()
	v.get(func(_ http.ResponseWriter, r *http.Request) { peerName.Set(session.From(r.Context()), "ann") })
	if v.token() == "" {
		site.t.Fatal("a visitor with a value got no cookie")
	}
	site.store.calls()
	return v
}

// member is a regular who is signed in as ann.
func (site *peerSite) member() *peerVisitor {
	site.t.Helper()
	v := site.regular()
	v.get(func(_ http.ResponseWriter, r *http.Request) {
		expectError(site.t, "Login", session.From(r.Context()).Login("ann"), nil)
	})
	site.store.calls()
	return v
}

// sessionID is what a page of the visitor's would show.
func (v *peerVisitor) sessionID() (id string) {
	v.get(func(_ http.ResponseWriter, r *http.Request) { id = session.From(r.Context()).ID() })
	return id
}

func (v *peerVisitor) token() string { return v.jar[peerCookie] }

func (v *peerVisitor) id() string { return v.token()[:peerIDLen] }

func (v *peerVisitor) get(f http.HandlerFunc) *http.Response { return v.do(http.MethodGet, f) }

func (v *peerVisitor) post(f http.HandlerFunc) *http.Response { return v.do(http.MethodPost, f) }

// do has f answer one request, inside the site's Handler.
func (v *peerVisitor) do(method string, f http.HandlerFunc) *http.Response {
	return v.send(v.site.Handler(f), v.request(method))
}

func (v *peerVisitor) request(method string) *http.Request {
	return httptest.NewRequest(method, "https://shop.example/cart", nil)
}

func (v *peerVisitor) send(h http.Handler, r *http.Request) *http.Response {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, v.withCookies(r))
	return v.keep(w.Result())
}

// fetch sends a request over the network.
func (v *peerVisitor) fetch(srv *httptest.Server, r *http.Request) *http.Response {
	v.site.t.Helper()
	res, err := srv.Client().Do(v.withCookies(r))
	if err != nil {
		v.site.t.Fatal(err)
	}
	v.site.t.Cleanup(func() { res.Body.Close() })
	return v.keep(res)
}

func (v *peerVisitor) withCookies(r *http.Request) *http.Request {
	for name, value := range v.jar {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	return r
}

func (v *peerVisitor) keep(res *http.Response) *http.Response {
	for _, c := range res.Cookies() {
		if v.jar[c.Name] = c.Value; c.MaxAge < 0 {
			delete(v.jar, c.Name)
		}
	}
	return res
}

// name is what the session holds for the visitor's next request.
func (v *peerVisitor) name() (name string) {
	v.get(func(_ http.ResponseWriter, r *http.Request) { name = peerName.Get(session.From(r.Context())) })
	return name
}
