package session_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/cookie"
	"github.com/sojourn-go/session/sessiontest"
	"github.com/sojourn-go/session/store/memstore"
	"github.com/sojourn-go/session/store/nearcache"
)

// auditOf returns the findings of a configuration by their rows.
func auditOf(t *testing.T, where string, o session.Options) map[string]session.Finding {
	t.Helper()
	m, err := managers[where](o)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]session.Finding{}
	for f := range m.Audit() {
		found[f.Row] = f
	}
	return found
}

// rowsThat returns the rows with the verdict.
func rowsThat(v session.Verdict, found map[string]session.Finding) string {
	var rows []string
	for _, row := range slices.Sorted(maps.Keys(found)) {
		if found[row].Verdict == v {
			rows = append(rows, row)
		}
	}
	return strings.Join(rows, " ")
}

func TestAudit_of_the_zero_Options_is_as_published(t *testing.T) {
	for where, file := range map[string]string{"New": "testdata/audit/stored.txt", "NewSealed": "testdata/audit/sealed.txt"} {
		m, err := managers[where](session.Options{})
		if err != nil {
			t.Fatal(err)
		}
		sessiontest.Audit(t, m, file)
	}
}

func TestAudit_of_the_zero_Options_deviates_nowhere_and_tells_why_there_is_no_rotation(t *testing.T) {
	found := auditOf(t, "New", session.Options{})
	want(t, "deviating", rowsThat(session.Deviates, found), "")
	want(t, "stated", rowsThat(session.Stated, found), "S33")
	want(t, "open", rowsThat(session.Open, found), "S17 S34 S40")
	if f := found["S33"]; f.Reason == "" {
		t.Error("S33 has no reason")
	}
}

func TestAudit_of_sealed_sessions_says_what_an_Epoch_and_a_NotBefore_are_for(t *testing.T) {
	epoch := func(context.Context, string) (uint64, error) { return 1, nil }
	for _, c := range []struct {
		o        session.Options
		deviates string
	}{
		{session.Options{}, "S04 S10 S11 S12 S13 S14 S16 S32"},
		{session.Options{Epoch: epoch}, "S13 S14 S16"},
		{session.Options{NotBefore: time.Now}, "S04 S10 S11 S12 S13 S14 S16 S32"},
		{session.Options{Epoch: epoch, NotBefore: time.Now}, "S14 S16"},
	} {
		found := auditOf(t, "NewSealed", c.o)
		want(t, "deviating", rowsThat(session.Deviates, found), c.deviates)
		for _, row := range []string{"S04", "S10", "S11", "S12", "S13", "S32"} {
			if f := found[row]; f.Verdict != session.Deviates && (f.Verdict != session.Application || !strings.Contains(f.Value, "Epoch")) {
				t.Errorf("with an Epoch: %v", f)
			}
		}
	}
}

// departures are options that depart from a row, and what Audit shows of that.
var departures = []struct {
	where string
	o     session.Options
	row   string
	value string
}{
	{"New", session.Options{Idle: session.Never}, "S05", "Idle never"},
	{"New", session.Options{Lifetime: session.Never}, "S06", "Lifetime never"},
	{"New", session.Options{Insecure: true}, "S19", "not Secure, named session"},
	{"New", session.Options{Name: "sid"}, "S19", "Secure, named sid"},
	{"New", session.Options{Name: "__sid"}, "S19", "named __sid"},
	{"New", session.Options{Insecure: true}, "S20", "no Domain, Path=/; but without __Host- in its name"},
	{"New", session.Options{Name: "sid"}, "S20", "without __Host- in its name"},
	{"New", session.Options{Name: "__Http-sid", Cookie: cookie.Attrs{Path: "/app"}}, "S20", "no Domain, Path=/app"},
	{"New", session.Options{Name: "__Http-sid", Cookie: cookie.Attrs{Domain: "example.com"}}, "S20", "Domain=example.com, Path=/"},
	{"New", session.Options{Name: "__Host-sid", Cookie: cookie.Attrs{Scriptable: true}}, "S21", "not HttpOnly"},
	{"New", session.Options{Cookie: cookie.Attrs{SameSite: http.SameSiteNoneMode}}, "S22", "SameSite=None"},
	{"New", session.Options{Idle: 61 * time.Minute}, "S33", "no Rotate, with Idle 1h1m0s and Lifetime 24h0m0s"},
	{"New", session.Options{Lifetime: 25 * time.Hour}, "S33", "no Rotate, with Idle 30m0s and Lifetime 25h0m0s"},
	{"New", session.Options{Idle: session.Never}, "S33", "no Rotate, with Idle never"},
	{"New", session.Options{Lifetime: session.Never}, "S33", "Lifetime never"},
	{"New", session.Options{Logger: slog.New(slog.DiscardHandler)}, "S38", "Logger takes not even errors"},
	{"New", session.Options{Insecure: true}, "S48", "plain http"},
	{"NewSealed", session.Options{}, "S04", "goes on opening"},
	{"NewSealed", session.Options{}, "S10", "a copy of its cookie"},
	{"NewSealed", session.Options{}, "S11", "no Epoch"},
	{"NewSealed", session.Options{}, "S12", "no Epoch"},
	{"NewSealed", session.Options{}, "S13", "no Epoch: nobody can end an owner's sealed sessions; no NotBefore"},
	{"NewSealed", session.Options{NotBefore: time.Now}, "S13", "no Epoch"},
	{"NewSealed", session.Options{}, "S14", "nobody can list"},
	{"NewSealed", session.Options{}, "S16", "nobody can count"},
	{"NewSealed", session.Options{}, "S32", "goes on opening"},
	{"NewSealed", session.Options{Lifetime: 48 * time.Hour}, "S33", "Lifetime 48h0m0s"},
}

func TestAudit_finds_each_departure_and_shows_the_reason_that_is_stated(t *testing.T) {
	for _, c := range departures {
		f := auditOf(t, c.where, c.o)[c.row]
		if f.Verdict != session.Deviates || !strings.Contains(f.Value, c.value) || f.Reason != "" {
			t.Errorf("%s with %s, without a reason: got %v", c.row, c.value, f)
		}
		c.o.Deviations = map[string]string{c.row: "we know"}
		if g := auditOf(t, c.where, c.o)[c.row]; g.Verdict != session.Stated || g.Value != f.Value || g.Reason != "we know" {
			t.Errorf("%s with %s, with a reason: got %v", c.row, c.value, g)
		}
	}
}

func TestAudit_says_of_a_reason_without_a_departure_that_it_is_stale(t *testing.T) {
	for where := range managers {
		zero := auditOf(t, where, session.Options{})
		all := map[string]string{}
		for row := range zero {
			all[row] = "long ago"
		}
		for row, f := range auditOf(t, where, session.Options{Deviations: all}) {
			verdict := session.Stated
			if zero[row].Verdict == session.Kept {
				verdict = session.Stale
			}
			if f.Verdict != verdict || f.Reason != "long ago" {
				t.Errorf("%s, %s, which is %s: got %s, want %s", where, row, zero[row].Verdict, f.Verdict, verdict)
			}
		}
	}
}

func TestAudit_holds_the_times_to_the_level_that_is_promised(t *testing.T) {
	stated := map[string]string{"S07": "a kiosk"}
	for _, c := range []struct {
		o       session.Options
		verdict session.Verdict
		value   string
	}{
		{session.Options{}, session.Application, "Options.Level is 0: no level is promised"},
		{session.Options{Level: 1, Idle: session.Never, Lifetime: 30 * 24 * time.Hour}, session.Kept, "Level 1: Lifetime 720h0m0s of 720h0m0s at most"},
		{session.Options{Level: 2, Idle: time.Hour, Lifetime: 24 * time.Hour}, session.Kept, "Level 2: Lifetime 24h0m0s of 24h0m0s at most, Idle 1h0m0s of 1h0m0s at most"},
		{session.Options{Level: 3, Idle: 15 * time.Minute, Lifetime: 12 * time.Hour}, session.Kept, "Level 3: Lifetime 12h0m0s of 12h0m0s at most, Idle 15m0s of 15m0s at most"},
		{session.Options{Level: 3, Idle: 16 * time.Minute, Lifetime: 12 * time.Hour, Deviations: stated}, session.Stated, "Level 3: Lifetime 12h0m0s of 12h0m0s at most, Idle 16m0s of 15m0s at most"},
		{session.Options{Level: 3, Idle: 15 * time.Minute, Lifetime: 13 * time.Hour, Deviations: stated}, session.Stated, "Level 3: Lifetime 13h0m0s of 12h0m0s at most, Idle 15m0s of 15m0s at most"},
		{session.Options{Level: 1, Lifetime: session.Never, Deviations: stated}, session.Stated, "Level 1: Lifetime never of 720h0m0s at most"},
		{session.Options{Level: 2, Idle: session.Never, Deviations: stated}, session.Stated, "Level 2: Lifetime 24h0m0s of 24h0m0s at most, Idle never of 1h0m0s at most"},
		{session.Options{Level: 2, Deviations: stated}, session.Stated, "Level 2: Lifetime 24h0m0s of 24h0m0s at most, Idle 30m0s of 1h0m0s at most; longer ones in Terms are let pass"},
	} {
		f := auditOf(t, "New", c.o)["S07"]
		if f.Verdict != c.verdict || f.Value != c.value {
			t.Errorf("got %v; want %s: %s", f, c.verdict, c.value)
		}
	}
}

func TestAudit_shows_what_the_options_choose(t *testing.T) {
	observe := func(context.Context, session.Event) {}
	for _, c := range []struct {
		row     string
		o       session.Options
		verdict session.Verdict
		value   string
	}{
		{"S05", session.Options{Idle: 10 * time.Minute}, session.Kept, "Idle 10m0s;"},
		{"S05", session.Options{Level: 1}, session.Kept, "Idle 30m0s; after a login with Terms.Remember"},
		{"S05", session.Options{Level: 2, Deviations: map[string]string{"S07": "why"}}, session.Kept, "Idle 30m0s; after a login with Terms.Remember"},
		{"S06", session.Options{Lifetime: 8 * time.Hour}, session.Kept, "Lifetime 8h0m0s"},
		{"S03", session.Options{Rotate: time.Hour}, session.Kept, "a rotation replaces 144"},
		{"S16", session.Options{Limit: 5}, session.Kept, "Limit 5; a login over that ends the oldest"},
		{"S16", session.Options{OverLimit: session.DenyNew}, session.Kept, "Limit 1000; a login over that is refused"},
		{"S19", session.Options{Name: "__Secure-sid"}, session.Kept, "Secure, named __Secure-sid"},
		{"S20", session.Options{Name: "__Host-sid"}, session.Kept, "no Domain, Path=/"},
		{"S22", session.Options{Cookie: cookie.Attrs{SameSite: http.SameSiteStrictMode}}, session.Kept, "SameSite=Strict"},
		{"S22", session.Options{Cookie: cookie.Attrs{Partitioned: true}}, session.Kept, "SameSite=Lax, Partitioned"},
		{"S45", session.Options{Timeout: 1500 * time.Millisecond}, session.Kept, "takes longer than 1.5s"},
		{"S50", session.Options{}, session.Kept, "MaxRecord 1048576, Codec JSON, not Strict"},
		{"S50", session.Options{MaxRecord: 4000, Strict: true}, session.Kept, "MaxRecord 4000, Codec JSON, Strict"},
		{"S50", session.Options{Codec: new(upper)}, session.Kept, "Codec session_test.upper,"},
		{"S33", session.Options{Rotate: 15 * time.Minute}, session.Kept, "Rotate 15m0s, with a grace of 30s; a copy that is used later is reported"},
		{"S33", session.Options{Rotate: time.Hour, Fork: session.ForkStale}, session.Kept, "used later ends the login's being recent"},
		{"S33", session.Options{Rotate: time.Hour, Fork: session.ForkEnd}, session.Kept, "used later ends the session"},
		{"S33", session.Options{Idle: time.Hour, Lifetime: 24 * time.Hour}, session.Stated, "no Rotate"},
		{"S37", session.Options{ClearSiteData: []string{"cache", "storage"}}, session.Kept, `Clear-Site-Data: "cache", "storage"`},
		{"S37", session.Options{ClearSiteData: []string{"*"}}, session.Kept, `Clear-Site-Data: "*"`},
		{"S37", session.Options{ClearSiteData: []string{"cache"}}, session.Application, `Clear-Site-Data: "cache"; storage is for the pages`},
		{"S38", session.Options{}, session.Application, "there is none"},
		{"S38", session.Options{Observe: observe}, session.Kept, "Options.Observe is told"},
		{"S39", session.Options{}, session.Application, "there is none"},
		{"S39", session.Options{Observe: observe}, session.Kept, "Refused and Unknown"},
		{"S40", session.Options{}, session.Open, "nothing is recorded"},
		{"S40", session.Options{Client: func(*http.Request) session.Client { return session.Client{} }}, session.Open, "the client of each login is recorded"},
		{"S47", session.Options{Name: "__Host-sid", Cookie: cookie.Attrs{Scriptable: true}}, session.Application, "scripts can read"},
	} {
		if f := auditOf(t, "New", c.o)[c.row]; f.Verdict != c.verdict || !strings.Contains(f.Value, c.value) {
			t.Errorf("got %v; want %s: %s", f, c.verdict, c.value)
		}
	}
}

// At levels 2 and 3 a login with Terms.Remember needs a reason.
func TestAudit_does_not_speak_of_Remember_where_it_is_refused(t *testing.T) {
	for level, idle := range map[session.Level]string{2: "Idle 30m0s", 3: "Idle 15m0s"} {
		want(t, "S05", auditOf(t, "New", session.Options{Level: level})["S05"].Value, idle)
	}
}

func TestAudit_counts_the_bytes_of_the_Set_Cookie_line(t *testing.T) {
	o := session.Options{Name: "__Http-shop", Cookie: cookie.Attrs{Path: "/shop"}}
	v := newLab(t, o).visitor()
	line := v.does("POST", func(s *session.Session) { count.Set(s, 1) }).Header.Get("Set-Cookie")
	want(t, "S23", auditOf(t, "New", o)["S23"].Value, fmt.Sprintf("the whole Set-Cookie has %d bytes", len(line)))
}

func TestAudit_names_the_store_and_says_that_a_cache_may_be_behind(t *testing.T) {
	near, err := nearcache.New(memstore.New(memstore.Options{}), nearcache.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := session.New(near, session.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for f := range m.Audit() {
		if f.Row == "S41" && !strings.Contains(f.Value, "in nearcache.Store over memstore.Store,") ||
			f.Row == "S10" && !strings.Contains(f.Value, "within the bound of the store's cache") {
			t.Errorf("got %v", f)
		}
	}
}

func TestAudit_stops_when_nobody_wants_more(t *testing.T) {
	m, err := managers["New"](session.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for f := range m.Audit() {
		want(t, "row", f.Row, "S01")
		break
	}
}

var (
	securityRow = regexp.MustCompile(`(?m)^\| (S\d\d) \| ([^:]*): [^|]*\|([^|]*)\|`)
	asvs        = regexp.MustCompile(`\b[AN](\d+(?:\.\d+)+)`)
)

// SECURITY.md names the tests, Audit the configuration: they are one table.
func TestAudit_has_the_rows_and_the_sources_of_SECURITY(t *testing.T) {
	m, err := managers["New"](session.Options{})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := securityRow.FindAllStringSubmatch(string(text), -1)
	findings := slices.Collect(m.Audit())
	if len(rows) != 52 || len(findings) != 52 {
		t.Fatalf("%d rows in SECURITY.md, and %d findings; want 52 of each", len(rows), len(findings))
	}
	letters := map[string]string{"C": "OWASP", "B": "RFC 6265bis", "L": "layered cookies"}
	for i, f := range findings {
		row, source, here := rows[i][1], rows[i][2], rows[i][3]
		want(t, "row", f.Row, row)
		for _, number := range asvs.FindAllStringSubmatch(source, -1) {
			if !strings.Contains(f.Source, number[1]) {
				t.Errorf("%s: SECURITY.md cites %s, and Audit %q", row, number[0], f.Source)
			}
		}
		for letter, name := range letters {
			if slices.Contains(strings.Fields(source), letter) != strings.Contains(f.Source, name) {
				t.Errorf("%s: SECURITY.md cites %q, and Audit %q", row, source, f.Source)
			}
		}
		if open := strings.Contains(here, "*open*"); (f.Verdict == session.Open) != open {
			t.Errorf("%s is %s to Audit, and open to SECURITY.md is %v: %s", row, f.Verdict, open, here)
		}
		if strings.Contains(here, "*yours*") && f.Verdict != session.Application {
			t.Errorf("%s is %s to Audit, and the application's to SECURITY.md: %s", row, f.Verdict, here)
		}
	}
}

func TestAudit_findings_are_text_and_JSON(t *testing.T) {
	f := session.Finding{
		Row: "S05", Source: "ASVS 7.3.1", Requirement: "it ends", Value: "Idle never", Verdict: session.Stated,
		Reason: "a kiosk,\nS06 kept: all is well",
	}
	want(t, "text", f.String(), "S05 stated: it ends (ASVS 7.3.1)\n    Idle never\n    because: a kiosk, S06 kept: all is well")
	data, err := json.Marshal(f)
	want(t, "error", err, nil)
	want(t, "JSON", string(data), `{"row":"S05","source":"ASVS 7.3.1","requirement":"it ends","value":"Idle never","verdict":"stated","reason":"a kiosk,\nS06 kept: all is well"}`)
	f.Reason = ""
	want(t, "text without a reason", f.String(), "S05 stated: it ends (ASVS 7.3.1)\n    Idle never")
	data, _ = json.Marshal(f)
	want(t, "reason in JSON without one", strings.Contains(string(data), "reason"), false)
}
