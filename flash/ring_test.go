package flash_test

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/flash"
	"github.com/sojourn-go/session/sessiontest"
)

// A ringRow is what Ring makes of one request; see testdata/ring_flash.json.
type ringRow struct {
	Stored   string `json:"stored_session"`
	Session  string `json:"response_session"`
	Flash    string `json:"response_flash"`
	SeesRest string `json:"handler_sees_session"`
	Sees     string `json:"handler_sees_flash"`
	Writes   bool   `json:"out_has_session"`
	Out      string `json:"out_session"`
	Recreate bool   `json:"out_recreate"`
}

func (r ringRow) String() string {
	return fmt.Sprintf("%s, :session %s, :flash %s", r.Stored, r.Session, r.Flash)
}

// An outcome is what the handler sees, and what is kept afterwards.
type outcome struct {
	seen, kept state
	token      string // the session's afterwards: same, new, none
}

// A state is what a session holds: {:a 1 :b 2 :_flash x}.
type state struct {
	a, b  int
	flash string // as Clojure prints it; of several messages all; "nil": none
}

var ringFlash = regexp.MustCompile(`:_flash (\S+)}`)

// ringState reads a session of the table, and panics for what is none.
func ringState(text string) (st state) {
	st.flash = "nil"
	text = strings.TrimPrefix(text, "^:recreate ")
	if m := ringFlash.FindStringSubmatch(text); m != nil {
		st.flash, text = m[1], strings.Replace(text, m[0], "}", 1)
	}
	switch text = strings.Replace(text, " }", "}", 1); text {
	case "{:a 1}":
		st.a = 1
	case "{:b 2}":
		st.b = 2
	case "{}", "nil":
	default:
		panic("no session of the table: " + text)
	}
	return st
}

// ringOutcome is the row, told in the same words.
func ringOutcome(r ringRow) (o outcome) {
	o.seen = ringState(r.SeesRest)
	o.seen.flash = r.Sees
	o.kept, o.token = ringState(r.Stored), "same"
	if r.Writes {
		o.kept = ringState(r.Out)
		switch {
		case r.Out == "nil":
			o.token = "none"
		case r.Recreate:
			o.token = "new"
		}
	}
	return o
}

// A play is a way in which the same is said here: by messages or by a value,
// with a handler that reads what waits, or with one that does not.
type play struct {
	values, reads bool
}

var (
	bKey    = session.NewKey[int]("b")
	ringAny = flash.NewValue[any]("ring")
)

// can reports whether a session of the table can come about: a message is a
// text, and never false.
func (p play) can(stored string) bool { return p.values || ringState(stored).flash != "false" }

func (p play) put(s *session.Session, text string) {
	if text == "nil" || text == "absent" || text == "false" && !p.values {
		return // nothing is said
	}
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		panic(err)
	}
	if p.values {
		ringAny.Put(s, v)
	} else {
		flash.Add(s, "", v.(string))
	}
}

func (p play) read(s *session.Session) string {
	if p.values {
		if v, ok := ringAny.Get(s); ok {
			return fmt.Sprintf("%#v", v)
		}
		return "nil"
	}
	var all []string
	for _, m := range flash.Messages(s) {
		all = append(all, fmt.Sprintf("%q", m.Text))
	}
	if all == nil {
		return "nil"
	}
	return strings.Join(all, " ")
}

// prepare makes the stored session of a row: of a flash that is nil, what is
// left of one that was read.
func (p play) prepare(b *sessiontest.Browser, stored string) {
	st := ringState(stored)
	b.Change(func(s *session.Session) { a.Set(s, 1); p.put(s, st.flash) })
	if strings.Contains(stored, ":_flash nil") {
		b.Change(func(s *session.Session) { p.put(s, `"read"`) })
		b.Change(func(s *session.Session) { p.read(s) })
	}
	if st.a == 0 {
		b.Change(func(s *session.Session) { a.Delete(s) })
	}
}

// act does what the handler of a row does.
func (p play) act(s *session.Session, r ringRow) (seen state) {
	if seen.a, seen.b = a.Get(s), bKey.Get(s); p.reads {
		seen.flash = p.read(s)
	}
	switch r.Session {
	case "absent":
	case "nil":
		s.End()
	default:
		to := ringState(r.Session)
		s.ClearValues()
		if to.b != 0 {
			bKey.Set(s, to.b)
		}
		p.put(s, to.flash)
		if strings.HasPrefix(r.Session, "^:recreate") {
			s.Renew()
		}
	}
	p.put(s, r.Flash)
	return seen
}

// run is the outcome of the row here.
func (p play) run(t *testing.T, r ringRow) (o outcome) {
	b := sessiontest.New(t, session.Options{}).Browser(nil)
	p.prepare(b, r.Stored)
	before := token(b)
	does(t, b, func(s *session.Session) { o.seen = p.act(s, r) })
	switch token(b) {
	case before:
		o.token = "same"
	case "":
		o.token = "none"
	default:
		o.token = "new"
	}
	does(t, b, func(s *session.Session) { o.kept = state{a.Get(s), bKey.Get(s), p.read(s)} })
	return o
}

func token(b *sessiontest.Browser) string {
	for _, c := range b.Request("GET", "/", nil).Cookies() {
		return c.Value
	}
	return ""
}

// differs reports whether the row comes out otherwise here.
func (p play) differs(t *testing.T, r ringRow, want outcome) bool {
	got := p.run(t, r)
	if !p.reads {
		got.seen.flash = want.seen.flash
	}
	return got != want
}

// A difference is a rule of ours that is not Ring's, and the rows that come out
// otherwise by it.
type difference struct {
	rule string
	play func(play) bool
	rows []int
}

func compare(t *testing.T, rows []ringRow, want func(ringRow) outcome, differences []difference) {
	for i, r := range rows {
		for _, p := range []play{{false, true}, {false, false}, {true, true}, {true, false}} {
			if !p.can(r.Stored) {
				continue
			}
			listed := ""
			for _, d := range differences {
				if slices.Contains(d.rows, i) && d.play(p) {
					listed = d.rule
				}
			}
			if differs := p.differs(t, r, want(r)); differs != (listed != "") {
				t.Errorf("row %d (%v), %+v: differs: %v, listed as: %q\nhere %+v\nRing %+v", i, r, p, differs, listed, p.run(t, r), want(r))
			}
		}
	}
}

func readRing(t *testing.T) []ringRow {
	t.Helper()
	var file struct{ Rows []ringRow }
	text, err := os.ReadFile("testdata/ring_flash.json")
	if err == nil {
		err = json.Unmarshal(text, &file)
	}
	if err != nil || len(file.Rows) != 75 {
		t.Fatalf("%d rows: %v", len(file.Rows), err)
	}
	return file.Rows
}
