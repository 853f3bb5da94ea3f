package history

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/sojourn-go/session"
)

// Answers delivered in every order to a cookie jar: a few requests of one
// browser cross each other, in every order of their beginnings, commits and
// deliveries.

// A crossing is what crosses: the requests of a lane follow each other, the
// lanes overlap.
type crossing struct {
	name  string
	begin func(*session.Session) // what the browser did before; nil: nothing
	lanes [][]sent
}

// A sent is one request.
type sent struct {
	name, method string
	do           func(*session.Session)
	login        bool
	writes       string
}

var (
	poll    = sent{name: "poll", method: http.MethodGet, do: func(s *session.Session) { journal.Get(s) }}
	write   = sent{name: "write", method: http.MethodPost, do: add("crossing"), writes: "crossing,"}
	sneak   = sent{name: "write by GET", method: http.MethodGet, do: add("crossing"), writes: "crossing,"}
	renewal = sent{name: "renewal", method: http.MethodPost, do: (*session.Session).Renew}
	logout  = sent{name: "logout", method: http.MethodPost, do: (*session.Session).End}
)

func loginOf(owner string) sent {
	return sent{name: "login of " + owner, method: http.MethodPost, do: login(owner), login: true}
}

var crossings = []crossing{
	{"two first logins of one owner", nil, [][]sent{{loginOf("ann")}, {loginOf("ann")}}},
	{"two first logins of two owners", nil, [][]sent{{loginOf("ann")}, {loginOf("bob")}}},
	{"two logins of one owner", add("first"), [][]sent{{loginOf("ann")}, {loginOf("ann")}}},
	{"two logins of two owners", add("first"), [][]sent{{loginOf("ann")}, {loginOf("bob")}}},
	{"two logins of others", login("eve"), [][]sent{{loginOf("ann")}, {loginOf("bob")}}},
	{"two renewals", login("ann"), [][]sent{{renewal}, {renewal}}},
	{"a renewal and a login", login("ann"), [][]sent{{renewal}, {loginOf("bob")}}},
	{"a poll across a login", add("first"), [][]sent{{poll}, {loginOf("ann")}}},
	{"a poll across another's login", login("ann"), [][]sent{{poll}, {loginOf("bob")}}},
	{"a slow write across logout and login", login("ann"), [][]sent{{write}, {logout, loginOf("bob")}}},
	{"a slow GET that writes across logout and login", login("ann"), [][]sent{{sneak}, {logout, loginOf("bob")}}},
	{"a slow poll across logout and login", login("ann"), [][]sent{{poll}, {logout, loginOf("ann")}}},
	{"an anonymous write across a login", add("first"), [][]sent{{write}, {loginOf("ann")}}},
	{"an anonymous GET that writes across a login", add("first"), [][]sent{{sneak}, {loginOf("ann")}}},
	{"a first write across a first login", nil, [][]sent{{write}, {loginOf("ann")}}},
}

func TestAnswersMayComeToTheJarInAnyOrder(t *testing.T) {
	played := 0
	for _, c := range crossings {
		t.Run(c.name, func(t *testing.T) {
			for order := range orders(3*len(c.lanes[0]), 3*len(c.lanes[1])) {
				for nodes := range 2 {
					synctest.Test(t, func(t *testing.T) { c.play(t, nodes+1, order) })
					played++
				}
			}
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
	token     string // it came with
	gate      chan bool
	done      chan answer
	says      string // whom it takes the visitor for
	answer    answer
	committed int // at which step
}

// A play is a crossing in one order.
type play struct {
	*site
	jar     browser
	first   string // the token of before
	flights []*flight
	script  []string
	last    *flight // the last delivered answer with a cookie
}

func (c *crossing) play(t *testing.T, nodes int, order []int) {
	p := &play{site: newSite(t, nodes, session.Options{})}
	if c.begin != nil {
		p.jar.receive(p.post(0, "", c.begin).cookie)
		p.first = p.jar.token
	}
	var now [2]*flight
	var step [2]int
	for i, lane := range order {
		r := c.lanes[lane][step[lane]/3]
		switch step[lane] % 3 {
		case 0:
			now[lane] = p.begin(r, lane%nodes)
		case 1:
			p.commit(now[lane], i)
		case 2:
			p.deliver(now[lane])
		}
		step[lane]++
	}
	p.check()
	if t.Failed() {
		t.Fatalf("%d processes, in this order: %s", nodes, strings.Join(p.script, ", "))
	}
}

// begin has the request loaded, and held before its commit.
func (p *play) begin(r sent, node int) *flight {
	f := &flight{sent: r, token: p.jar.token, gate: make(chan bool), done: make(chan answer, 1)}
	go func() {
		f.done <- p.send(node, r.method, f.token, func(s *session.Session, _ context.Context) {
			s.ID()
			<-f.gate
			r.do(s)
			f.says = s.Owner()
		})
	}()
	synctest.Wait()
	p.flights = append(p.flights, f)
	p.script = append(p.script, r.name+" begins")
	return f
}

func (p *play) commit(f *flight, step int) {
	close(f.gate)
	f.answer, f.committed = <-f.done, step
	p.script = append(p.script, fmt.Sprintf("%s is answered %d %s %s", f.name, f.answer.status, f.answer.why, short(f.answer.token())))
}

func (p *play) deliver(f *flight) {
	p.jar.receive(f.answer.cookie)
	if f.answer.cookie != nil {
		p.last = f
	}
	p.script = append(p.script, "the answer to "+f.name+" arrives")
}

func (p *play) check() {
	final := p.read(p.jar.token)
	if p.last != nil {
		if p.last.answer.status != 200 {
			p.t.Errorf("a failure carried a cookie")
		}
		if final.owner != p.last.says || final.opens != (p.last.answer.token() != "") {
			p.t.Errorf("the last answer said %q, and the jar opens %+v", p.last.says, final)
		}
	}
	if p.first != "" && p.replaced() && p.read(p.first).opens {
		p.t.Errorf("the old token still opens the session")
	}
	for _, w := range p.flights {
		for _, l := range p.flights {
			if w.writes != "" && l.login && l.answer.status == 200 {
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

// checkWrite: what a crossing request writes is in the session of before the
// login and kept by it, or nowhere that the login leads to.
func (p *play) checkWrite(w, l *flight) {
	mine := p.read(l.answer.token())
	has := strings.Contains(mine.log, w.writes)
	switch {
	case w.token == l.answer.token():
		return // not crossing: it came after
	case w.committed > l.committed && has:
		p.t.Errorf("what was written under the token of before the login is in the session after it: %+v", mine)
	case w.committed > l.committed && w.token == p.first && w.token != "" && w.method == http.MethodPost && w.answer.status != 409:
		p.t.Errorf("a write that was not kept was answered %d", w.answer.status)
	case w.committed < l.committed && w.answer.status == 200 && w.token == l.token && w.token != "" && !has:
		p.t.Errorf("what was written before the login is lost: %+v", mine)
	}
}
