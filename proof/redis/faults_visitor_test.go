package redis

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"
)

// A visitor is a browser, and what may be said of its session by the answers
// there were. It has one tab or two.
type visitor struct {
	crowd *crowd
	name  string // the owner its logins say
	plain bool   // it never signs in
	tabs  int    // with two it does nothing that changes its token

	mu     sync.Mutex
	token  string
	owner  string
	latest verb // what changed the token last
	acked  []ack

	kept, unknown, underway int // updates: answered 200; 503; not answered
	lost                    int // of those kept, where some may be
}

// An ack says since when so many updates have been answered 200, the last of
// them by which node.
type ack struct {
	at   time.Time
	by   *node
	kept int
}

// A session that was left behind, by a logout or since nobody can say what
// became of it.
type left struct {
	token, owner string
	least, most  int // updates
}

// An answer is what a request came to.
type answer struct {
	status int
	count  int
	owner  string
	why    string
	cookie *http.Cookie
	known  bool // the request came with a token
}

// send sends a request to a node.
func send(n *node, v verb, token, as string) answer {
	r := httptest.NewRequest(v.method(), "https://example.com/"+string(v)+"?as="+as, nil)
	if token != "" {
		r.Header.Set("Cookie", cookieName+"="+token)
	}
	w := httptest.NewRecorder()
	n.ServeHTTP(w, r)
	a := answer{status: w.Code, why: w.Header().Get("X-Why"), known: token != ""}
	if a.status == http.StatusOK {
		fmt.Sscanf(w.Body.String(), "%d %s", &a.count, &a.owner)
	}
	for _, c := range w.Result().Cookies() {
		a.cookie = c
	}
	return a
}

// does sends a request, and checks the answer.
func (v *visitor) does(what verb, n *node) answer {
	v.mu.Lock()
	begun := time.Now()
	before := v.known(begun.Add(-v.crowd.slack), n)
	token, lost := v.token, v.lost
	if what == add {
		v.underway++
	}
	v.mu.Unlock()

	a := send(n, what, token, v.name)

	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case a.status == http.StatusOK:
		if v.token == token && v.lost == lost {
			v.compare(what, before, &a)
		}
		v.note(what, n, &a)
	case a.cookie != nil:
		v.crowd.errorf("%s: %s answered %d, with the cookie %q", v.name, what, a.status, a.cookie)
	case what == add:
		v.underway--
		if token != "" {
			v.unknown++
		}
	case what != look:
		v.leave() // who knows what the token is good for
	}
	return a
}

// known returns how many updates had been answered 200 at a time, or since then
// by the node that is asked.
func (v *visitor) known(at time.Time, n *node) int {
	for i := len(v.acked) - 1; i >= 0; i-- {
		if v.acked[i].by == n || !v.acked[i].at.After(at) {
			return v.acked[i].kept - v.lost
		}
	}
	return 0
}

// compare checks what a page or an update has shown. At least so many updates
// had been kept when it was asked for.
func (v *visitor) compare(what verb, least int, a *answer) {
	if what != look && what != add && what != renew {
		return
	}
	most := v.kept + v.unknown + v.underway
	switch {
	case a.owner != v.owner:
		v.missing(v.latest, 1, "%s showed the owner %q, who had come by a %s; want %q", what, a.owner, v.latest, v.owner)
		v.leave()
	case a.count < least:
		v.missing(add, least-a.count, "%s of owner %q showed %d updates, of which %d had been answered 200", what, a.owner, a.count, least)
		v.lost += least - a.count
	case a.count > most && what != add: // which shows it as it was before the commit
		v.crowd.errorf("%s: %s showed %d updates, and there were %d", v.name, what, a.count, most)
	}
}

// missing is told of something that was answered 200, and is gone.
func (v *visitor) missing(what verb, n int, format string, args ...any) {
	if v.crowd.mayLose(what, n) {
		return
	}
	v.crowd.errorf(v.name+": "+format, args...)
}

// note takes over what an answer of 200 has brought about.
func (v *visitor) note(what verb, n *node, a *answer) {
	if what == add {
		v.underway--
		v.kept++
		v.acked = append(v.acked, ack{time.Now(), n, v.kept})
	}
	if a.cookie != nil && what != logout {
		v.token, v.latest = a.cookie.Value, what
	}
	switch what {
	case login:
		v.owner = v.name
	case logout:
		v.crowd.ended(v.leaving())
		v.begin()
	}
}

// leave begins anew, as after the cookies were cleared away.
func (v *visitor) leave() {
	v.crowd.stranded(v.leaving())
	v.begin()
}

func (v *visitor) leaving() left {
	return left{v.token, v.owner, v.kept - v.lost, v.kept + v.unknown}
}

func (v *visitor) begin() {
	v.token, v.owner, v.latest, v.acked = "", "", "", nil
	v.kept, v.unknown, v.lost = 0, 0, 0
}
