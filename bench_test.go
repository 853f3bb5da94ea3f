package session_test

import (
	"net/http"
	"strconv"
	"testing"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/store/memstore"
)

// A shop is a manager on memstore as applications have it, and a visitor with
// a session of so many values.
type shop struct {
	m      *session.Manager
	cookie *http.Cookie
}

func newShop(tb testing.TB, values int, owner string) *shop {
	m, err := session.New(memstore.New(memstore.Options{}), session.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	p := &shop{m: m}
	w := &nowhere{h: http.Header{}}
	p.handler(func(s *session.Session) {
		count.Set(s, 1)
		for i := range values - 1 {
			session.NewKey[string]("value-"+strconv.Itoa(i)).Set(s, "some text of a value, sixty bytes of it, as it may well be ...")
		}
		if owner != "" {
			s.Login(owner)
		}
	}).ServeHTTP(w, p.request())
	if p.cookie, err = http.ParseSetCookie(w.h.Get("Set-Cookie")); err != nil {
		tb.Fatal(err)
	}
	return p
}

func (p *shop) handler(use func(*session.Session)) http.Handler {
	return p.m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if use != nil {
			use(session.From(r.Context()))
		}
		w.WriteHeader(204)
	}))
}

func (p *shop) request() *http.Request {
	r, _ := http.NewRequest("GET", "https://example.com/", nil)
	if p.cookie != nil {
		r.AddCookie(&http.Cookie{Name: p.cookie.Name, Value: p.cookie.Value})
	}
	return r
}

// A load is what one request does, and what it may cost.
type load struct {
	name   string
	values int    // of the session that it comes with; 0: with none
	owner  string // of that session
	use    func(*session.Session)
	renews bool // the next request comes with the new cookie
	allocs float64
}

func read(s *session.Session) { _ = count.Get(s) }

func add(s *session.Session) { count.Set(s, count.Get(s)+1) }

var loads = []load{
	{name: "a request without a cookie", allocs: 1},
	{name: "an untouched request", values: 3, allocs: 1},
	{name: "a read of one of 3 values", values: 3, use: read, allocs: 2},
	{name: "a read of one of 30 values", values: 30, use: read, allocs: 2},
	{name: "a read by a signed-in visitor", values: 3, owner: "ann", use: read, allocs: 4},
	{name: "a read of a value that is not there", values: 3, use: func(s *session.Session) { once.Get(s) }, allocs: 4},
	{name: "a write of one of 3 values", values: 3, use: add, allocs: 6},
	{name: "an update of one of 3 values", values: 3, use: func(s *session.Session) { count.Update(s, inc) }, allocs: 8},
	{name: "a new session", use: func(s *session.Session) { count.Set(s, 1000) }, allocs: 7},
	{name: "a renewal", values: 3, use: (*session.Session).Renew, renews: true, allocs: 6},
}

func BenchmarkRequest(b *testing.B) {
	for _, l := range loads {
		b.Run(l.name, func(b *testing.B) {
			serve := l.serving(b)
			b.ReportAllocs()
			for b.Loop() {
				serve()
			}
		})
	}
}

// serving returns a function that serves one request.
func (l *load) serving(tb testing.TB) func() {
	p := &shop{}
	if l.values > 0 {
		p = newShop(tb, l.values, l.owner)
	} else {
		p.m = newShop(tb, 1, "").m
	}
	h, r, w := p.handler(l.use), p.request(), &nowhere{h: http.Header{}}
	line := make([]byte, 0, 256)
	return func() {
		clear(w.h)
		h.ServeHTTP(w, r)
		if l.renews { // by hand: what net/http allocates is not ours
			set := w.h["Set-Cookie"][0]
			line = append(line[:0], set[:len(p.cookie.Name)+65]...)
			r.Header["Cookie"][0] = string(line)
		}
	}
}
