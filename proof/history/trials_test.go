package history

import (
	"time"

	"github.com/sojourn-go/session/proof/linear"
)

// What commits say of a session whose outcome the request did not learn, or which
// failed after they had been saved.

// failures are commits that failed before the one that counts. Of values
// nothing is left by them that is not the last one's; a new token they may have
// given and taken back.
func (v *visit) failures(c *commitment) {
	if !hasRekey(c.list) {
		return
	}
	var before []int
	for range c.failures {
		before = []int{v.trial(c, linear.Never, before)} // they are alike: so in this order
	}
}

// perhaps is a commit of which the request does not know whether it was kept.
func (v *visit) perhaps(c *commitment) {
	if hasRekey(c.list) {
		v.trial(c, c.resp, nil)
		return
	}
	tok, d := v.tok, v.doer
	v.add(v.id, op{Name: "commit, perhaps, in " + v.name, Inv: c.inv, Resp: linear.Never, Optional: true, Step: func(s state) []state {
		if next, ok := d.take(s, tok, c.list); ok {
			return []state{next}
		}
		return nil
	}})
}

// trial is a login or renewal that failed: it may have been saved, and then it
// was taken back, or the session ended. Where nothing ails the store, that is
// over with the answer.
func (v *visit) trial(c *commitment, resp int64, after []int) int {
	tok, d := v.tok, v.doer
	d.minted = v.mint()
	v.trials++
	n := v.trials
	on := v.add(v.id, op{Name: "commit, on trial, in " + v.name, Inv: c.inv, Resp: linear.Never, Optional: true, After: after, Step: func(s state) []state {
		next, ok := d.take(s, tok, c.list)
		if !ok || s.undone != 0 {
			return nil
		}
		next.undone, next.before = n, s.now
		return []state{next}
	}})
	v.takeBack(c.inv, resp, n, on)
	if c.why != fine {
		v.loggedIn(c, v.id, on, c.list)
	}
	return on
}

// takeBack is the undoing of the trial n, which is the operation on.
func (v *visit) takeBack(inv, resp int64, n, on int) {
	mayEnd := !v.script.steady() || v.limit < 1000 || v.endsAll()
	v.add(v.id, op{Name: "undo in " + v.name, Inv: inv, Resp: linear.Never, Optional: true, After: []int{on}, Step: func(s state) []state {
		if s.undone != n {
			return nil
		}
		gone, back := s.now, s.before
		gone.ended = true
		back.replaced = s.now.replaced
		switch {
		case s.now.ended:
			return []state{{now: gone}}
		case mayEnd || s.before.owner != "" && s.before.owner != s.now.owner:
			return []state{{now: back, undid: true}, {now: gone}}
		}
		return []state{{now: back, undid: true}}
	}})
	if mayEnd && !v.shaky[v.id] {
		v.shaky[v.id] = true
		v.afterUndo()
	}
	if v.script.steady() && resp != linear.Never {
		v.add(v.id, op{Name: "all undone in " + v.name, Inv: resp, Resp: resp, Pure: true, Step: func(s state) []state {
			if s.undone == n {
				return nil
			}
			return []state{s}
		}})
	}
}

// afterUndo: when the answer to an undo is lost, or all of the owner's sessions
// were ended meanwhile, the session is ended to be on the safe side. By then
// somebody else may have gone on with it.
func (v *visit) afterUndo() {
	v.add(v.id, op{Name: "end after an undo", Resp: linear.Never, Optional: true, Step: func(s state) []state {
		if !s.undid {
			return nil
		}
		s.now.ended = true
		return []state{s}
	}})
}

// steady: the store does what it is asked, and in time.
func (s *script) steady() bool { return s.weather.calm() && s.timeout > time.Second }

func (w *world) endsAll() bool {
	for _, a := range w.acts {
		if a.kind == "EndAll" {
			return true
		}
	}
	return false
}
