package session

import (
	"iter"
	"strings"
)

// A Finding is what Audit says of one requirement.
type Finding struct {
	// Row is the requirement's name, "S01" to "S52", as in SECURITY.md, which
	// names the tests behind it.
	Row string `json:"row"`

	// Source is where it comes from: ASVS is OWASP's Application Security
	// Verification Standard 5.0, NIST is SP 800-63B-4, OWASP its cheat sheets,
	// RFC 6265bis and layered cookies the drafts that succeed RFC 6265.
	Source string `json:"source"`

	Requirement string  `json:"requirement"` // what is demanded
	Value       string  `json:"value"`       // what there is: "Idle 30m0s"
	Verdict     Verdict `json:"verdict"`
	Reason      string  `json:"reason,omitempty"` // why it is so, if that was stated
}

// String returns the finding as two lines, or as three if there is a Reason,
// without a newline at the end.
func (f Finding) String() string {
	text := f.Row + " " + string(f.Verdict) + ": " + f.Requirement + " (" + f.Source + ")\n    " + f.Value
	if f.Reason != "" {
		text += "\n    because: " + strings.Join(strings.Fields(f.Reason), " ")
	}
	return text
}

// A Verdict is how a configuration stands to a requirement.
type Verdict string

const (
	Kept        Verdict = "kept"        // it is met, whatever the application does
	Application Verdict = "application" // the package offers it, and it is the application that has to use it: Value says how
	Stated      Verdict = "stated"      // it is not met, or not here, and Reason says why
	Deviates    Verdict = "deviates"    // it is not met, and Options.Deviations has no reason
	Stale       Verdict = "stale"       // it is met, and Options.Deviations has a reason why it is not
	Open        Verdict = "open"        // the package does not offer it
)

// Audit yields how this configuration stands to the 52 requirements of
// SECURITY.md, in their order. It judges the Options, and knows nothing of what
// single logins agree on (Terms), of what single responses send (SetCookie), or
// of what the application does with what it is offered.
//
// A reason in Options.Deviations makes Stated of any verdict but Kept, of which
// it makes Stale. S07 alone may be stated for the sake of longer Terms. S33,
// rotation, is optional in its source: without a reason of the application's it
// has one of ours as long as Idle is an hour, and Lifetime a day, at the most.
//
// sessiontest.Audit fails a test when the findings change, and the command
// "sojourn audit" prints them for options in a file.
func (m *Manager) Audit() iter.Seq[Finding] {
	return func(yield func(Finding) bool) {
		for i := range auditRows {
			if !yield(auditRows[i].find(m)) {
				return
			}
		}
	}
}

// An auditRow is a requirement, and the way to judge a manager by it.
type auditRow struct {
	row, source, requirement string
	judge                    func(m *Manager) judgement
}

// A judgement is a finding before the application's reasons are looked at.
type judgement struct {
	verdict Verdict
	value   string
	reason  string // ours
}

func (r *auditRow) find(m *Manager) Finding {
	j := r.judge(m)
	f := Finding{Row: r.row, Source: r.source, Requirement: r.requirement, Value: j.value, Verdict: j.verdict, Reason: j.reason}
	reason, ok := m.opts.Deviations[r.row]
	if !ok {
		return f
	}
	f.Reason = reason
	if f.Verdict == Kept {
		f.Verdict = Stale
	} else {
		f.Verdict = Stated
	}
	return f
}

// always returns a judge for what no option changes.
func always(v Verdict, value string) func(*Manager) judgement {
	return func(*Manager) judgement { return judgement{verdict: v, value: value} }
}

// kept is always Kept, for stored sessions and for sealed ones.
func kept(stored, sealed string) func(*Manager) judgement {
	return unlessSealed(always(Kept, stored), always(Kept, sealed))
}

func unlessSealed(stored, sealed func(*Manager) judgement) func(*Manager) judgement {
	return func(m *Manager) judgement {
		if m.stored() != nil {
			return sealed(m)
		}
		return stored(m)
	}
}

// verdictOf is Kept or Deviates.
func verdictOf(kept bool) Verdict {
	if kept {
		return Kept
	}
	return Deviates
}
