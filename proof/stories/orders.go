package stories

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Answers delivered in every order to a cookie jar: two lanes of requests of one
// browser, each lane in a process of its own, in every order of their
// beginnings, commits and deliveries. The same is played in package history over
// a store in memory.

// A crossing is what crosses: the requests of a lane follow each other, the
// lanes overlap.
type crossing struct {
	name  string
	begin []string // what the browser did before
	lanes [2][]sent
}

// A sent is one request.
type sent struct{ method, path string }

func (s sent) logsIn() bool { return strings.HasPrefix(s.path, "/login") }
func (s sent) writes() bool { return strings.HasPrefix(s.path, "/write") }

var (
	poll    = sent{http.MethodGet, "/read"}
	write   = sent{http.MethodPost, "/write?text=crossing"}
	sneak   = sent{http.MethodGet, "/write?text=crossing"}
	renewal = sent{http.MethodPost, "/renew"}
	logout  = sent{http.MethodPost, "/logout"}
	ann     = sent{http.MethodPost, "/login?owner=ann"}
	bob     = sent{http.MethodPost, "/login?owner=bob"}
)

var (
	nothing   []string
	anonymous = []string{"/write?text=first"}
	asAnn     = []string{"/login?owner=ann"}
	asEve     = []string{"/login?owner=eve"}
)

var crossings = []crossing{
	{"two first logins of one owner", nothing, lanes(ann)(ann)},
	{"two first logins of two owners", nothing, lanes(ann)(bob)},
	{"two logins of one owner", anonymous, lanes(ann)(ann)},
	{"two logins of two owners", anonymous, lanes(ann)(bob)},
	{"two logins of others", asEve, lanes(ann)(bob)},
	{"two renewals", asAnn, lanes(renewal)(renewal)},
	{"a renewal and a login", asAnn, lanes(renewal)(bob)},
	{"a poll across a login", anonymous, lanes(poll)(ann)},
	{"a poll across another's login", asAnn, lanes(poll)(bob)},
	{"a slow write across logout and login", asAnn, lanes(write)(logout, bob)},
	{"a slow GET that writes across logout and login", asAnn, lanes(sneak)(logout, bob)},
	{"a slow poll across logout and login", asAnn, lanes(poll)(logout, ann)},
	{"an anonymous write across a login", anonymous, lanes(write)(ann)},
	{"an anonymous GET that writes across a login", anonymous, lanes(sneak)(ann)},
	{"a first write across a first login", nothing, lanes(write)(ann)},
}

func lanes(first ...sent) func(second ...sent) [2][]sent {
	return func(second ...sent) [2][]sent { return [2][]sent{first, second} }
}

func answerInAnyOrder(t *testing.T, w *Town) {
	played := 0
	for i := range crossings {
		c := &crossings[i]
		t.Run(c.name, func(t *testing.T) {
			var players sync.WaitGroup
			lines := make(chan []int)
			for range 4 {
				players.Go(func() {
					for order := range lines {
						w.play(t, c, order)
					}
				})
			}
			for order := range orders(3*len(c.lanes[0]), 3*len(c.lanes[1])) {
				lines <- order
				played++
			}
			close(lines)
			players.Wait()
		})
	}
	t.Logf("%d orders played", played)
}

// orders yields every way to merge two lanes of a and b steps, as the lane of
// each step.
func orders(a, b int) func(yield func([]int) bool) {
	return func(yield func([]int) bool) {
		var merge func(order []int, a, b int) bool
		merge = func(order []int, a, b int) bool {
			if a == 0 && b == 0 {
				return yield(order)
			}
			return (a == 0 || merge(append(slices.Clip(order), 0), a-1, b)) &&
				(b == 0 || merge(append(slices.Clip(order), 1), a, b-1))
		}
		merge(nil, a, b)
	}
}

// A flight is a request under way.
type flight struct {
	sent
	at        int    // which process has it
	token     string // it came with
	gate      string
	done      chan answer
	answer    answer
	committed int // at which step
}

// A play is a crossing in one order.
type play struct {
	*Town
	t       *testing.T
	jar     string // the token in it
	first   string // the token of before
	flights []*flight
	script  []string
	last    *flight // the last delivered answer with a cookie
	failed  bool
}

func (w *Town) play(t *testing.T, c *crossing, order []int) {
	p := &play{Town: w, t: t}
	for _, path := range c.begin {
		p.jar = w.post(t, 0, path, p.jar).token()
		p.first = p.jar
		w.warm(t, p.jar)
	}
	var under [2]*flight
	var step [2]int
	for i, lane := range order {
		r := c.lanes[lane][step[lane]/3]
		switch step[lane] % 3 {
		case 0:
			under[lane] = p.begin(r, lane)
		case 1:
			p.commit(under[lane], i)
		case 2:
			p.deliver(under[lane])
		}
		step[lane]++
	}
	p.check()
	if p.failed {
		t.Errorf("in this order: %s", strings.Join(p.script, ", "))
	}
}

func (p *play) fault(format string, args ...any) {
	p.t.Helper()
	p.t.Errorf(format, args...)
	p.failed = true
}

// begin has the request loaded, and held before its commit.
func (p *play) begin(r sent, at int) *flight {
	f := &flight{sent: r, at: at, token: p.jar, gate: fmt.Sprint("play-", p.gates.Add(1)), done: make(chan answer, 1)}
	go func() { f.done <- p.send(p.t, at, r.method, gated(r.path, f.gate), f.token) }()
	p.ask(p.t, at, "/-held?n=1&gate="+f.gate, nil)
	p.flights = append(p.flights, f)
	p.script = append(p.script, fmt.Sprint(r, " begins"))
	return f
}

func (p *play) commit(f *flight, step int) {
	p.ask(p.t, f.at, "/-release?gate="+f.gate, nil)
	f.answer, f.committed = <-f.done, step
	p.script = append(p.script, fmt.Sprintf("%v is answered %v", f.sent, f.answer))
}

// deliver has the jar take the answer's cookie over, as browsers do: the last
// answer wins.
func (p *play) deliver(f *flight) {
	if f.answer.cookie != nil {
		p.last, p.jar = f, f.answer.token()
	}
	p.script = append(p.script, fmt.Sprintf("the answer to %v arrives", f.sent))
}

func (p *play) check() {
	if l := p.last; l != nil {
		if l.answer.status != http.StatusOK {
			p.fault("a failure carried a cookie")
		}
		if p.jar == "" && l.answer.Owner != "" {
			p.fault("the last answer says %q, and the jar is empty", l.answer.Owner)
		}
		if p.jar != "" {
			p.look(p.t, nobody, p.jar, "what the last answer said: owner "+l.answer.Owner, func(v view) bool {
				return v.ID != "" && v.Owner == l.answer.Owner
			})
		}
	}
	if p.first != "" && p.replaced() {
		p.look(p.t, nobody, p.first, "nothing under the old token", opensNothing)
	}
	for _, w := range p.flights {
		for _, l := range p.flights {
			if w.writes() && l.logsIn() && l.answer.status == http.StatusOK {
				p.checkWrite(w, l)
			}
		}
	}
}

// replaced reports whether an answer has made the first token old.
func (p *play) replaced() bool {
	return slices.ContainsFunc(p.flights, func(f *flight) bool {
		c := f.answer.cookie
		return c != nil && f.token == p.first && (c.MaxAge < 0 || idOf(c.Value) == idOf(p.first))
	})
}

// idOf returns what of a token is the public id.
func idOf(token string) string { return token[:min(24, len(token))] }

// checkWrite: what a crossing request writes is in the session of before the
// login and kept by it, or nowhere that the login leads to.
func (p *play) checkWrite(w, l *flight) {
	mine := p.post(p.t, 0, "/read", l.answer.token())
	has := mine.has("crossing")
	switch {
	case w.token == l.answer.token():
		return // not crossing: it came after
	case w.committed > l.committed && has:
		p.fault("what was written under the token of before the login is in the session after it: %v", mine)
	case w.committed > l.committed && w.token == p.first && w.token != "" && w.method == http.MethodPost && w.answer.status != http.StatusConflict:
		p.fault("a write that was not kept was answered %d", w.answer.status)
	case w.committed < l.committed && w.answer.status == http.StatusOK && w.token == l.token && w.token != "" && !has:
		p.fault("what was written before the login is lost: %v", mine)
	}
}
