package session_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/memstore"
)

// A lab is a manager over a store that does what the test says, and a place
// where events are kept.
type lab struct {
	t *testing.T
	m *session.Manager
	o session.Options
	*labStore
	like func(o session.Options) *lab // another process, with these options

	mu     sync.Mutex
	events []session.Event
}

func newLab(t *testing.T, o session.Options) *lab {
	return newLabOn(t, strictStore{memstore.New(memstore.Options{})}, o)
}

// twin is another process on the same store, or with the same keys.
func (l *lab) twin() *lab { return l.like(l.o) }

func newLabOn(t *testing.T, st store.Store, o session.Options) *lab {
	l := &lab{t: t, o: o, labStore: &labStore{Store: st}}
	o.Observe = l.observe
	m, err := session.New(l.labStore, o)
	if err != nil {
		t.Fatal(err)
	}
	l.m = m
	l.like = func(o session.Options) *lab { return newLabOn(t, l.labStore.Store, o) }
	return l
}

func (l *lab) observe(_ context.Context, e session.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, e)
}

func (l *lab) count(kind session.Kind) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.events {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

// A labStore counts, and asks the test before and after each call.
type labStore struct {
	store.Store
	loads, saves atomic.Int32
	onLoad       func(id string) error                                        // before; an error is the answer
	onSave       func(id string, rec store.Record) error                      // before; an error is the answer
	afterSave    func(id string, rec store.Record, v uint64, err error) error // its error is the answer
}

func (s *labStore) Load(ctx context.Context, id string) (store.Record, error) {
	s.loads.Add(1)
	if s.onLoad != nil {
		if err := s.onLoad(id); err != nil {
			return store.Record{}, err
		}
	}
	return s.Store.Load(ctx, id)
}

func (s *labStore) Save(ctx context.Context, id string, rec store.Record) (uint64, error) {
	s.saves.Add(1)
	if s.onSave != nil {
		if err := s.onSave(id, rec); err != nil {
			return 0, err
		}
	}
	v, err := s.Store.Save(ctx, id, rec)
	if s.afterSave != nil {
		if err := s.afterSave(id, rec, v, err); err != nil {
			return 0, err
		}
	}
	return v, err
}

func (s *labStore) Unwrap() store.Store { return s.Store }

// stall has the next Save wait, done but not answered, until release is called.
func (s *labStore) stall() (release func()) {
	held, stalled := make(chan bool), atomic.Bool{}
	s.afterSave = func(_ string, _ store.Record, _ uint64, err error) error {
		if !stalled.Swap(true) {
			<-held
		}
		return err
	}
	return func() { close(held) }
}

func isOwner(id string) bool { return strings.HasPrefix(id, "owner.") }

// A strictStore asks whether its context is done as clients of servers do, by
// the channel: a context that was released too early is found out.
type strictStore struct{ store.Store }

func isDone(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return true
	default:
		return false
	}
}

func (s strictStore) Load(ctx context.Context, id string) (store.Record, error) {
	if isDone(ctx) {
		return store.Record{}, ctx.Err()
	}
	return s.Store.Load(ctx, id)
}

func (s strictStore) Save(ctx context.Context, id string, rec store.Record) (uint64, error) {
	if isDone(ctx) {
		return 0, ctx.Err()
	}
	return s.Store.Save(ctx, id, rec)
}

func (s strictStore) Delete(ctx context.Context, id string) error {
	if isDone(ctx) {
		return ctx.Err()
	}
	return s.Store.Delete(ctx, id)
}

func (s strictStore) Unwrap() store.Store { return s.Store }

var errLost = errors.New("the connection was lost")

// A visitor is a browser: it keeps the cookie it was last sent.
type visitor struct {
	l      *lab
	cookie *http.Cookie
}

func (l *lab) visitor() *visitor { return &visitor{l: l} }

// does sends a request whose handler is f, and takes the answer over.
func (v *visitor) does(method string, f func(s *session.Session)) *http.Response {
	v.l.t.Helper()
	res := v.sends(method, f)
	v.takes(res)
	return res
}

func (v *visitor) sends(method string, f func(s *session.Session)) *http.Response {
	return serve(v.l.m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f != nil {
			f(session.From(r.Context()))
		}
	})), v.request(method))
}

// request is a request with the visitor's cookie.
func (v *visitor) request(method string) *http.Request {
	r := httptest.NewRequest(method, "https://example.com/", nil)
	if v.cookie != nil {
		r.AddCookie(v.cookie)
	}
	return r
}

func serve(h http.Handler, r *http.Request) *http.Response {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func (v *visitor) takes(res *http.Response) {
	for _, c := range res.Cookies() {
		v.cookie = c
		if c.MaxAge < 0 {
			v.cookie = nil
		}
	}
}

func (v *visitor) copy() *visitor { return v.at(v.l) }

// at is the same browser with the next request at another process.
func (v *visitor) at(l *lab) *visitor { return &visitor{l: l, cookie: v.cookie} }

// starts sends a request in the background, and returns when nothing in the
// bubble can go on by itself.
func (v *visitor) starts(f func(s *session.Session)) (status func() int) {
	done := make(chan int, 1)
	go func() { done <- v.sends("POST", f).StatusCode }()
	synctest.Wait()
	return func() int { return <-done }
}

// panicOf returns what f panics with. It fails the test if f hangs.
func panicOf(t *testing.T, f func()) any {
	t.Helper()
	done := make(chan any, 1)
	go func() {
		defer func() { done <- recover() }()
		f()
	}()
	select {
	case p := <-done:
		return p
	case <-time.After(10 * time.Second):
		t.Fatal("hangs for ever")
		return nil
	}
}

// gets and posts send a request and demand an answer of 200.
func (v *visitor) gets(f func(s *session.Session))  { v.l.t.Helper(); v.must("GET", f) }
func (v *visitor) posts(f func(s *session.Session)) { v.l.t.Helper(); v.must("POST", f) }

func (v *visitor) must(method string, f func(s *session.Session)) {
	v.l.t.Helper()
	if res := v.does(method, f); res.StatusCode != 200 {
		v.l.t.Fatalf("%s: got status %d, want 200", method, res.StatusCode)
	}
}

// meanwhile runs f while another request of the visitor, g, is under way: f
// begins when g has loaded its session and ends before g commits. It returns
// g's answer.
func (v *visitor) meanwhile(g func(s *session.Session), f func()) *http.Response {
	return v.sends("POST", func(s *session.Session) {
		_ = s.Err() // loads
		f()
		g(s)
	})
}

var (
	count = session.NewKey[int]("count")
	name  = session.NewKey[string]("name")
	once  = session.NewKey[string]("once")
)

func want[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// tells returns the value that a new request of the visitor sees.
func tells[T any](v *visitor, k session.Key[T]) (got T) {
	v.l.t.Helper()
	v.gets(func(s *session.Session) { got = k.Get(s) })
	return got
}

func (v *visitor) owner() (got string) {
	v.l.t.Helper()
	v.gets(func(s *session.Session) { got = s.Owner() })
	return got
}

func (v *visitor) info() (got session.Info) {
	v.l.t.Helper()
	v.gets(func(s *session.Session) { got = s.Info() })
	return got
}

// sendRaw is sends with a whole handler.
func sendRaw(v *visitor, h http.HandlerFunc) *http.Response {
	return serve(v.l.m.Handler(h), v.request("POST"))
}
