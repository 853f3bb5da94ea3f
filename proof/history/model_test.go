package history

import (
	"slices"
	"time"
)

// The sequential model: one session, as DESIGN.md says that it behaves when
// nothing overlaps.

// A verb is what a request does to its session.
type verb uint8

const (
	vSet verb = iota
	vDelete
	vInc    // Update: count+1
	vAppend // Update: append to the log, which tells what counted, and how often
	vTry    // TryUpdate: count+1, refused from tryLimit on
	vFlag   // Set: on or off, which it often was
	vIssue  // Set of the one-time value
	vTake
	vClear
	vLogin
	vRenew
	vStepUp
	vEnd
)

const tryLimit = 4

var verbNames = [...]string{"set", "delete", "inc", "append", "try", "flag", "issue", "take", "clear", "login", "renew", "stepup", "end"}

// A change is a verb as it was done.
type change struct {
	verb  verb
	arg   string
	when  int64  // Login, StepUp: Unix ms
	saw   string // Set, Issue, Delete: the value the request had seen, if
	known bool   // it had looked
}

func (c change) String() string { return verbNames[c.verb] + "(" + c.arg + ")" }

func (c change) rekeys() bool { return c.verb == vLogin || c.verb == vRenew || c.verb == vStepUp }

func last(list []change, v verb) int {
	for i := range slices.Backward(list) {
		if list[i].verb == v {
			return i
		}
	}
	return -1
}

func hasRekey(list []change) bool { return slices.ContainsFunc(list, change.rekeys) }

// values are what a session holds; a value that is not there is zero.
type values struct {
	reg, ticket, log, flag string
	count                  int
}

// A token is one that was minted, by its number; 0 is none.
type token int

// A record is the model's state of one id.
type record struct {
	exists, ended bool
	owner         string
	current       token
	replaced      [4]token // the last ones, the newest first
	v             values
	seen          int64    // Unix ms; it was used then, or later
	end           [2]int64 // Unix ms; its lifetime ends between the two
}

// A state is a session, and what it goes back to if the login under way fails
// at the owner's record (DESIGN.md section 5, The owner record).
type state struct {
	now    record
	undone int // number of the operation that may be undone; 0: none
	before record
	undid  bool // a login or renewal has been taken back
}

// Why a list was not applied.
type why string

const (
	fine        why = ""
	isEnded     why = "ended"
	isOver      why = "superseded"
	isTaken     why = "taken"
	isRefused   why = "refused"
	overwritten why = "overwritten"
	badEpoch    why = "epoch"
	unavailable why = "unavailable"
	unknown     why = "unknown"
	notFound    why = "notfound"
	late        why = "late"
	other       why = "other"
)

// rules are the options that the model depends on.
type rules struct {
	idle, lifetime time.Duration
	strict         bool
}

// A doer is who applies a list, as far as the model cares.
type doer struct {
	rules
	arrival int64
	span    [2]int64 // Unix ms; the commit was between the two
	minted  token    // what a Login, Renew or StepUp in the list gives out
}

// apply returns the session with the list applied to it, or why it cannot be.
// The list holds no End.
func (d *doer) apply(s record, list []change) (record, why) {
	was := s
	for _, c := range list {
		if d.strict && c.known && s.v.named(c.verb) != c.saw {
			return was, overwritten
		}
		if why := s.v.apply(c); why != fine {
			return was, why
		}
		if c.verb == vLogin {
			if s.owner != "" && s.owner != c.arg {
				s.v = values{}
			}
			s.owner = c.arg
		}
		if c.verb == vLogin || c.verb == vStepUp {
			end := c.when + d.lifetime.Milliseconds()
			s.end = [2]int64{end, end}
		}
	}
	if hasRekey(list) {
		copy(s.replaced[1:], s.replaced[:3])
		s.replaced[0], s.current = s.current, d.minted
	}
	if s != was { // what changes nothing is not written
		s.seen = max(s.seen, d.span[0])
	}
	return s, fine
}

// apply makes one change, or says why it cannot be made.
func (v *values) apply(c change) why {
	switch c.verb {
	case vSet, vDelete:
		v.reg = c.arg
	case vInc:
		v.count++
	case vAppend:
		v.log += c.arg + ","
	case vTry:
		if v.count >= tryLimit {
			return isRefused
		}
		v.count++
	case vFlag:
		v.flag = c.arg
	case vIssue:
		v.ticket = c.arg
	case vTake:
		if v.ticket != c.arg {
			return isTaken
		}
		v.ticket = ""
	case vClear:
		*v = values{}
	}
	return fine
}

func (v *values) named(b verb) string {
	switch b {
	case vIssue:
		return v.ticket
	case vFlag:
		return v.flag
	}
	return v.reg
}

// create returns the session that a list begins.
func (d *doer) create(list []change) record {
	anew := *d
	anew.strict = false // nothing is overwritten in what was not there
	s, _ := anew.apply(record{}, list)
	s.exists, s.current, s.replaced = true, d.minted, [4]token{}
	s.seen = d.span[0]
	if last(list, vLogin) < 0 {
		s.end = [2]int64{d.span[0] + d.lifetime.Milliseconds(), d.span[1] + d.lifetime.Milliseconds()}
	}
	return s
}

// A standing is what a token is to a session.
type standing string

const (
	isLive    standing = "live"
	isGone    standing = "ended"
	isStale   standing = "superseded"
	isUnknown standing = "unknown"
)

// stands reports whether a look-up at s of the token t, by a request that asked
// at the given instant, may come to what it came to. latest is the last
// use that anybody can have noted.
func (d *doer) stands(s *record, t token, st standing, latest int64) bool {
	right, was := s.current == t, slices.Contains(s.replaced[:], t)
	mayBeOver := d.arrival >= s.end[0] || d.arrival >= s.seen+d.idle.Milliseconds()
	mustBeOver := d.arrival >= s.end[1] || d.arrival >= latest+d.idle.Milliseconds()
	known := s.exists && (right || was)
	switch st {
	case isLive:
		return s.exists && !s.ended && right && !mustBeOver
	case isGone:
		return known && s.ended
	case isStale:
		return known && !s.ended && !right && !mustBeOver
	}
	return !known || !s.ended && mayBeOver
}
