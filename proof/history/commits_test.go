package history

import (
	"slices"

	"github.com/sojourn-go/session/proof/linear"
)

// What commits to a session that was live when the request looked say of it.

// mine reports whether the session is live under the request's token.
func (s *record) mine(t token) bool { return s.exists && !s.ended && s.current == t }

// change is a list without an End.
func (v *visit) change(c *commitment) {
	id, tok, d := v.id, v.tok, v.doer
	v.failures(c)
	o := op{Name: "commit in " + v.name, Inv: c.inv, Resp: c.resp}
	switch {
	case c.why == fine && c.id != "" && c.id != id:
		o.Pure, o.Step = true, only(func(s *record) bool { return !s.mine(tok) })
		v.add(id, o)
		v.begin(c, c.list[max(0, last(c.list, vLogin)):])
		return
	case c.why == fine:
		if !telling(c.list) {
			o.Inv = v.since
		}
		o.Step = func(s state) []state {
			next, ok := d.take(s, tok, c.list)
			if !ok || c.after != nil && *c.after != next.now.v {
				return nil
			}
			return []state{next}
		}
		if hasRekey(c.list) {
			v.tok = c.minted
		}
	case v.refusal(&o, c, c.list):
	case c.why == badEpoch, c.why == unavailable, c.why == unknown:
		v.perhaps(c)
		return
	default:
		v.fault(v.request, "an error that should not be: %s", c.why)
		return
	}
	v.loggedIn(c, id, v.add(id, o), c.list)
}

// telling reports whether a list changes something wherever it is applied. One
// that does not may have found nothing to change in the session as it was
// loaded, and is then a reading request: no later state refuses it.
func telling(list []change) bool {
	return slices.ContainsFunc(list, func(c change) bool {
		return c.verb != vDelete && c.verb != vClear && c.verb != vFlag
	})
}

// refusal makes o the observation that a commit was refused, if it was; for a
// list with an End, by what comes before that. The request, or its process, may
// have known the reason since it last looked.
func (v *visit) refusal(o *op, c *commitment, list []change) bool {
	tok, d := v.tok, v.doer
	switch c.why {
	case isEnded:
		o.Step = only(func(s *record) bool { return s.ended })
	case isOver:
		o.Step = only(func(s *record) bool { return !s.ended && s.current != tok })
	case isTaken, isRefused, overwritten:
		o.Step = only(func(s *record) bool {
			_, why := d.apply(*s, list)
			return s.mine(tok) && why == c.why
		})
	default:
		return false
	}
	o.Pure, o.Inv = true, v.since
	return true
}

func only(is func(*record) bool) func(state) []state {
	return func(s state) []state {
		if !is(&s.now) {
			return nil
		}
		return []state{s}
	}
}

// take is the list applied to the session under its token.
func (d *doer) take(s state, tok token, list []change) (state, bool) {
	next, why := d.apply(s.now, list)
	if !s.now.mine(tok) || why != fine {
		return s, false
	}
	s.now = next
	return s, true
}

// endAndGoOn is a list with an End, and with what is for the session after it.
func (v *visit) endAndGoOn(c *commitment, end int) {
	id, tok, d := v.id, v.tok, v.doer
	before, tail := c.list[:end], c.list[end+1:]
	o := op{Name: "end in " + v.name, Inv: c.inv, Resp: c.resp}
	ends := func(s state) []state {
		next, why := d.apply(s.now, before)
		switch {
		case s.now.mine(tok) && why == fine:
			s.now.seen, s.now.ended = next.seen, true
			return []state{s}
		case s.now.ended && !checked(before):
			return []state{s}
		case !s.now.mine(tok) && last(tail, vLogin) >= 0:
			return []state{s}
		}
		return nil
	}
	removed := v.cookie != nil && v.cookie.MaxAge < 0
	if slices.Contains(c.failures, unavailable) {
		// An earlier try may have ended it, and this one then found it ended.
		v.add(id, op{Name: "end, perhaps, in " + v.name, Inv: c.inv, Resp: linear.Never, Optional: true, Step: ends})
	}
	switch {
	case c.why == fine, removed:
		o.Step = ends
	case v.refusal(&o, c, before):
	case c.why == unavailable, c.why == unknown, c.why == badEpoch:
		o.Optional, o.Resp, o.Step = true, linear.Never, ends
	default:
		v.fault(v.request, "an error that should not be: %s", c.why)
		return
	}
	v.add(id, o)
	if c.why == fine {
		v.id, v.tok, v.over = "", 0, ""
		v.begin(c, tail)
	}
}
