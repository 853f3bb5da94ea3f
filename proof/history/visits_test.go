package history

import (
	"fmt"
)

// A visit is a request on its way through its commits.
type visit struct {
	*parts
	*request
	doer
	name string
	id   string // of the session it has, "" for none
	tok  token
	over standing // what else it had, if that was over

	// since is when the newest record that it knows can have been loaded at the
	// earliest. A refusal may be upon that, without another look.
	since int64
}

func (p *parts) request(r *request) {
	v := &visit{parts: p, request: r, name: fmt.Sprintf("request %d", r.inv), doer: doer{rules: p.rules, arrival: r.arrival}}
	if r.aborted {
		p.fault(r, "the answer was cut off")
	}
	if !r.looked || r.failed {
		if r.status < 500 {
			p.fault(r, "answered although the session could not be loaded")
		}
		return
	}
	v.look()
	v.bind()
	v.since = r.lookInv
	for _, c := range r.commits {
		v.commit(c)
		if telling(c.list) {
			v.since = c.inv
		}
	}
}

// look is what the session's look-up says.
func (v *visit) look() {
	id, tok := idOf(v.token), v.number(v.token)
	if v.standing == isLive {
		v.id, v.tok = id, tok
	} else if v.owner != "" || v.saw != nil && *v.saw != (values{}) {
		v.fault(v.request, "values of a session that is not there")
	}
	if v.standing != isUnknown {
		v.over = v.standing
	}
	if id == "" {
		if v.standing != isUnknown {
			v.fault(v.request, "a session without a token")
		}
		return
	}
	latest, r, d := v.latest(id, v.lookEnd), v.request, v.doer
	v.add(id, op{Name: "look-up in " + v.name, Inv: v.lookInv, Resp: v.lookEnd, Pure: true, Step: func(s state) []state {
		if !d.stands(&s.now, tok, r.standing, latest) {
			return nil
		}
		if r.standing == isLive && (r.owner != s.now.owner || r.saw != nil && *r.saw != s.now.v) {
			return nil
		}
		return []state{s}
	}})
}

// bind says of each commit how it ended, and which token it minted: that in
// the answer is the last one's, the others nobody ever saw.
func (v *visit) bind() {
	var minting *commitment
	removed := false
	has := ""
	if v.standing == isLive {
		has = idOf(v.token)
	}
	for _, c := range v.commits {
		c.minted = v.mint()
		if c.resp == 0 {
			v.conclude(c, has)
		}
		if c.why == fine && len(c.list) > 0 {
			switch {
			case c.id == "":
				removed = true // unless somebody else had ended it: then the token stays
			case hasRekey(c.list) || c.id != has:
				minting, removed = c, false
			}
			has = c.id
		}
	}
	switch value := v.cookieValue(); {
	case v.cookie == nil && minting != nil && !removed:
		v.fault(v.request, "a new token without a cookie")
	case value != "" && minting == nil:
		v.fault(v.request, "a cookie that no commit of the request accounts for")
	case minting != nil && value != "":
		minting.minted = v.number(value)
	}
}

// conclude is for the commit of the answer, which says how it ended.
func (v *visit) conclude(c *commitment, has string) {
	c.resp, c.why, c.id = v.resp, v.why, idOf(v.cookieValue())
	c.final = true
	if v.status == 200 {
		c.why = fine
	}
	if c.id == "" && last(c.list, vEnd) < 0 {
		c.id = has
	}
}

// commit is what one commit says.
func (v *visit) commit(c *commitment) {
	if len(c.list) == 0 {
		if c.why != fine {
			v.fault(v.request, "a commit of nothing failed")
		}
		return
	}
	v.doer.minted, v.doer.span = c.minted, [2]int64{v.ms(c.inv), v.ms(c.resp)}
	switch end := last(c.list, vEnd); {
	case v.id != "" && end >= 0:
		v.endAndGoOn(c, end)
	case v.id != "":
		v.change(c)
	case v.over == isGone || v.over == isStale:
		v.afterwards(c, v.over)
	default:
		v.begin(c, c.list[end+1:])
	}
}

// begin is a session that begins with a list, if it holds anything.
func (v *visit) begin(c *commitment, list []change) {
	d := v.doer
	s := d.create(list)
	if empty := s.owner == "" && s.v == (values{}); c.why != fine || empty {
		if c.why == fine && c.id != "" {
			v.fault(v.request, "a session for nothing")
		}
		v.loggedIn(c, "", 0, list) // it may have made room for itself
		return                     // nobody holds the token of what may have been created
	}
	id := c.id
	if id == "" {
		v.fault(v.request, "a session was to begin, and did not")
		return
	}
	i := v.add(id, op{Name: "begin in " + v.name, Inv: c.inv, Resp: c.resp, Step: func(was state) []state {
		if was.now.exists || c.after != nil && *c.after != s.v {
			return nil
		}
		return []state{{now: s}}
	}})
	v.id, v.tok, v.over = id, c.minted, ""
	v.loggedIn(c, id, i, list)
}

func (v *visit) loggedIn(c *commitment, id string, op int, list []change) {
	for _, x := range list {
		if x.verb == vLogin || x.verb == vStepUp {
			v.logins = append(v.logins, signIn{
				id: id, owner: x.arg, kept: c.why == fine, inv: c.inv, resp: c.resp, epochAt: v.epochAt, op: op,
			})
		}
	}
}

// afterwards is a commit to a session that was over when the request looked.
func (v *visit) afterwards(c *commitment, st standing) {
	end := last(c.list, vEnd)
	tail := c.list[end+1:]
	switch i := last(tail, vLogin); {
	case end >= 0 && st == isGone && !checked(c.list[:end]):
		v.over = ""
		v.begin(c, tail)
	case i >= 0:
		v.over = ""
		v.begin(c, tail[i:])
	case c.why == fine && !(v.safe && c.final):
		v.fault(v.request, "changes to a session that was over were answered with success")
	case c.why == isEnded && st != isGone, c.why == isOver && st != isStale:
		v.fault(v.request, "the answer does not say what the session was")
	}
}

func checked(list []change) bool { return last(list, vTake) >= 0 || last(list, vTry) >= 0 }
