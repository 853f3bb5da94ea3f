package session

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sojourn-go/session/internal/record"
)

// A Level is how surely a session's owner was recognised. NIST SP 800-63B's
// authentication assurance levels are 1, 2 and 3; 0 is none.
type Level uint8

// Terms are what a login agrees on. Each zero field means the Manager's own.
type Terms struct {
	_ [0]func()

	Idle     time.Duration // as Options.Idle, for this session
	Lifetime time.Duration // as Options.Lifetime, for this session
	Level    Level         // how surely the owner was recognised

	// Remember makes the cookie persistent, for the lifetime (at most 400
	// days: RFC 6265bis). Idle then no longer ends the session.
	Remember bool

	// AtEpoch, if not zero, is what Manager.Epoch said when the password was
	// checked. If all sessions of the owner are ended between that and the
	// commit, the login fails with ErrEpoch: who knew the old password does
	// not stay in.
	AtEpoch uint64
}

// settled returns the terms with the manager's times in place of zeros. An
// Idle that was not asked for gives way to a shorter Lifetime.
func (t Terms) settled(o *Options) (Terms, error) {
	asked := t.Idle != 0
	t.Lifetime = orDefault(t.Lifetime, o.Lifetime)
	t.Idle = orDefault(t.Idle, o.Idle)
	if !asked && t.Lifetime > 0 && t.Idle > t.Lifetime {
		t.Idle = t.Lifetime
	}
	return t, errors.Join(checkTimes(t.Idle, t.Lifetime), o.checkCeilings("Terms.", t))
}

// defaults returns what Idle and Lifetime are for the level if nobody says.
func (l Level) defaults() (idle, lifetime time.Duration) {
	c := ceilings[l]
	return min(defaultIdle, cmp.Or(c.idle, defaultIdle)), min(defaultLifetime, cmp.Or(c.lifetime, defaultLifetime))
}

const rowOfLevels = "S07" // of Audit

// checkCeilings says which of the times are longer than Options.Level allows,
// unless there is a reason. Remember counts as an Idle without an end: that is
// what it makes of it. That its cookie outlives the browser (SP 800-63B-4, 5.1)
// needs no reason of its own: Remember is the application's word for it.
func (o *Options) checkCeilings(prefix string, t Terms) error {
	if o.Deviations[rowOfLevels] != "" {
		return nil
	}
	var faults []error
	fault := func(what string, most time.Duration) {
		faults = append(faults, fmt.Errorf("session: %s, and level %d has %v at the most (NIST SP 800-63B-4, 2.%[2]d.3): shorten it, or give the reason in Deviations[%[4]q]",
			what, o.Level, most, rowOfLevels))
	}
	c := ceilings[o.Level] // zero: none
	switch {
	case exceeds(t.Idle, c.idle):
		fault(prefix+"Idle is "+span(t.Idle), c.idle)
	case t.Remember && c.idle != 0:
		fault(prefix+"Remember leaves Idle without effect", c.idle)
	}
	if exceeds(t.Lifetime, c.lifetime) {
		fault(prefix+"Lifetime is "+span(t.Lifetime), c.lifetime)
	}
	return errors.Join(faults...)
}

// ceiling returns the times that Options.Level allows at the most, unless there is
// a reason; zero is any.
func (o *Options) ceiling() Terms {
	if o.Deviations[rowOfLevels] != "" {
		return Terms{}
	}
	c := ceilings[o.Level]
	return Terms{Idle: c.idle, Lifetime: c.lifetime}
}

// keepTo has a session that was agreed upon otherwise keep to the ceilings.
func keepTo(h *record.Header, most Terms) {
	if idle := most.Idle.Milliseconds(); idle != 0 {
		h.Persistent = false
		if h.Idle == 0 || h.Idle > idle {
			h.Idle = idle
		}
	}
	if lifetime := most.Lifetime.Milliseconds(); lifetime != 0 && (h.Lifetime == 0 || h.Lifetime > lifetime) {
		h.Lifetime = lifetime
	}
}

func exceeds(d, most time.Duration) bool { return most != 0 && (d == Never || d > most) }

// checkLevel checks Level and what is said in its name.
func (o *Options) checkLevel() error {
	var faults []error
	if o.Level > 3 {
		faults = append(faults, fmt.Errorf("session: Level is %d: NIST SP 800-63B-4 has 1, 2 and 3, and 0 is none", o.Level))
	}
	for _, row := range slices.Sorted(maps.Keys(o.Deviations)) {
		if !slices.ContainsFunc(auditRows[:], func(r auditRow) bool { return r.row == row }) {
			faults = append(faults, fmt.Errorf("session: Deviations[%q]: the rows of Audit are S01 to S%d", row, len(auditRows)))
		}
		if strings.TrimSpace(o.Deviations[row]) == "" {
			faults = append(faults, fmt.Errorf("session: Deviations[%q] is blank: it is to say why", row))
		}
	}
	return errors.Join(append(faults, o.checkCeilings("", Terms{Idle: o.Idle, Lifetime: o.Lifetime}))...)
}
