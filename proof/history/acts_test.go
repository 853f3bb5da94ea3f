package history

import (
	"fmt"
	"slices"

	"github.com/sojourn-go/session/proof/linear"
)

// What the operator's acts, and evictions, say of each session.

func (p *parts) act(a *act) {
	switch a.kind {
	case "EndAll":
		p.endAll(a)
	case "List":
		for _, id := range a.ids {
			if !slices.Contains(p.ids, id) {
				continue // of a login that failed afterwards
			}
			p.add(id, op{Name: a.String(), Inv: a.inv, Resp: a.resp, Pure: true, Step: only(func(s *record) bool {
				return s.exists && !s.ended && s.owner == a.owner
			})})
		}
	default:
		p.endOne(a)
	}
}

func (p *parts) endOne(a *act) {
	if a.id == "" {
		if a.why != notFound {
			p.faults = append(p.faults, "the end of no session: "+a.String())
		}
		return
	}
	theirs := func(s *record) bool { return s.exists && (a.kind == "EndID" || s.owner == a.owner) }
	o := op{Name: a.String(), Inv: a.inv, Resp: a.resp}
	o.Step = func(s state) []state {
		if !theirs(&s.now) {
			return nil
		}
		s.now.ended = true
		return []state{s}
	}
	switch a.why {
	case fine:
	case notFound:
		o.Pure, o.Step = true, only(func(s *record) bool { return !theirs(s) })
	default:
		o.Optional, o.Resp = true, linear.Never
	}
	p.add(a.id, o)
}

// endOwned ends a session if it is owner's, or would be again.
func endOwned(s state, owner string) state {
	if s.now.exists && s.now.owner == owner {
		s.now.ended = true
	}
	if s.undone != 0 && s.before.owner == owner {
		s.before.ended = true
	}
	return s
}

// endAll ends every session whose login had been answered, and may end those
// whose login was under way. A login that was held to the epoch of before is
// not under way in that sense: either it failed, or its session ends.
func (p *parts) endAll(a *act) {
	must, may := map[string][]int{}, map[string]bool{}
	for _, l := range p.logins {
		switch {
		case l.id == "" || l.owner != a.owner || l.inv > a.resp:
		case p.limit < 1000 && p.changesHands(l.id):
			may[l.id] = true // it may have been struck off the list while it was another's
		case l.kept && (l.resp < a.inv || l.epochAt != 0 && l.epochAt < a.inv):
			must[l.id] = append(must[l.id], l.op)
		default:
			may[l.id] = true
		}
	}
	for id, logins := range must {
		o := op{Name: a.String(), Inv: a.inv, Resp: a.resp, After: logins, Step: func(s state) []state {
			if s.now.end[0] <= a.arrival || s.now.seen+p.rules.idle.Milliseconds() <= a.arrival {
				return []state{s, endOwned(s, a.owner)} // over by itself: it may have been struck off the owner's list
			}
			return []state{endOwned(s, a.owner)}
		}}
		if a.why != fine {
			o.Optional, o.Resp = true, linear.Never
		}
		p.add(id, o)
	}
	for id := range may {
		if must[id] == nil {
			p.mayEnd(id, a.owner, a.String(), a.inv, a.resp, a.why == fine)
		}
	}
}

func (p *parts) changesHands(id string) bool {
	owner := ""
	for _, l := range p.logins {
		if l.id == id && owner != "" && owner != l.owner {
			return true
		}
		if l.id == id {
			owner = l.owner
		}
	}
	return false
}

// mayEnd is an operation that may have ended a session; in time, if it is done
// by resp.
func (p *parts) mayEnd(id, owner, name string, inv, resp int64, inTime bool) {
	o := op{Name: name + ", perhaps", Inv: inv, Resp: resp, Step: func(s state) []state {
		if next := endOwned(s, owner); next != s {
			return []state{s, next}
		}
		return []state{s}
	}}
	if !inTime {
		o.Optional, o.Resp = true, linear.Never
	}
	p.add(id, o)
}

// evictions: a login may end other sessions of the owner's to keep to the
// limit.
func (p *parts) evictions() {
	if p.limit >= 1000 {
		return
	}
	for _, l := range p.logins {
		others := map[string]bool{}
		for _, o := range p.logins {
			if o.id != "" && o.id != l.id && o.owner == l.owner && o.inv < l.resp {
				others[o.id] = true
			}
		}
		for id := range others {
			p.mayEnd(id, l.owner, fmt.Sprintf("eviction by the login of %d", l.inv), l.inv, l.resp, l.kept)
		}
	}
}
