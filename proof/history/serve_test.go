package history

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"time"

	"github.com/sojourn-go/session"
)

// The application of the histories: its handler does what the plan says.

var (
	reg     = session.NewKey[string]("reg")
	ticket  = session.NewKey[string]("ticket")
	journal = session.NewKey[string]("log")
	flag    = session.NewKey[string]("flag")
	count   = session.NewKey[int]("count")
)

const (
	cookieName = "__Host-Http-session"
	idLen      = 24 // what of a token is the public id (DESIGN.md section 5, Token)
)

var home = &url.URL{Path: "/"}

func newRecorder() *httptest.ResponseRecorder { return httptest.NewRecorder() }

func idOf(token string) string {
	if len(token) < idLen {
		return ""
	}
	return token[:idLen]
}

// runs reports whether f returned, and did not abort the answer.
func runs(f func()) (ok bool) {
	defer func() {
		if p := recover(); p != nil && p != http.ErrAbortHandler {
			panic(p)
		}
	}()
	f()
	return true
}

// A handling is a handler at work.
type handling struct {
	w    *world
	r    *request
	s    *session.Session
	m    *session.Manager
	ctx  context.Context
	seen map[verb]string // values of reg and ticket as this request knows them
}

func (w *world) serve(rw http.ResponseWriter, hr *http.Request) {
	r := hr.Context().Value(requestKey{}).(*request)
	h := &handling{w: w, r: r, s: session.From(hr.Context()), m: w.nodes[r.node], ctx: hr.Context(), seen: map[verb]string{}}
	r.ran = true
	r.lookInv, r.lookEnd = r.inv, w.tick()
	time.Sleep(r.delays[0])
	if !h.look() {
		return // ErrorHandler answers
	}
	time.Sleep(r.delays[1])
	for i, list := range r.phases {
		c := &commitment{}
		for _, do := range list {
			if done, ok := h.do(do); ok {
				c.list = append(c.list, done)
			}
			time.Sleep(r.delays[2] / 4)
		}
		r.commits = append(r.commits, c)
		if i == len(r.phases)-1 && r.mode == implicitly {
			break
		}
		if !h.commit(c) {
			rw.Header().Set("X-Why", string(c.why))
			rw.WriteHeader(c.status)
			return
		}
		time.Sleep(r.delays[3])
	}
	if n := len(r.commits); n > 0 && r.commits[n-1].inv == 0 {
		r.commits[n-1].inv = w.tick()
	}
	rw.WriteHeader(http.StatusOK)
}

// look has the session looked up, and notes what came of it.
func (h *handling) look() bool {
	r := h.r
	if r.safe || r.token == "" {
		r.lookInv, r.arrival = h.w.tick(), time.Now().UnixMilli()
	}
	id, err := h.s.ID(), h.s.Err()
	r.looked, r.failed = true, err != nil
	if r.safe || r.token == "" {
		r.lookEnd = h.w.tick()
	}
	if r.failed {
		return false
	}
	switch {
	case id != "":
		r.standing = isLive
		if id != idOf(r.token) {
			panic("a session that the request has no token of")
		}
	default:
		r.standing = map[why]standing{fine: isUnknown, isEnded: isGone, isOver: isStale}[kindOf(h.s.Reload(h.ctx))]
	}
	r.owner = h.s.Owner()
	if r.looks {
		r.saw = h.values()
	}
	return true
}

func (h *handling) values() *values {
	v := &values{reg: reg.Get(h.s), ticket: ticket.Get(h.s), log: journal.Get(h.s), flag: flag.Get(h.s), count: count.Get(h.s)}
	h.seen[vSet], h.seen[vIssue], h.seen[vFlag] = v.reg, v.ticket, v.flag
	return v
}

// do makes one change, and reports how it was made and whether it was.
func (h *handling) do(c change) (change, bool) {
	s := h.s
	switch c.verb {
	case vSet, vFlag, vIssue, vDelete:
		h.set(&c)
	case vInc:
		count.Update(s, func(n int) int { return n + 1 })
	case vAppend:
		journal.Update(s, func(l string) string { return l + c.arg + "," })
	case vTry:
		_, err := count.TryUpdate(s, func(n int) (int, error) {
			if n >= tryLimit {
				return 0, errEnough
			}
			return n + 1, nil
		})
		return c, err == nil
	case vTake:
		var ok bool
		c.arg, ok = ticket.Take(s)
		h.seen[vIssue] = ""
		return c, ok
	case vClear:
		journal.Get(s) // so that there is a session to be cleared
		s.ClearValues()
	case vLogin:
		if was := s.Owner(); was != "" && was != c.arg {
			clear(h.seen) // the values it knew are gone
		}
		err := h.login(c.arg)
		c.when = time.Now().UnixMilli()
		return c, err == nil
	case vRenew:
		stored := s.ID() != "" || s.Owner() != ""
		s.Renew()
		return c, stored
	case vStepUp:
		c.arg, c.when = s.Owner(), time.Now().UnixMilli()
		return c, s.StepUp(2) == nil
	case vEnd:
		s.End()
		clear(h.seen)
	}
	return c, true
}

var errEnough = errors.New("enough")

func (h *handling) set(c *change) {
	key, name := reg, vSet
	switch c.verb {
	case vIssue:
		key, name = ticket, vIssue
	case vFlag:
		key, name = flag, vFlag
	}
	c.saw, c.known = h.seen[name]
	c.known = c.known && h.s.ID() != "" // before it is stored nobody else can change it
	if c.verb == vDelete {
		key.Delete(h.s)
	} else {
		key.Set(h.s, c.arg)
	}
	if _, ok := h.seen[name]; ok {
		h.seen[name] = c.arg
	}
}

func (h *handling) login(owner string) error {
	if !h.r.epoch {
		return h.s.Login(owner)
	}
	epoch, err := h.m.Epoch(h.ctx, owner)
	if err != nil {
		return err
	}
	h.r.epochAt = h.w.tick()
	time.Sleep(h.r.delays[1])
	return h.s.LoginWith(owner, session.Terms{AtEpoch: epoch})
}

// commit keeps the list by Commit, and reports whether the handler goes on.
func (h *handling) commit(c *commitment) bool {
	c.inv = h.w.tick()
	err := h.s.Commit(h.ctx)
	for range 2 {
		if err == nil || h.r.mode != stubbornly {
			break
		}
		c.failures = append(c.failures, kindOf(err))
		time.Sleep(h.r.delays[3])
		err = h.s.Commit(h.ctx)
	}
	c.why, c.status = kindOf(err), session.StatusCode(err)
	if err != nil {
		if h.r.mode == carelessly {
			c.failures, c.why = append(c.failures, c.why), fine
			return true // the answer's own commit decides: inv stays, resp is the answer's
		}
		c.resp = h.w.tick()
		return false
	}
	c.resp = h.w.tick()
	c.id = h.s.ID()
	if last(c.list, vEnd) < 0 && c.id != "" {
		c.after = h.values()
	}
	return true
}
