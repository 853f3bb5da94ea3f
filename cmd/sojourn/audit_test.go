package main

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/cookie"
)

// audits runs "sojourn audit" with the config in a file, if it is not "".
func audits(t *testing.T, config string, flags ...string) (code int, stdout, stderr string) {
	t.Helper()
	args := append([]string{"audit"}, flags...)
	if config != "" {
		file := filepath.Join(t.TempDir(), "options.json")
		if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "-config", file)
	}
	var out, errs bytes.Buffer
	code = run(t.Context(), args, streams{&out, &errs})
	return code, out.String(), errs.String()
}

func TestAudit_OfTheZeroOptionsFindsNothing(t *testing.T) {
	t.Parallel()
	for _, config := range []string{"", "{}", "\ufeff{}\r\n"} {
		code, stdout, stderr := audits(t, config)
		if code != 0 || stderr != "" {
			t.Errorf("exit code %d, standard error %q", code, stderr)
		}
		for _, row := range []string{"S01 kept: ", "\nS05 kept: ", "\n    Idle 30m0s; ", "\nS46 application: ", "\nS52 kept: "} {
			if !strings.Contains("\n"+stdout, "\n"+strings.TrimPrefix(row, "\n")) {
				t.Errorf("no %q in\n%s", row, stdout)
			}
		}
	}
}

func TestAudit_OfOptionsThatDeviateIsAFailureUntilTheReasonIsStated(t *testing.T) {
	t.Parallel()
	code, stdout, stderr := audits(t, `{"Idle": "never", "Cookie": {"SameSite": "None"}}`)
	if code != 1 || !strings.Contains(stdout, "\nS05 deviates: ") || !strings.Contains(stdout, "\n    SameSite=None\n") ||
		stderr != "sojourn audit: The options deviate, and Deviations does not say why: S05, S22, S33.\n" {
		t.Errorf("exit code %d, standard error %q, standard output\n%s", code, stderr, stdout)
	}
	code, stdout, stderr = audits(t, `{"Idle": "never", "Rotate": "15m", "Deviations": {"S05": "a kiosk", "S33": "it has no clock"}}`)
	if code != 0 || !strings.Contains(stdout, "\nS05 stated: ") || !strings.Contains(stdout, "\n    because: a kiosk\n") ||
		stderr != "sojourn audit: The reason can go, since the requirement is met: S33.\n" {
		t.Errorf("exit code %d, standard error %q, standard output\n%s", code, stderr, stdout)
	}
}

func TestAudit_OfSealedSessionsKnowsWhichFunctionsThereAre(t *testing.T) {
	t.Parallel()
	const left = "sojourn audit: The options deviate, and Deviations does not say why: S14, S16.\n"
	for _, c := range []struct {
		config, flag string
	}{
		{`{"sealed": true, "Epoch": true, "NotBefore": true}`, "-json=false"},
		{`{"Epoch": true, "NotBefore": true}`, "-sealed"},
	} {
		if code, _, stderr := audits(t, c.config, c.flag); code != 1 || stderr != left {
			t.Errorf("%s %s: exit code %d, standard error %q", c.config, c.flag, code, stderr)
		}
	}
	_, _, without := audits(t, `{"sealed": true, "Epoch": false}`)
	if !strings.Contains(without, "S10, S11") {
		t.Errorf("without an Epoch: %q", without)
	}
}

func TestAudit_PrintsJSONThatIsFindings(t *testing.T) {
	t.Parallel()
	code, stdout, stderr := audits(t, `{"Observe": true}`, "-json")
	var findings []session.Finding
	if err := json.Unmarshal([]byte(stdout), &findings); err != nil || code != 0 || stderr != "" || len(findings) != 52 {
		t.Fatalf("%d findings, exit code %d, standard error %q, error %v", len(findings), code, stderr, err)
	}
	if f := findings[38]; f.Row != "S39" || f.Verdict != session.Kept || f.Value == "" || f.Source == "" || f.Requirement == "" {
		t.Errorf("got %+v", f)
	}
}

func TestAudit_WrongFilesAndOptionsAreToldAllAtOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		config string
		want   []string
	}{
		{`{"Idle": 30, "Lifetime": "soon", "Timeout": "never", "Rotate": "0s", "Limit": "many"}`, []string{
			`Idle: 30 is no duration, such as "30m", or "never".`, `Lifetime: "soon" is no duration`, `Timeout: "never" is no duration`,
			`Rotate: "0s" is no duration`, `Limit: "many" is not a whole number.`,
		}},
		{`{"Idle": "0s", "Lifetime": null}`, []string{`Idle: "0s" is no duration`, "Lifetime: null is no duration"}},
		{`{"idle": "5m", "Secret": 1, "Limit": 4, "Limit": 5}`, []string{
			`There is no field "idle": it is written Idle.`, `There is no field "Secret", known are: ClearSiteData, `, "Limit is there twice.",
		}},
		{`{"Cookie": {"SameSite": "lax", "Insecure": null, "path": "/"}, "Fork": 1, "OverLimit": "Deny"}`, []string{
			`Cookie.SameSite: "lax" is none of Lax, None, Strict.`, "Cookie.Insecure: null is not true or false.",
			`There is no field "Cookie.path": it is written Path.`, "Fork: 1 is none of ForkEnd, ", `OverLimit: "Deny" is none of DenyNew, EndOldest.`,
		}},
		{`{"Cookie": [], "Deviations": {"S05": 3, "S06": "a", "S06": "b"}, "Observe": "yes", "sealed": 1}`, []string{
			"Cookie: [] is no object", "Deviations.S05: 3 is not a string.", "Deviations.S06 is there twice.",
			`Observe: "yes" is not true or false, which is whether there is such a function.`, "sealed: 1 is not true or false.",
		}},
		{`{"Name": "` + strings.Repeat("ä", 100) + `", "Level": [1, 2]}`, []string{"Level: [1,2] is not a whole number, 1 to 3."}},
		{"{\"Idle\": \"5m\",\n\n \"Limit\": ,}", []string{"line 3: it is no JSON: invalid character ','"}},
		{"{} {}", []string{"line 1: it is no JSON: invalid character '{' after"}},
		{" ", []string{"it is no JSON: unexpected end"}},
		{"[]", []string{"[] is no object"}},
		{`{"Idle": "2h", "Lifetime": "1h", "Limit": -1}`, []string{"Idle (2h0m0s) is longer than Lifetime (1h0m0s)", "Limit is -1"}},
		{`{"sealed": true, "Limit": 5}`, []string{"Options.Limit: nobody can count an owner's sealed sessions"}},
		{`{"Cookie": {"Path": "/app"}}`, []string{`use the name "__Http-session"`}},
	} {
		code, stdout, stderr := audits(t, c.config)
		if code != 2 || stdout != "" {
			t.Errorf("%s: exit code %d, want 2; standard output %q", c.config, code, stdout)
		}
		for _, text := range c.want {
			if !strings.Contains(strings.ToLower(stderr), strings.ToLower(text)) {
				t.Errorf("%s: no %q in\n%s", c.config, text, stderr)
			}
		}
		if strings.Contains(stderr, ": session: ") {
			t.Errorf("%s: it does not speak to people:\n%s", c.config, stderr)
		}
	}
}

func TestAudit_WrongFlagsAreWrongUsage(t *testing.T) {
	t.Parallel()
	for flags, want := range map[string]string{
		"now":                     `it takes flags only, and got "now"`,
		"-colour":                 "-colour",
		"-config nowhere/options": "-config: open nowhere",
	} {
		code, stdout, stderr := audits(t, "", strings.Fields(flags)...)
		if code != 2 || stdout != "" || !strings.Contains(strings.ToLower(stderr), want) || !strings.Contains(stderr, `"sojourn help audit"`) {
			t.Errorf("%s: exit code %d, standard output %q, standard error %q", flags, code, stdout, stderr)
		}
	}
	for _, flags := range [][]string{{"-config", ""}, {"-config="}, {"-config", "options.json", "-config", ""}} { // as by -config "$UNSET"
		code, stdout, stderr := audits(t, "", flags...)
		if code != 2 || stdout != "" || !strings.Contains(stderr, "-config has no name of a file") {
			t.Errorf("%q: exit code %d, standard output %q, standard error %q", flags, code, stdout, stderr)
		}
	}
	for _, flags := range []string{"audit -h", "help audit"} {
		var out, errs bytes.Buffer
		code := run(t.Context(), strings.Fields(flags), streams{&out, &errs})
		if code != 0 || errs.Len() > 0 || !strings.Contains(out.String(), "-config FILE") || !strings.Contains(out.String(), "exit status is 1") {
			t.Errorf("%s: exit code %d, %s%s", flags, code, out.String(), errs.String())
		}
	}
}

// closed is a pipe whose reader has gone.
type closed struct{}

func (closed) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestAudit_ThatCannotBePrintedIsAFailure(t *testing.T) {
	t.Parallel()
	for _, flag := range []string{"-json", "-json=false"} {
		var errs bytes.Buffer
		code := run(t.Context(), []string{"audit", flag}, streams{closed{}, &errs})
		if code != 1 || !strings.Contains(errs.String(), io.ErrClosedPipe.Error()) {
			t.Errorf("%s: exit code %d, standard error %q", flag, code, errs.String())
		}
	}
}

// all is a file with every field in it.
const all = `{
	"sealed": true, "Name": "__Secure-sid", "Idle": "10m", "Lifetime": "never", "Timeout": "1s", "MaxRecord": 1000,
	"Cookie": {"Path": "/app", "Domain": "example.com", "Insecure": true, "Scriptable": true, "SameSite": "Strict", "Partitioned": true},
	"Level": 1, "Deviations": {"S07": "why"}, "Limit": 7, "OverLimit": "DenyNew", "ClearSiteData": ["storage"],
	"Rotate": "20m", "Fork": "ForkEnd", "Strict": true, "Insecure": true,
	"Client": true, "Epoch": true, "NotBefore": true, "Observe": true
}`

func TestConfig_EveryFieldOfTheOptionsThatIsDataCanBeInTheFile(t *testing.T) {
	t.Parallel()
	var c config
	hasAll := func(v any, known map[string]setting, besides ...string) {
		var names []string
		for f := range reflect.TypeOf(v).Fields() {
			if f.IsExported() && !slices.Contains(besides, f.Name) {
				names = append(names, f.Name)
			}
		}
		slices.Sort(names)
		if known := slices.Sorted(maps.Keys(known)); !slices.Equal(known, names) {
			t.Errorf("%T has %v, a file %v", v, names, known)
		}
	}
	known := c.settings()
	delete(known, "sealed")
	hasAll(c.options, known, "Codec", "ErrorHandler", "Logger") // no row of the audit asks for them, but for Logger, which no file can say much of
	hasAll(c.options.Cookie, cookieSettings(&cookie.Attrs{}), "MaxAge", "Expires")
}

func TestConfig_WhatIsInTheFileIsInTheOptions(t *testing.T) {
	t.Parallel()
	c, err := parseConfig([]byte(all))
	if err != nil || !c.sealed {
		t.Fatalf("sealed %v, error %v", c.sealed, err)
	}
	given := func(v any, besides ...string) {
		value := reflect.ValueOf(v)
		for f := range value.Type().Fields() {
			if f.IsExported() && !slices.Contains(besides, f.Name) && value.FieldByIndex(f.Index).IsZero() {
				t.Errorf("%s is not read", f.Name)
			}
		}
	}
	given(c.options, "Codec", "ErrorHandler", "Logger")
	given(c.options.Cookie, "MaxAge", "Expires")
	again, err := parseConfig([]byte(all))
	again.options.Client, again.options.Epoch, again.options.NotBefore, again.options.Observe = nil, nil, nil, nil
	want := session.Options{
		Name: "__Secure-sid", Idle: 600e9, Lifetime: session.Never, Timeout: 1e9, MaxRecord: 1000,
		Cookie: cookie.Attrs{Path: "/app", Domain: "example.com", Insecure: true, Scriptable: true, SameSite: 3, Partitioned: true},
		Level:  1, Deviations: map[string]string{"S07": "why"}, Limit: 7, OverLimit: session.DenyNew, ClearSiteData: []string{"storage"},
		Rotate: 1200e9, Fork: session.ForkEnd, Strict: true, Insecure: true,
	}
	if err != nil || !reflect.DeepEqual(again.options, want) {
		t.Errorf("got %+v, %v\nwant %+v", again.options, err, want)
	}
}

func FuzzConfig_AFileIsOptionsOrFaultsOfOneLineEach(f *testing.F) {
	for _, text := range []string{all, "{}", "", "[", `{"Cookie":{"Path":3}}`, `{"Idle":"never","Idle":1}`, "{\"\u2028\":0}", `{"Deviations":{"":""}}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		_, err := parseConfig(text)
		if err == nil {
			return
		}
		for _, fault := range parts(err) {
			if strings.ContainsAny(fault.Error(), "\n\r") {
				t.Errorf("%q", fault)
			}
		}
	})
}
