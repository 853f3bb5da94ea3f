// Package trips counts what requests ask of the store.
package trips

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/memstore"
)

// A Row is how often one kind of request calls the store.
type Row struct {
	Request      string
	Loads, Saves int64
	Want         int64 // both together, at most
}

// counting is a store that counts.
type counting struct {
	store.Store
	loads, saves atomic.Int64
}

func (c *counting) Load(ctx context.Context, id string) (store.Record, error) {
	c.loads.Add(1)
	return c.Store.Load(ctx, id)
}

func (c *counting) Save(ctx context.Context, id string, rec store.Record) (uint64, error) {
	c.saves.Add(1)
	return c.Store.Save(ctx, id, rec)
}

var visits = session.NewKey[int64]("visits")

func untouched(*session.Session) {}
func read(s *session.Session)    { visits.Get(s) }
func write(s *session.Session)   { visits.Set(s, visits.Get(s)+1) }

// A site is one browser before one manager.
type site struct {
	store   *counting
	manager *session.Manager
}

func open(o session.Options) (*site, error) {
	s := &site{store: &counting{Store: memstore.New(memstore.Options{})}}
	m, err := session.New(s.store, o)
	s.manager = m
	return s, err
}

// visit makes one request with the cookie, and returns the one that was set.
func (s *site) visit(cookie string, do func(*session.Session)) string {
	r := httptest.NewRequest("GET", "/", nil)
	r.TLS = &tls.ConnectionState{}
	if cookie != "" {
		r.Header.Set("Cookie", cookie)
	}
	w := httptest.NewRecorder()
	s.manager.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		do(session.From(r.Context()))
	})).ServeHTTP(w, r)
	set, _, _ := strings.Cut(w.Header().Get("Set-Cookie"), ";")
	return set
}

// count makes one request, and returns what it asked of the store.
func (s *site) count(name, cookie string, want int64, do func(*session.Session)) Row {
	s.store.loads.Store(0)
	s.store.saves.Store(0)
	s.visit(cookie, do)
	return Row{name, s.store.loads.Load(), s.store.saves.Load(), want}
}

// Count returns the rows of P10.
func Count() ([]Row, error) {
	s, err := open(session.Options{})
	if err != nil {
		return nil, err
	}
	cookie := s.visit("", write)
	name, value, _ := strings.Cut(cookie, "=")
	madeUp := name + "=" + strings.Repeat("x", len(value))
	return []Row{
		s.count("no cookie", "", 0, read),
		s.count("untouched", cookie, 0, untouched),
		s.count("read", cookie, 1, read),
		s.count("write", cookie, 2, write),
		s.count("garbage cookie", name+"=garbage", 0, read),
		// It might be a token; only the store knows that it is none.
		s.count("made-up token of the right form", madeUp, 1, read),
	}, nil
}

// Touches reads a session again and again for a whole time-out, and returns
// how often that was written down: ten times at most.
func Touches(idle time.Duration) (int64, error) {
	s, err := open(session.Options{Idle: idle})
	if err != nil {
		return 0, err
	}
	cookie := s.visit("", write)
	s.store.saves.Store(0)
	for start := time.Now(); time.Since(start) < idle; time.Sleep(idle / 200) {
		s.visit(cookie, read)
	}
	return s.store.saves.Load(), nil
}
