package stories

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/sojourn-go/session/proof/linear"
)

// A mind is a session as the sequential model has it.
type mind struct {
	exists, ended bool
	token         int    // the one that opens it
	replaced      [4]int // the last that did, the newest first; older ones are forgotten
	owner         string
	count         int
	journal       string
	coupon        string
}

// like reports whether a session looks as it was seen.
func (m mind) like(seen mind) bool {
	seen.exists, seen.ended, seen.token, seen.replaced = m.exists, m.ended, m.token, m.replaced
	return m == seen
}

func (m mind) opens(token int) bool { return m.exists && !m.ended && m.token == token }

// knows reports whether the session can tell who comes with the token that it is
// over. For others it is as if there had never been one.
func (m mind) knows(token int) bool { return m.token == token || slices.Contains(m.replaced[:], token) }

// rekey gives the session another token.
func (m mind) rekey(token int) mind {
	copy(m.replaced[1:], m.replaced[:])
	m.replaced[0], m.token = m.token, token
	return m
}

// after is the session when a deed has been done to it; token is the new one,
// if it makes one.
func (m mind) after(d *deed, token int) mind {
	switch d.kind {
	case "add":
		m.count++
	case "write":
		m.journal += d.arg + ","
	case "issue":
		m.coupon = d.arg
	case "take":
		m.coupon = ""
	case "renew":
		m = m.rekey(token)
	case "login":
		if m.owner != "" && m.owner != d.arg {
			m.count, m.journal, m.coupon = 0, "", ""
		}
		m.owner = d.arg
		m = m.rekey(token)
	case "logout":
		m.ended = true
	}
	return m
}

// A mapping takes a history apart into the operations on each session.
type mapping struct {
	ops    map[string][]linear.Op[mind]
	tokens map[string]int
	faults []string
	open   bool
}

func (p *past) take() *mapping {
	m := &mapping{ops: map[string][]linear.Op[mind]{}, tokens: map[string]int{}}
	for _, d := range p.requests {
		if d.ran {
			m.look(d, p.cached)
		}
		m.outcome(d)
	}
	return m
}

func (m *mapping) fault(d *deed, text string) { m.faults = append(m.faults, text+": "+d.String()) }

// number numbers the tokens.
func (m *mapping) number(token string) int {
	if m.tokens[token] == 0 {
		m.tokens[token] = len(m.tokens) + 1
	}
	return m.tokens[token]
}

func (m *mapping) add(id string, op linear.Op[mind]) { m.ops[id] = append(m.ops[id], op) }

// saw is the observation that a session was so, at some instant.
func (m *mapping) saw(d *deed, name string, from, to int64, is func(mind) bool) {
	m.add(idOf(d.token), linear.Op[mind]{Name: fmt.Sprintf("%s by %v", name, d), Inv: from, Resp: to, Pure: true, Step: func(s mind) []mind {
		if !is(s) {
			return nil
		}
		return []mind{s}
	}})
}

// look is what the look-up of the token says. Where reads are cached, a page
// that shows a session may show it as it was at any time in the history, which
// takes less than the bound.
func (m *mapping) look(d *deed, cached bool) {
	if d.token == "" {
		if d.opened {
			m.fault(d, "a session without a token")
		}
		return
	}
	from := d.sent
	if cached && d.kind == "read" && d.opened {
		from = 0
	}
	token := m.number(d.token)
	m.saw(d, "look", from, d.looked, func(s mind) bool {
		if !d.opened {
			return s.exists && !s.opens(token)
		}
		return s.opens(token) && s.like(d.saw)
	})
	if !d.opened && d.saw != (mind{}) {
		m.fault(d, "values of no session")
	}
}

// outcome is what the answer says.
func (m *mapping) outcome(d *deed) {
	if d.status != http.StatusOK && d.cookie != nil {
		m.fault(d, "a failure with a cookie")
	}
	switch d.status {
	case http.StatusOK:
		m.kept(d)
	case http.StatusConflict:
		m.refused(d)
	case http.StatusServiceUnavailable:
		m.perhaps(d)
	default:
		m.fault(d, "a strange answer")
	}
}

// changes reports whether a deed is one to a session that it found.
func (d *deed) changes() bool {
	return d.kind != "read" && d.kind != "look" && (d.kind != "take" || d.handed != "")
}

func (m *mapping) kept(d *deed) {
	switch {
	case !d.changes() || d.kind == "renew" && !d.opened:
		if d.cookie != nil {
			m.fault(d, "a cookie for nothing")
		}
	case d.kind == "logout":
		m.ended(d)
	case d.got() != "" && idOf(d.got()) != idOf(d.token):
		m.began(d)
	case !d.opened:
		m.fault(d, "success upon a session that was over, or without one")
	default:
		if rekeys := d.kind == "renew" || d.kind == "login"; rekeys != (d.got() != "") {
			m.fault(d, "a token that does not change with who may write")
		}
		m.step(d, d.answered, false)
	}
}

// step is the deed done to the session of its token.
func (m *mapping) step(d *deed, by int64, optional bool) {
	token, next := m.number(d.token), 0
	if d.got() != "" {
		next = m.number(d.got())
	}
	m.add(idOf(d.token), linear.Op[mind]{Name: fmt.Sprint("commit of ", d), Inv: d.looked, Resp: by, Optional: optional, Step: func(s mind) []mind {
		if !s.opens(token) || d.kind == "take" && s.coupon != d.handed {
			return nil
		}
		return []mind{s.after(d, next)}
	}})
}

// ended is a logout that was answered 200.
func (m *mapping) ended(d *deed) {
	switch {
	case d.token == "":
		return
	case d.cookie == nil: // somebody else had ended it, and dealt with the cookie
		token := m.number(d.token)
		m.saw(d, "logout", d.sent, d.answered, func(s mind) bool { return s.ended || !d.opened && !s.knows(token) })
		return
	case !d.opened || d.cookie.MaxAge >= 0:
		m.fault(d, "a logout that changes the cookie")
	}
	token := m.number(d.token)
	m.add(idOf(d.token), linear.Op[mind]{Name: fmt.Sprint("commit of ", d), Inv: d.looked, Resp: d.answered, Step: func(s mind) []mind {
		if !s.opens(token) && !s.ended {
			return nil
		}
		s.ended = true
		return []mind{s}
	}})
}

// began is a deed that was done to a new session: there was none, or none that
// knew the token; or it was over by then, and the deed is a login.
func (m *mapping) began(d *deed) {
	if d.token != "" {
		token := m.number(d.token)
		m.saw(d, "being over", d.sent, d.answered, func(s mind) bool {
			return s.exists && !s.opens(token) && (d.kind == "login" || !s.knows(token))
		})
	}
	if d.kind == "take" || d.kind == "renew" {
		m.fault(d, "a session for nothing")
	}
	token := m.number(d.got())
	m.add(idOf(d.got()), linear.Op[mind]{Name: fmt.Sprint("beginning by ", d), Inv: d.sent, Resp: d.answered, Step: func(s mind) []mind {
		if s.exists {
			return nil
		}
		next := mind{exists: true}.after(d, token)
		next.token, next.replaced = token, [4]int{} // the first
		return []mind{next}
	}})
}

// refused is an answer 409.
func (m *mapping) refused(d *deed) {
	token := m.number(d.token)
	is := map[string]func(mind) bool{
		"ended":      func(s mind) bool { return s.ended },
		"superseded": func(s mind) bool { return s.knows(token) && !s.ended && s.token != token },
		"taken":      func(s mind) bool { return s.opens(token) && d.handed != "" && s.coupon != d.handed },
	}[d.why]
	if is == nil || d.token == "" {
		m.fault(d, "a refusal without a reason")
		return
	}
	m.saw(d, "refusal", d.sent, d.answered, is)
}

// perhaps is an answer 503.
func (m *mapping) perhaps(d *deed) {
	switch {
	case !d.ran || !d.changes() || !d.opened:
		// Nothing was done, or to a session of which nobody has the token.
	case d.kind == "renew" || d.kind == "login":
		m.open = true // it may have been kept, and then been taken back
	default:
		m.step(d, linear.Never, true)
	}
}
