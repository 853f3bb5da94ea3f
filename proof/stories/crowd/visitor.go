package crowd

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"
)

// A Visitor is a browser, and what may be said of its session by the answers
// there were. It has one tab or two.
type Visitor struct {
	crowd *Crowd
	name  string // the owner its logins say
	plain bool   // it never signs in
	tabs  int    // with two it does nothing that changes its token

	mu     sync.Mutex
	token  string
	owner  string
	latest Verb // what changed the token last
	acked  []ack

	kept, unknown, underway int // updates: answered 200; 503; not answered
	lost                    int // of those kept, where some may be
}

// Token returns the token of the visitor's session, "" if there is none.
func (v *Visitor) Token() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.token
}

// Kept returns how many updates of the session have been answered 200.
func (v *Visitor) Kept() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.kept
}

// An ack says since when so many updates have been answered 200, the last of
// them by which node.
type ack struct {
	at   time.Time
	by   *Node
	kept int
}

// A session that was left behind, by a logout or since nobody can say what
// became of it.
type left struct {
	token, owner string
	least, most  int // updates
}

// An Answer is what a request came to.
type Answer struct {
	Status int
	Count  int
	Owner  string
	Why    string
	Cookie *http.Cookie
	known  bool // the request came with a token
}

// Send sends a request to a node.
func Send(n *Node, v Verb, token, as string) Answer {
	r := httptest.NewRequest(v.method(), "https://example.com/"+string(v)+"?as="+as, nil)
	if token != "" {
		r.Header.Set("Cookie", cookieName+"="+token)
	}
	w := httptest.NewRecorder()
	n.ServeHTTP(w, r)
	a := Answer{Status: w.Code, Why: w.Header().Get("X-Why"), known: token != ""}
	if a.Status == http.StatusOK {
		fmt.Sscanf(w.Body.String(), "%d %s", &a.Count, &a.Owner)
	}
	for _, c := range w.Result().Cookies() {
		a.Cookie = c
	}
	return a
}

// Does sends a request, and checks the answer.
func (v *Visitor) Does(what Verb, n *Node) Answer {
	v.mu.Lock()
	begun := time.Now()
	before := v.known(begun.Add(-v.crowd.Slack), n)
	token, lost := v.token, v.lost
	if what == Add {
		v.underway++
	}
	v.mu.Unlock()

	a := Send(n, what, token, v.name)

	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case a.Status == http.StatusOK:
		if v.token == token && v.lost == lost {
			v.compare(what, before, &a)
		}
		v.note(what, n, &a)
	case a.Cookie != nil:
		v.crowd.errorf("%s: %s answered %d, with the cookie %q", v.name, what, a.Status, a.Cookie)
	case what == Add:
		v.underway--
		if token != "" {
			v.unknown++
		}
	case what != Look:
		v.leave() // who knows what the token is good for
	}
	return a
}

// known returns how many updates had been answered 200 at a time, or since then
// by the node that is asked.
func (v *Visitor) known(at time.Time, n *Node) int {
	for i := len(v.acked) - 1; i >= 0; i-- {
		if v.acked[i].by == n || !v.acked[i].at.After(at) {
			return v.acked[i].kept - v.lost
		}
	}
	return 0
}

// compare checks what a page or an update has shown. At least so many updates
// had been kept when it was asked for.
func (v *Visitor) compare(what Verb, least int, a *Answer) {
	if what != Look && what != Add && what != Renew {
		return
	}
	most := v.kept + v.unknown + v.underway
	switch {
	case a.Owner != v.owner:
		v.missing(v.latest, 1, "%s showed the owner %q, who had come by a %s; want %q", what, a.Owner, v.latest, v.owner)
		v.leave()
	case a.Count < least:
		v.missing(Add, least-a.Count, "%s of owner %q showed %d updates, of which %d had been answered 200", what, a.Owner, a.Count, least)
		v.lost += least - a.Count
	case a.Count > most && what != Add: // which shows it as it was before the commit
		v.crowd.errorf("%s: %s showed %d updates, and there were %d", v.name, what, a.Count, most)
	}
}

// missing is told of something that was answered 200, and is gone.
func (v *Visitor) missing(what Verb, n int, format string, args ...any) {
	if v.crowd.mayLose(what, n) {
		return
	}
	v.crowd.errorf(v.name+": "+format, args...)
}

// note takes over what an answer of 200 has brought about.
func (v *Visitor) note(what Verb, n *Node, a *Answer) {
	if what == Add {
		v.underway--
		v.kept++
		v.acked = append(v.acked, ack{time.Now(), n, v.kept})
	}
	if a.Cookie != nil && what != Logout {
		v.token, v.latest = a.Cookie.Value, what
	}
	switch what {
	case Login:
		v.owner = v.name
	case Logout:
		v.crowd.ended(v.leaving())
		v.begin()
	}
}

// leave begins anew, as after the cookies were cleared away.
func (v *Visitor) leave() {
	v.crowd.stranded(v.leaving())
	v.begin()
}

func (v *Visitor) leaving() left {
	return left{v.token, v.owner, v.kept - v.lost, v.kept + v.unknown}
}

func (v *Visitor) begin() {
	v.token, v.owner, v.latest, v.acked = "", "", "", nil
	v.kept, v.unknown, v.lost = 0, 0, 0
}
