package history

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/store"
)

// A world is one history while it runs: two managers, as of two processes, upon
// one flaky store, and the browsers.
type world struct {
	*script
	store    *flaky
	nodes    [2]*session.Manager
	handlers [2]http.Handler
	browsers [3]browser

	mu       sync.Mutex
	instants []int64 // Unix ms of each
	requests []*request
	acts     []*act
	ids      []string // of the sessions that a browser has been told of
}

// tick returns the next instant of the history.
func (w *world) tick() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.instants = append(w.instants, time.Now().UnixMilli())
	return int64(len(w.instants))
}

// ms returns an instant as a time.
func (w *world) ms(instant int64) int64 { return w.instants[instant-1] }

// A browser is a cookie jar for one cookie.
type browser struct {
	mu    sync.Mutex
	token string
	older []string
}

func (b *browser) cookie(stale bool, pick int) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if stale && len(b.older) > 0 {
		return b.older[pick%len(b.older)]
	}
	return b.token
}

// receive takes an answer's cookie over, as browsers do: the last answer wins.
func (b *browser) receive(c *http.Cookie) {
	if c == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.token != "" && b.token != c.Value {
		b.older = append(b.older, b.token)
	}
	b.token = c.Value
	if c.MaxAge < 0 {
		b.token = ""
	}
}

var errorKinds = []struct {
	err error
	why why
}{
	{session.ErrUnknown, unknown}, {session.ErrEnded, isEnded}, {session.ErrSuperseded, isOver}, {session.ErrTaken, isTaken},
	{session.ErrRefused, isRefused}, {session.ErrOverwritten, overwritten}, {session.ErrEpoch, badEpoch},
	{session.ErrUnavailable, unavailable}, {session.ErrNotFound, notFound},
}

func kindOf(err error) why {
	if err == nil {
		return fine
	}
	for _, k := range errorKinds {
		if errors.Is(err, k.err) {
			return k.why
		}
	}
	return other
}

func (s *script) open() *world {
	w := &world{script: s, store: &flaky{
		Store: newStore(), rng: rand.New(rand.NewPCG(s.seed, 0x57)), weather: s.weather,
	}}
	for i := range w.nodes {
		m, err := session.New(w.store, session.Options{
			Idle: s.rules.idle, Lifetime: s.rules.lifetime, Strict: s.rules.strict, Timeout: s.timeout, Limit: s.limit,
			Logger: slog.New(slog.DiscardHandler), ErrorHandler: answerWithKind,
		})
		if err != nil {
			panic(err)
		}
		w.nodes[i] = m
		w.handlers[i] = m.Handler(http.HandlerFunc(w.serve))
	}
	return w
}

func newStore() store.Store { return &memory{records: map[string]store.Record{}} }

// answerWithKind is the ErrorHandler: it says which error it was.
func answerWithKind(rw http.ResponseWriter, _ *http.Request, err error) {
	rw.Header().Set("X-Why", string(kindOf(err)))
	rw.WriteHeader(session.StatusCode(err))
}

// play runs the script to its end, and then asks with every token ever seen.
func (s *script) play() *world {
	w := s.open()
	w.store.setWeather(fairWeather)
	for i := range w.prelude {
		w.browsers[i].receive(w.send(-1, &w.prelude[i], "").cookie)
	}
	w.store.setWeather(s.weather)
	var lanes sync.WaitGroup
	for i := range w.lanes {
		lanes.Go(func() {
			for j := range w.lanes[i].plans {
				w.do(i, &w.lanes[i].plans[j])
			}
		})
	}
	lanes.Wait()
	w.store.late.Wait()
	w.store.setWeather(fairWeather)
	for i := range w.browsers {
		b := &w.browsers[i]
		for _, token := range slices.Compact(append(b.older, b.token)) {
			if token != "" {
				w.send(-1, &plan{kind: "read", safe: true, looks: true}, token)
			}
		}
	}
	return w
}

func (w *world) do(i int, p *plan) {
	time.Sleep(p.think)
	if w.lanes[i].browser < 0 {
		w.act(p)
		return
	}
	b := &w.browsers[w.lanes[i].browser]
	r := w.send(i, p, b.cookie(p.stale, int(p.think)))
	time.Sleep(p.deliver)
	b.receive(r.cookie)
}

type requestKey struct{}

// send sends one request and notes its answer.
func (w *world) send(lane int, p *plan, token string) *request {
	r := &request{plan: p, lane: lane, token: token, arrival: time.Now().UnixMilli()}
	hr := &http.Request{Method: http.MethodPost, URL: home, Host: "localhost", Header: http.Header{}, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
	if p.safe {
		hr.Method = http.MethodGet
	}
	if token != "" {
		hr.Header["Cookie"] = []string{cookieName + "=" + token}
	}
	hr = hr.WithContext(context.WithValue(context.Background(), requestKey{}, r))
	rec := newRecorder()
	r.inv = w.tick()
	r.aborted = !runs(func() { w.handlers[p.node].ServeHTTP(rec, hr) })
	r.resp = w.tick()
	r.status, r.why = rec.Code, why(rec.Header().Get("X-Why"))
	cookies := rec.Result().Cookies()
	if len(cookies) > 1 {
		panic("more than one Set-Cookie")
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(cookies) == 1 {
		r.cookie = cookies[0]
		if id := idOf(r.cookie.Value); id != "" && !slices.Contains(w.ids, id) {
			w.ids = append(w.ids, id)
		}
	}
	w.requests = append(w.requests, r)
	return r
}

// act does what the operator does, or the owner from another device.
func (w *world) act(p *plan) {
	a := &act{plan: p}
	w.mu.Lock()
	if len(w.ids) > 0 {
		a.id = w.ids[p.pick%len(w.ids)]
	}
	w.mu.Unlock()
	m, ctx := w.nodes[p.node], context.Background()
	var err error
	a.inv, a.arrival = w.tick(), time.Now().UnixMilli()
	switch p.kind {
	case "End":
		err = m.End(ctx, p.owner, a.id)
	case "EndID":
		err = m.EndID(ctx, a.id)
	case "EndAll":
		_, err = m.EndAll(ctx, p.owner)
	case "List":
		for info, e := range m.List(ctx, p.owner) {
			if err = e; err == nil {
				a.ids = append(a.ids, info.ID)
			}
		}
	}
	a.resp, a.why = w.tick(), kindOf(err)
	w.mu.Lock()
	w.acts = append(w.acts, a)
	w.mu.Unlock()
}
