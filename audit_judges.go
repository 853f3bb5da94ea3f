package session

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/sojourn-go/session/store"
)

func randomness(m *Manager) judgement {
	switch {
	case m.stored() != nil:
		return judgement{verdict: Kept, value: "256 bits from crypto/rand stay inside of what is sealed"}
	case m.opts.Rotate != 0:
		return judgement{verdict: Kept, value: "240 bits of secret and 144 of id, from crypto/rand; a rotation replaces 144 of the secret"}
	}
	return judgement{verdict: Kept, value: "240 bits of secret and 144 of id, from crypto/rand"}
}

func replacement(m *Manager) judgement {
	if m.stored() == nil {
		value := "at Login, StepUp and Renew; the old token opens nothing from then on"
		if m.cached != nil {
			value = "at Login, StepUp and Renew; the old token changes nothing from then on, " +
				"and pages may be read by it as of a moment before, within the bound of the store's cache"
		}
		return judgement{verdict: Kept, value: value}
	}
	return byEpoch("no Epoch: the cookie of before goes on opening what was in it")(m)
}

// byEpoch judges what can be done to sealed sessions by the epoch of their
// owner, and only so.
func byEpoch(without string) func(*Manager) judgement {
	return func(m *Manager) judgement {
		if m.opts.Epoch == nil {
			return judgement{verdict: Deviates, value: without}
		}
		return judgement{verdict: Application, value: "change what Options.Epoch returns for the owner: it ends all of the owner's sessions of before"}
	}
}

func inactivity(m *Manager) judgement {
	o := &m.opts
	value := "Idle " + span(o.Idle)
	if o.Idle != Never && o.checkCeilings("", Terms{Remember: true}) == nil {
		value += "; after a login with Terms.Remember it ends the login's being recent, and not the session"
	}
	return judgement{verdict: verdictOf(o.Idle != Never), value: value}
}

func lifetime(m *Manager) judgement {
	return judgement{verdict: verdictOf(m.opts.Lifetime != Never), value: "Lifetime " + span(m.opts.Lifetime)}
}

// span is a duration as the configuration has it.
func span(d time.Duration) string {
	if d == Never {
		return "never"
	}
	return d.String()
}

// The ceilings of assurance levels (NIST SP 800-63B-4, 2.1.3, 2.2.3, 2.3.3).
// Zero is none.
var ceilings = map[Level]struct{ idle, lifetime time.Duration }{
	1: {0, 30 * 24 * time.Hour},
	2: {time.Hour, 24 * time.Hour},
	3: {15 * time.Minute, 12 * time.Hour},
}

func assurance(m *Manager) judgement {
	o := &m.opts
	if o.Level == 0 {
		return judgement{verdict: Application, value: "Options.Level is 0: no level is promised"}
	}
	top := ceilings[o.Level]
	value := fmt.Sprintf("Level %d: Lifetime %s of %v at most", o.Level, span(o.Lifetime), top.lifetime)
	if top.idle > 0 {
		value += fmt.Sprintf(", Idle %s of %v at most", span(o.Idle), top.idle)
	}
	if exceeds(o.Idle, top.idle) || exceeds(o.Lifetime, top.lifetime) {
		return judgement{verdict: Deviates, value: value}
	}
	if _, ok := o.Deviations[rowOfLevels]; ok { // Terms may deviate, as is stated
		return judgement{verdict: Deviates, value: value + "; longer ones in Terms are let pass"}
	}
	return judgement{verdict: Kept, value: value}
}

func termination(m *Manager) judgement {
	switch {
	case m.stored() != nil:
		return byEpoch("no Epoch: End is for this browser, and a copy of its cookie goes on opening")(m)
	case m.cached != nil:
		return judgement{verdict: Kept, value: "a tombstone, which changes under way meet; pages may be read as of a moment before, within the bound of the store's cache"}
	}
	return judgement{verdict: Kept, value: "a tombstone, which requests under way meet"}
}

func administration(m *Manager) judgement {
	if m.stored() == nil {
		return judgement{verdict: Application, value: "Manager.EndAll, Manager.EndID and Manager.EndBefore"}
	}
	var missing []string
	if m.opts.Epoch == nil {
		missing = append(missing, "no Epoch: nobody can end an owner's sealed sessions")
	}
	if m.opts.NotBefore == nil {
		missing = append(missing, "no NotBefore: nobody can end all sealed sessions")
	}
	if missing != nil {
		return judgement{verdict: Deviates, value: strings.Join(missing, "; ")}
	}
	return judgement{verdict: Application, value: "change what Options.Epoch returns for the owner, or Options.NotBefore for all"}
}

func concurrency(m *Manager) judgement {
	if m.stored() != nil {
		return judgement{verdict: Deviates, value: "nobody can count sealed sessions"}
	}
	then := "a login over that ends the oldest"
	if m.opts.OverLimit == DenyNew {
		then = "a login over that is refused"
	}
	return judgement{verdict: Kept, value: fmt.Sprintf("Limit %d; %s", m.opts.Limit, then)}
}

// unrotated is our reason for no Rotate. Short is what NIST grants level 2.
const unrotated = "rotation is optional in its source, and little is won by it where sessions end within an hour unused and a day in all"

func rotating(m *Manager) judgement {
	o := &m.opts
	switch {
	case o.Rotate != 0:
		then := map[Fork]string{
			ForkReport: "is reported", ForkStale: "ends the login's being recent", ForkEnd: "ends the session",
		}[o.Fork]
		return judgement{verdict: Kept, value: fmt.Sprintf("Rotate %v, with a grace of %v; a copy that is used later %s", o.Rotate, grace, then)}
	case !exceeds(o.Idle, ceilings[2].idle) && !exceeds(o.Lifetime, ceilings[2].lifetime):
		return judgement{verdict: Stated, value: "no Rotate", reason: unrotated}
	}
	return judgement{verdict: Deviates, value: fmt.Sprintf("no Rotate, with Idle %s and Lifetime %s", span(o.Idle), span(o.Lifetime))}
}

func logging(m *Manager) judgement {
	switch {
	case m.opts.Observe != nil:
		return judgement{verdict: Kept, value: "Options.Observe is told of every event, by the session's id"}
	case m.opts.Logger.Enabled(context.Background(), slog.LevelError):
		return judgement{verdict: Application, value: "Logger has the failures; logins and ends are for an Options.Observe, and there is none"}
	}
	return judgement{verdict: Deviates, value: "there is no Options.Observe, and Logger takes not even errors"}
}

func guessing(m *Manager) judgement {
	if m.opts.Observe == nil {
		return judgement{verdict: Application, value: "Refused and Unknown events are for an Options.Observe, and there is none"}
	}
	return judgement{verdict: Kept, value: "Options.Observe is told of Refused and Unknown"}
}

func moving(m *Manager) judgement {
	value := "nothing is recorded of clients"
	if m.opts.Client != nil {
		value = "the client of each login is recorded, and shown by package devices; it is compared with nothing"
	}
	return judgement{verdict: Open, value: value}
}

func comparison(m *Manager) judgement {
	if m.stored() != nil {
		return judgement{verdict: Kept, value: "nothing is looked up: the tag of what is sealed is compared in constant time"}
	}
	return judgement{verdict: Kept, value: "looked up by the id; the hash of the secret, all that there is of it in " + storeName(m.queues.store) + ", is compared in constant time"}
}

// documented shows what no other row asks for too, so that no option that is
// data can change without a change of the findings.
func documented(m *Manager) judgement {
	o := &m.opts
	codec := strings.TrimPrefix(fmt.Sprintf("%T", o.Codec), "*")
	if _, ok := o.Codec.(jsonCodec); ok {
		codec = "JSON"
	}
	strict := "not Strict"
	if o.Strict {
		strict = "Strict"
	}
	return judgement{verdict: Kept, value: fmt.Sprintf(
		"by Audit, with the reasons of Options.Deviations; what no other row shows: MaxRecord %d, Codec %s, %s", o.MaxRecord, codec, strict)}
}

// storeName names the store, and those that it is built around.
func storeName(st store.Store) string {
	var names []string
	for st != nil {
		names = append(names, strings.TrimPrefix(fmt.Sprintf("%T", st), "*"))
		u, ok := st.(store.Unwrapper)
		if !ok {
			break
		}
		st = u.Unwrap()
	}
	return strings.Join(names, " over ")
}

func failing(m *Manager) judgement {
	value := fmt.Sprintf("a store that fails, or takes longer than %v, is a 503, and its visitor no stranger; events alone tell what is wrong with a token", m.opts.Timeout)
	if m.stored() != nil {
		value = fmt.Sprintf("what does not open is no session, whatever the reason; an epoch that nobody can tell within %v is a 503", m.opts.Timeout)
	}
	return judgement{verdict: Kept, value: value}
}
