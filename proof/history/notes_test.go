package history

import (
	"fmt"
	"net/http"
	"strings"
)

// A request is what there is to know of one, from outside and from its handler.
type request struct {
	*plan
	lane    int
	token   string // that it came with
	arrival int64  // when its handler asked for the session, or it was sent; Unix ms

	inv, resp int64
	ran       bool // its handler did

	looked           bool // the session was looked up, between
	lookInv, lookEnd int64
	failed           bool // without success
	standing         standing
	epochAt          int64 // Manager.Epoch had answered
	owner            string
	saw              *values

	commits []*commitment
	aborted bool // the answer was cut off

	status int
	why    why
	cookie *http.Cookie
}

// A commitment is one list on its way into a session.
type commitment struct {
	inv, resp int64
	list      []change
	why       why
	status    int  // of the error
	final     bool // it was the answer's
	minted    token
	failures  []why  // of commits that were tried again
	id        string // of the session afterwards
	after     *values
}

// An act is one of the operator's.
type act struct {
	*plan
	id        string
	arrival   int64 // Unix ms
	inv, resp int64
	ids       []string // List: what was listed
	why       why
}

func (r *request) String() string {
	var b strings.Builder
	method := "POST"
	if r.safe {
		method = "GET"
	}
	fmt.Fprintf(&b, "%d-%d lane %d, node %d: %s %q%s with %s at %d", r.inv, r.resp, r.lane, r.node, method, r.kind, modeNames[r.mode], short(r.token), r.arrival)
	if r.looked {
		fmt.Fprintf(&b, "; look-up %d-%d: %s %s", r.lookInv, r.lookEnd, r.standing, r.owner)
	}
	if r.saw != nil {
		fmt.Fprintf(&b, " %+v", *r.saw)
	}
	for _, c := range r.commits {
		fmt.Fprintf(&b, "; commit %d-%d %v %s%v", c.inv, c.resp, c.list, c.why, c.failures)
		if c.after != nil {
			fmt.Fprintf(&b, " then %+v", *c.after)
		}
	}
	fmt.Fprintf(&b, "; %d %s", r.status, r.why)
	if r.cookie != nil {
		fmt.Fprintf(&b, ", Set-Cookie %s", short(r.cookieValue()))
	}
	return b.String()
}

// short is enough of a token to tell them apart: some of the id, of the secret.
func short(token string) string {
	if token == "" {
		return "none"
	}
	return token[:4] + "+" + token[idLen:idLen+4]
}

func (a *act) String() string {
	id := a.id
	if id != "" {
		id = id[:4]
	}
	return fmt.Sprintf("%d-%d node %d: %s(%s, %s): %s", a.inv, a.resp, a.node, a.kind, a.owner, id, a.why)
}

// String is the history, in the order of invocations.
func (w *world) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "weather %s, idle %v, lifetime %v, timeout %v, limit %d, strict %v\n",
		w.weather.name, w.rules.idle, w.rules.lifetime, w.timeout, w.limit, w.rules.strict)
	for _, r := range w.requests {
		fmt.Fprintln(&b, r)
	}
	for _, a := range w.acts {
		fmt.Fprintln(&b, a)
	}
	return b.String()
}
