package stories

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/proof/linear"
	"github.com/sojourn-go/session/store"
)

// Histories in real time: four tabs of one browser send requests at once to two
// managers, each with a client of its own, as of two processes. What they were
// answered must make sense to a sequential model, see model.go. It
// is package history once more, over a real store, without its clock and its disasters.

const (
	tabs       = 4
	perTab     = 5
	overBudget = 500_000 // states
)

// A past is one history.
type past struct {
	nodes  [2]http.Handler
	cached bool // pages may be older than their requests
	clock  atomic.Int64

	mu       sync.Mutex
	jar      string
	older    []string
	requests []*deed
}

// A deed is one request, as it was sent, handled and answered.
type deed struct {
	kind, arg string
	token     string // it came with
	node      int

	sent, looked, answered int64 // instants
	ran, opened            bool  // its handler; and its token opened a session,
	saw                    mind  // which was like this
	handed                 string
	status                 int
	why                    string
	cookie                 *http.Cookie
}

func (d *deed) String() string {
	return fmt.Sprintf("%d-%d node %d: %s(%s) with %s, opened %t %+v; %d %s, cookie %s",
		d.sent, d.answered, d.node, d.kind, d.arg, shortOf(d.token), d.opened, d.saw, d.status, d.why, shortOf(d.got()))
}

// shortOf is enough of a token to tell them apart: some of the id, of the secret.
func shortOf(token string) string {
	if token == "" {
		return "none"
	}
	return token[:4] + "+" + token[24:28]
}

// got returns the token that the answer set.
func (d *deed) got() string { return answer{cookie: d.cookie}.token() }

// kinds are what requests are drawn from.
var kinds = strings.Fields("read read look add add write write write issue take take renew renew login login logout")

// remember has a history happen over two stores.
func remember(t *testing.T, stores [2]store.Store, seed uint64) *past {
	p := &past{}
	for i, st := range stores {
		_, p.cached = store.As[store.Cached](st)
		m, err := newManager(st, session.Options{})
		if err != nil {
			t.Fatal(err)
		}
		p.nodes[i] = m.Handler(http.HandlerFunc(p.handle))
	}
	rng := rand.New(rand.NewPCG(seed, 0xbead))
	plans := make([][]*deed, tabs)
	for tab := range plans {
		for i := range perTab {
			d := &deed{kind: kinds[rng.IntN(len(kinds))], node: rng.IntN(2), arg: fmt.Sprint(tab, ".", i)}
			if d.kind == "login" {
				d.arg = fmt.Sprint([]string{"ann", "bob"}[rng.IntN(2)], " of ", seed) // the lists of their sessions stay short
			}
			plans[tab] = append(plans[tab], d)
		}
	}
	p.do(&deed{kind: "issue", arg: "first"})
	var lanes sync.WaitGroup
	for _, plan := range plans {
		lanes.Go(func() {
			for _, d := range plan {
				p.do(d)
			}
		})
	}
	lanes.Wait()
	for _, token := range slices.Compact(append(p.older, p.jar)) {
		p.send(&deed{kind: "look", token: token})
	}
	return p
}

func (p *past) do(d *deed) {
	p.mu.Lock()
	d.token = p.jar
	p.mu.Unlock()
	p.send(d)
	if d.cookie == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.jar != "" {
		p.older = append(p.older, p.jar)
	}
	p.jar = d.got()
}

type deedKey struct{}

func (p *past) send(d *deed) {
	r := &http.Request{Method: http.MethodPost, URL: &url.URL{Path: "/"}, Host: "localhost", Header: http.Header{}}
	if d.kind == "read" {
		r.Method = http.MethodGet
	}
	if d.token != "" {
		r.Header.Set("Cookie", cookieName+"="+d.token)
	}
	w := httptest.NewRecorder()
	d.sent = p.clock.Add(1)
	p.nodes[d.node].ServeHTTP(w, r.WithContext(context.WithValue(context.Background(), deedKey{}, d)))
	d.answered = p.clock.Add(1)
	d.status, d.why = w.Code, w.Header().Get("X-Why")
	for _, c := range w.Result().Cookies() {
		d.cookie = c
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests = append(p.requests, d)
}

// handle is the application.
func (p *past) handle(w http.ResponseWriter, r *http.Request) {
	d := r.Context().Value(deedKey{}).(*deed)
	s := session.From(r.Context())
	d.ran, d.opened = true, s.ID() != ""
	if s.Err() != nil {
		d.ran = false // it could not be looked at, and ErrorHandler answers
		return
	}
	d.saw = mind{owner: s.Owner(), count: counter.Get(s), journal: journal.Get(s), coupon: coupon.Get(s)}
	d.looked = p.clock.Add(1)
	switch d.kind {
	case "add":
		counter.Update(s, func(n int) int { return n + 1 })
	case "write":
		journal.Update(s, func(j string) string { return j + d.arg + "," })
	case "issue":
		coupon.Set(s, d.arg)
	case "take":
		d.handed, _ = coupon.Take(s)
	case "renew":
		s.Renew()
	case "login":
		s.Login(d.arg)
	case "logout":
		s.End()
	}
}

func (p *past) String() string {
	var b strings.Builder
	slices.SortFunc(p.requests, func(a, b *deed) int { return int(a.sent - b.sent) })
	for _, d := range p.requests {
		fmt.Fprintln(&b, d)
	}
	return b.String()
}

// A verdict is what came of the search for an order that makes sense.
type verdict struct {
	faults  []string
	open    bool // the outcome of a login or renewal is not known: nothing is said
	states  int
	overlap int // requests that overlapped with another one
}

func (p *past) judge() (v verdict) {
	m := p.take()
	v.faults, v.open = m.faults, m.open
	if v.open {
		return v
	}
	for id, ops := range m.ops {
		r := linear.Check(mind{}, ops, overBudget)
		v.states += r.Visited
		if !r.OK {
			v.faults = append(v.faults, explain(id, ops, &r))
		}
	}
	for _, a := range p.requests {
		if slices.ContainsFunc(p.requests, func(b *deed) bool { return b != a && b.sent < a.answered && a.sent < b.answered }) {
			v.overlap++
		}
	}
	return v
}

// explain says how far the search came.
func explain(id string, ops []linear.Op[mind], r *linear.Result[mind]) string {
	var b strings.Builder
	fmt.Fprintf(&b, "session %s: no order makes sense (given up: %t). The longest that does:\n", id[:4], r.GaveUp)
	for _, i := range r.Order {
		fmt.Fprintf(&b, "  %s\n", ops[i].Name)
	}
	fmt.Fprintf(&b, "leaves %+v\n", r.State)
	return b.String()
}
