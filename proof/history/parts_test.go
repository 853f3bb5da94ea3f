package history

import (
	"fmt"
	"slices"

	"github.com/sojourn-go/session/proof/linear"
)

// A history is taken apart by session: no promise is about two at once, and
// linearizability is a property of each. A request is a look-up, which is pure,
// and its commits.

type op = linear.Op[state]

// parts are the operations upon each session of a history.
type parts struct {
	*world
	ops    map[string][]op
	uses   map[string][]use
	logins []signIn
	tokens map[string]token
	minted token
	shaky  map[string]bool // sessions that may end after an undo
	trials int
	faults []string // what is wrong whatever the order
}

// A use is a request that may have been noted as the last use of a session.
type use struct{ inv, last int64 }

// A signIn is a commit that made a session somebody's, or may have.
type signIn struct {
	id, owner string
	kept      bool
	inv, resp int64
	epochAt   int64
	op        int // its index
}

func (w *world) parts() *parts {
	p := &parts{world: w, ops: map[string][]op{}, uses: map[string][]use{}, tokens: map[string]token{}, shaky: map[string]bool{}}
	slices.SortFunc(w.requests, func(a, b *request) int { return int(a.inv - b.inv) })
	for _, r := range w.requests {
		for _, token := range []string{r.token, r.cookieValue()} {
			if id := idOf(token); id != "" {
				p.uses[id] = append(p.uses[id], use{r.inv, w.ms(r.resp)})
			}
		}
	}
	for _, r := range w.requests {
		p.request(r)
	}
	for _, a := range w.acts {
		p.act(a)
	}
	p.evictions()
	return p
}

func (r *request) cookieValue() string {
	if r.cookie == nil || r.cookie.MaxAge < 0 {
		return ""
	}
	return r.cookie.Value
}

func (p *parts) fault(r *request, format string, args ...any) {
	p.faults = append(p.faults, fmt.Sprintf(format, args...)+": "+r.String())
}

func (p *parts) add(id string, o op) int {
	p.ops[id] = append(p.ops[id], o)
	return len(p.ops[id]) - 1
}

// number numbers a token that was seen, and mint one that was not.
func (p *parts) number(text string) token {
	if text == "" {
		return 0
	}
	if p.tokens[text] == 0 {
		p.tokens[text] = p.mint()
	}
	return p.tokens[text]
}

func (p *parts) mint() token { p.minted++; return p.minted }

// latest is the last use that can have been noted in a session at instant.
func (p *parts) latest(id string, instant int64) (ms int64) {
	for _, u := range p.uses[id] {
		if u.inv < instant {
			ms = max(ms, u.last)
		}
	}
	return ms
}
