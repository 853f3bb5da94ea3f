package sql_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/proof/stories/crowd"
)

// The visitors' sessions are used often enough that most pages would note it:
// what cannot be noted is no reason not to show a page.
func readOnly(t *testing.T, p *patient) {
	w := p.letIn(t, p.Addr(), session.Options{Idle: 10 * time.Second})
	w.Expect(crowd.Rule{Reads: crowd.Good, Writes: crowd.Either})
	p.say(t, map[string][]string{
		"postgres": {"ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()"},
		"mysql":    {"SET GLOBAL read_only = 1"},
	})
	w.GoesOn(5) // PostgreSQL tells its processes, which hear of it by and by
	w.Expect(crowd.Rule{Reads: crowd.Good, Writes: crowd.Refused})
	w.GoesOn(10)
	<-time.After(1500 * time.Millisecond) // each session has a use to note
	w.GoesOn(10)
	if text, _ := w.log.since(0); !strings.Contains(text, "read-only") {
		t.Errorf("the log does not say why: %.2000s", text)
	}
	w.Expect(crowd.Troubled)
	p.say(t, map[string][]string{
		"postgres": {"ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()"},
		"mysql":    {"SET GLOBAL read_only = 0"},
	})
	w.recovers(t, 10*time.Second)
	w.Closes()
}

func missingTable(t *testing.T, p *patient) {
	w := p.letIn(t, p.Addr(), session.Options{})
	alter := "ALTER TABLE " + w.table
	missing(t, p, w, w.table, alter+" RENAME TO away", "ALTER TABLE away RENAME TO "+w.table)
}

func missingColumn(t *testing.T, p *patient) {
	w := p.letIn(t, p.Addr(), session.Options{})
	alter := "ALTER TABLE " + w.table
	missing(t, p, w, "owner", alter+" RENAME COLUMN owner TO away", alter+" RENAME COLUMN away TO owner")
}

// missing takes something away, which the log has to name, and puts it back.
func missing(t *testing.T, p *patient, w *ward, name, away, back string) {
	t.Helper()
	w.Expect(crowd.Troubled)
	_, begin := w.log.since(0)
	p.say(t, both(away))
	w.GoesOn(1) // those that were under way
	w.Expect(crowd.Rule{Reads: crowd.Refused, Writes: crowd.Refused, Most: crowd.Timeout + time.Second})
	w.GoesOn(5)
	if text, _ := w.log.since(begin); !strings.Contains(text, name) {
		t.Errorf("the log does not name %s: %.2000s", name, text)
	}
	w.Expect(crowd.Troubled)
	p.say(t, both(back))
	w.recovers(t, 10*time.Second)
	w.Closes()
}

// Nobody notices that somebody adds a column, and takes it away.
func addedColumn(t *testing.T, p *patient) {
	w := p.letIn(t, p.Addr(), session.Options{})
	for range 3 {
		p.say(t, both("ALTER TABLE "+w.table+" ADD COLUMN more int"))
		w.GoesOn(5)
		p.say(t, both("ALTER TABLE "+w.table+" DROP COLUMN more"))
		w.GoesOn(5)
	}
	w.Closes()
}

func wrongPassword(t *testing.T, p *patient) {
	w := p.letIn(t, p.Addr(), session.Options{})
	set := func(password string) {
		t.Helper()
		p.say(t, map[string][]string{
			"postgres": {"ALTER ROLE app PASSWORD '" + password + "'"},
			"mysql":    {"ALTER USER app IDENTIFIED BY '" + password + "'"},
		})
	}
	w.Expect(crowd.Troubled)
	set("second")
	p.hangUp(t)
	w.GoesOn(1) // those that were under way
	w.Expect(crowd.Rule{Reads: crowd.Refused, Writes: crowd.Refused, Most: crowd.Timeout + time.Second})
	w.GoesOn(1)
	w.Expect(crowd.Troubled)
	set(appPassword)
	w.recovers(t, 10*time.Second)
	w.Closes()
}
