package flash_test

import (
	"strings"
	"testing"
)

// Rows are counted from 0. docs/flash.md has the same lists.
var ringDifferences = []difference{
	{
		rule: "a message that was not read goes on waiting; Ring drops it at the next request",
		play: func(p play) bool { return !p.reads },
		rows: []int{15, 16, 17},
	},
	{
		rule: "a false that was read is removed; Ring, which takes it for none, leaves it where it is",
		play: func(p play) bool { return p.values && p.reads },
		rows: []int{45, 46},
	},
	{
		rule: "false is a value, and waits; to Ring :flash false is no flash",
		play: func(p play) bool { return p.values },
		rows: []int{2, 5, 8, 11, 14, 17, 20, 23, 26, 29, 32, 35, 38, 41, 44, 50, 53, 56, 59, 62, 65, 68, 71, 74},
	},
}

func TestEveryRowOfRingsTableComesOutAsInRingOrIsListed(t *testing.T) {
	compare(t, readRing(t), ringOutcome, ringDifferences)
}

// ringRule is what wrap-flash does, as a rule; it is held to the table, and
// tells what Ring does with a flash that the table has no rows for.
func ringRule(stored, session, flash string) (r ringRow) {
	r = ringRow{Stored: stored, Session: session, Flash: flash}
	in := ringState(stored)
	r.Sees, r.SeesRest = in.flash, strings.Replace(ringFlash.ReplaceAllString(stored, "}"), " }", "}", 1)
	r.Out, r.Writes = "nil", session != "absent"
	if r.Writes {
		r.Out, r.Recreate = strings.TrimPrefix(session, "^:recreate "), strings.HasPrefix(session, "^")
	}
	truthy := func(v string) bool { return v != "nil" && v != "false" && v != "absent" }
	if truthy(in.flash) && !r.Writes {
		r.Out, r.Writes = r.SeesRest, true
	}
	if truthy(flash) { // into the response's session, even if that is nil; else into the request's
		switch {
		case !r.Writes:
			r.Out, r.Writes = r.SeesRest, true
		case r.Out == "nil":
			r.Out = "{}"
		}
		r.Out = strings.Replace(ringFlash.ReplaceAllString(r.Out, "}"), "}", " :_flash "+flash+"}", 1)
		r.Out = strings.Replace(r.Out, "{ ", "{", 1)
	}
	return r
}

func TestTheRuleOfRingIsThatOfItsTable(t *testing.T) {
	for i, row := range readRing(t) {
		if got := ringRule(row.Stored, row.Session, row.Flash); got != row {
			t.Errorf("row %d: the rule says %+v, Ring did %+v", i, got, row)
		}
	}
}

var ringSessions = []string{"absent", "{:b 2}", "nil", "^:recreate {:b 2}", `{:_flash "mine"}`}

func TestWhatRingsRuleSaysOfANewFlashComesOutAlikeOrIsListed(t *testing.T) {
	var rows []ringRow
	for _, stored := range []string{"{:a 1}", `{:a 1 :_flash "old"}`, "{:a 1 :_flash nil}", "{:a 1 :_flash false}", "{}"} {
		for _, session := range ringSessions {
			rows = append(rows, ringRule(stored, session, `"new"`))
		}
	}
	compare(t, rows, ringOutcome, []difference{
		{
			rule: "a message that was not read goes on waiting, beside the new one",
			play: func(p play) bool { return !p.values && !p.reads },
			rows: []int{5},
		},
		{
			rule: "End ends the session, and the flash begins another; Ring keeps the key",
			play: func(play) bool { return true },
			rows: []int{2, 7, 12, 17, 22},
		},
		{
			rule: "messages are a list: that of :_flash and that of :flash both wait",
			play: func(p play) bool { return !p.values },
			rows: []int{4, 9, 14, 19, 24},
		},
	})
}
