package session_test

import (
	"context"
	"net/http"
	"runtime"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/memstore"
)

type nowhere struct{ h http.Header }

func (w *nowhere) Header() http.Header         { return w.h }
func (w *nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (w *nowhere) WriteHeader(int)             {}

// cost returns what one request costs in allocations and in bytes.
func cost(serve func()) (allocs, bytes float64) {
	allocs = testing.AllocsPerRun(1000, serve)
	bytes = 1 << 30
	for range 5 { // other goroutines allocate, too: the least is ours
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range 1000 {
			serve()
		}
		runtime.ReadMemStats(&after)
		bytes = min(bytes, float64(after.TotalAlloc-before.TotalAlloc)/1000)
	}
	return allocs, bytes
}

func TestAn_untouched_request_costs_one_allocation_of_450_bytes_and_no_store_call(t *testing.T) {
	l := newLab(t, session.Options{})
	v := l.login("ann")
	l.loads.Store(0)
	h := l.m.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }))
	r, _ := http.NewRequest("GET", "https://example.com/", nil)
	for _, token := range []bool{false, true} {
		if token {
			r.AddCookie(v.cookie)
		}
		w := &nowhere{h: http.Header{}}
		allocs, bytes := cost(func() { clear(w.h); h.ServeHTTP(w, r) })
		if allocs > 1 || bytes > 450 {
			t.Errorf("with a token %v: got %v allocations, %v bytes", token, allocs, bytes)
		}
	}
	want(t, "loads", l.loads.Load(), 0)
}

// A shop is a manager on memstore as applications have it, and a visitor with
// a session of so many values.
type shop struct {
	m      *session.Manager
	cookie *http.Cookie
}

func newShop(tb testing.TB, values int, owner string, o session.Options) *shop {
	m, err := session.New(memstore.New(memstore.Options{}), o)
	if err != nil {
		tb.Fatal(err)
	}
	return newShopOf(tb, m, values, owner)
}

func newShopOf(tb testing.TB, m *session.Manager, values int, owner string) *shop {
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
	set, err := http.ParseSetCookie(w.h.Get("Set-Cookie"))
	if err != nil {
		tb.Fatal(err)
	}
	p.cookie = set
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

// rotates has the visitor come when it is time for a new token, and once more
// with that.
func (p *shop) rotates(tb testing.TB, after time.Duration) {
	time.Sleep(after)
	w := &nowhere{h: http.Header{}}
	p.handler(read).ServeHTTP(w, p.request())
	set, err := http.ParseSetCookie(w.h.Get("Set-Cookie"))
	if err != nil || set.Value == p.cookie.Value {
		tb.Fatalf("no new token: %v", err)
	}
	p.cookie = set
	p.handler(read).ServeHTTP(w, p.request())
}

// A load is what one request does, and what it may cost.
type load struct {
	name   string
	values int    // of the session that it comes with; 0: with none
	owner  string // of that session
	use    func(*session.Session)
	renews bool // the next request comes with the new cookie

	rotate    time.Duration // of the manager's Options
	rotations int           // that it has behind it; needs a bubble

	allocs float64
	bytes  float64
}

func read(s *session.Session) { _ = count.Get(s) }

func add(s *session.Session) { count.Set(s, count.Get(s)+1) }

var loads = []load{
	{name: "a request without a cookie", allocs: 1, bytes: 450},
	{name: "an untouched request", values: 3, allocs: 1, bytes: 450},
	{name: "a read of one of 3 values", values: 3, use: read, allocs: 2, bytes: 750},
	{name: "a read of one of 30 values", values: 30, use: read, allocs: 2, bytes: 3200},
	{name: "a read by a signed-in visitor", values: 3, owner: "ann", use: read, allocs: 4, bytes: 800},
	{name: "a read of a value that is not there", values: 3, use: func(s *session.Session) { once.Get(s) }, allocs: 2, bytes: 750},
	{name: "a write of one of 3 values", values: 3, use: add, allocs: 5, bytes: 2300},
	{name: "an update of one of 3 values", values: 3, use: func(s *session.Session) { count.Update(s, inc) }, allocs: 7, bytes: 2400},
	{name: "a new session", use: func(s *session.Session) { count.Set(s, 1000) }, allocs: 5, bytes: 2700},
	{name: "a renewal", values: 3, use: (*session.Session).Renew, renews: true, allocs: 7, bytes: 3300}, // one is the request's new header
}

func TestWhat_a_request_does_costs_no_more_than_it_did(t *testing.T) {
	for _, l := range loads {
		t.Run(l.name, func(t *testing.T) { l.keepsTo(t, l.bytes) })
	}
}

func (l *load) keepsTo(t *testing.T, most float64) {
	t.Helper()
	allocs, bytes := cost(l.serving(t))
	if allocs > l.allocs+raceAllocs || bytes > most+128*raceAllocs {
		t.Errorf("got %v allocations, %v bytes; want at most %v and %v", allocs, bytes, l.allocs, most)
	}
}

// Rotate costs where there is something to rotate, and in a renewal, which notes
// from when it counts. A record that was rotated is longer by the 80 bytes of that,
// and what is allocated for it by up to 140, as measured.
func TestRotation_costs_no_more_where_it_is_not_due(t *testing.T) {
	for _, l := range loads {
		if l.renews {
			continue
		}
		l.rotate = time.Hour
		t.Run(l.name, func(t *testing.T) { l.keepsTo(t, l.bytes) })
		if l.values == 0 {
			continue
		}
		l.rotations = 3
		t.Run(l.name+" after some", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { l.keepsTo(t, l.bytes+150) })
		})
	}
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
	p := newShop(tb, max(1, l.values), l.owner, session.Options{Rotate: l.rotate, Idle: 12 * time.Hour})
	if l.values == 0 {
		p.cookie = nil
	}
	for range l.rotations {
		p.rotates(tb, l.rotate)
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

// A patient is a store that embeds another and waits where that does not.
type patient struct {
	*memstore.Store
	limited bool
}

func (p *patient) Load(ctx context.Context, id string) (store.Record, error) {
	_, p.limited = ctx.Deadline()
	return p.Store.Load(ctx, id)
}

func TestA_store_that_embeds_an_immediate_one_is_given_a_deadline(t *testing.T) {
	st := &patient{Store: memstore.New(memstore.Options{})}
	v := newLabOn(t, st, session.Options{}).visitor()
	v.posts(func(s *session.Session) { count.Set(s, 1) })
	if v.l.m, _ = session.New(st, session.Options{}); tells(v, count) != 1 || !st.limited {
		t.Error("got a load without a deadline")
	}
}

// What a request sets it sees, by a list of few changes and by the draft that
// takes its place.
func TestChanges_are_seen_in_order_however_many_they_are(t *testing.T) {
	v := newLab(t, session.Options{}).visitor()
	v.posts(func(s *session.Session) { count.Set(s, 1); name.Set(s, "a") })
	for _, whole := range []func(s *session.Session){
		func(*session.Session) {},
		func(s *session.Session) { s.Info() },
		func(s *session.Session) {
			for i := range 20 {
				session.NewKey[int]("more-"+strconv.Itoa(i)).Set(s, i)
			}
		},
	} {
		v.copy().posts(func(s *session.Session) {
			count.Set(s, 2)
			want(t, "after a Set", count.Get(s), 2)
			name.Delete(s)
			whole(s)
			want(t, "after a Delete", name.Get(s), "")
			want(t, "after an Update", count.Update(s, inc), 3)
			want(t, "and read", count.Get(s), 3)
			name.Set(s, "b")
			_, ok := name.Take(s)
			want(t, "taken", ok, true)
			_, ok = name.Lookup(s)
			want(t, "after a Take", ok, false)
			want(t, "committed", s.Commit(t.Context()), nil)
			want(t, "after a commit", count.Get(s), 3)
			count.Set(s, 1)
			name.Set(s, "a")
			want(t, "the second", count.Get(s), 1)
		})
		want(t, "kept", tells(v, name), "a")
	}
}

// A store handed over by value, with a slice in it, made New panic.
type valueStore struct {
	store.Store
	hooks []func()
}

func (s valueStore) Immediate() store.Store { return s }

func TestNew_takes_an_immediate_store_that_cannot_be_compared(t *testing.T) {
	_, err := session.New(valueStore{Store: memstore.New(memstore.Options{}), hooks: []func(){nil}}, session.Options{})
	want(t, "error", err, nil)
}
