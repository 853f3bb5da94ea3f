package sessiontest_test

import (
	"context"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/cookie"
	"github.com/sojourn-go/session/seal"
	"github.com/sojourn-go/session/sessiontest"
	"github.com/sojourn-go/session/store/memstore"
)

// audited runs a test that holds the options to the file.
func audited(t *testing.T, o session.Options, file string) *fakeTB {
	t.Helper()
	m, err := stored(o)
	if err != nil {
		t.Fatal(err)
	}
	return run(t, func(tb testing.TB) { sessiontest.Audit(tb, m, file) })
}

// written has the file written for the zero options, and returns its path.
func written(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "new", "dir", "audit.txt")
	t.Setenv("SESSIONTEST_UPDATE", "1")
	audited(t, session.Options{}, file).wantNone(t)
	t.Setenv("SESSIONTEST_UPDATE", "")
	return file
}

func TestTheAuditOfAnUnchangedConfigurationIsTheFileThatWasWritten(t *testing.T) {
	file := written(t)
	audited(t, session.Options{}, file).wantNone(t)
	text, err := os.ReadFile(file)
	if err != nil || !strings.HasPrefix(string(text), "# ") || !strings.Contains(string(text), "\nS52 kept: ") {
		t.Errorf("%v, %s", err, text)
	}
}

func TestAnAuditHasFailedWhenTheConfigurationDriftsAndShowsTheRowsThatDiffer(t *testing.T) {
	f := audited(t, session.Options{Idle: time.Hour, Limit: 5}, written(t))
	f.wantFailure(t, false, "audit.txt", "SESSIONTEST_UPDATE=1",
		"- S05 kept: ", "-     Idle 30m0s;", "+ S05 kept: ", "+     Idle 1h0m0s;",
		"-     Limit 1000;", "+     Limit 5;")
	if n := strings.Count(f.failures[0], "\n- S") + strings.Count(f.failures[0], "\n+ S"); n != 4 {
		t.Errorf("%d rows are shown, want two of before and two of now:\n%s", n, f.failures[0])
	}
}

func TestAnAuditFindsAReasonThatWasDropped(t *testing.T) {
	file := written(t)
	o := session.Options{Deviations: map[string]string{"S46": "a gateway refuses them"}}
	audited(t, o, file).wantFailure(t, false, "- S46 application: ", "+ S46 stated: ", "+     because: a gateway refuses them")
}

// changes are one of each option that is data, and whether there is a function.
var changes = map[string]func(o *session.Options){
	"Name":               func(o *session.Options) { o.Name = "sid" },
	"Cookie.Path":        func(o *session.Options) { o.Cookie.Path = "/app" },
	"Cookie.Domain":      func(o *session.Options) { o.Cookie.Domain = "example.com" },
	"Cookie.Scriptable":  func(o *session.Options) { o.Cookie.Scriptable = true },
	"Cookie.SameSite":    func(o *session.Options) { o.Cookie.SameSite = http.SameSiteStrictMode },
	"Cookie.Partitioned": func(o *session.Options) { o.Cookie.Partitioned = true },
	"Idle":               func(o *session.Options) { o.Idle = 30*time.Minute - time.Millisecond },
	"Lifetime":           func(o *session.Options) { o.Lifetime = 24*time.Hour + time.Millisecond },
	"Timeout":            func(o *session.Options) { o.Timeout = 5*time.Second + time.Millisecond },
	"MaxRecord":          func(o *session.Options) { o.MaxRecord = 1<<20 + 1 },
	"Level":              func(o *session.Options) { o.Level = 1 },
	"Deviations":         func(o *session.Options) { o.Deviations = map[string]string{"S50": "why"} },
	"Limit":              func(o *session.Options) { o.Limit = 1001 },
	"OverLimit":          func(o *session.Options) { o.OverLimit = session.DenyNew },
	"ClearSiteData":      func(o *session.Options) { o.ClearSiteData = []string{"cache"} },
	"Rotate":             func(o *session.Options) { o.Rotate = 15*time.Minute + time.Millisecond },
	"Fork":               func(o *session.Options) { o.Fork = session.ForkStale },
	"Strict":             func(o *session.Options) { o.Strict = true },
	"Codec":              func(o *session.Options) { o.Codec = struct{ session.Codec }{} },
	"Insecure":           func(o *session.Options) { o.Insecure = true },
	"Client":             func(o *session.Options) { o.Client = session.ClientOf },
	"Epoch":              func(o *session.Options) { o.Epoch = func(context.Context, string) (uint64, error) { return 1, nil } },
	"NotBefore":          func(o *session.Options) { o.NotBefore = time.Now },
	"Observe":            func(o *session.Options) { o.Observe = func(context.Context, session.Event) {} },
}

// unseen are the fields of which the file has nothing, and why.
var unseen = map[string]string{
	"Cookie.Insecure": "it goes with Insecure, and is refused without",
	"Cookie.MaxAge":   "it is refused",
	"Cookie.Expires":  "it is refused",
	"ErrorHandler":    "it is code",
	"Logger":          "it is code; that it takes not even errors is seen",
}

func TestAnAuditHasFailedWhicheverOptionIsChanged(t *testing.T) {
	fields := slices.DeleteFunc(fieldsOf(reflect.TypeFor[session.Options](), ""), func(name string) bool { return name == "Cookie" })
	fields = append(fields, fieldsOf(reflect.TypeFor[cookie.Attrs](), "Cookie.")...)
	named := slices.Concat(slices.Collect(maps.Keys(changes)), slices.Collect(maps.Keys(unseen)))
	slices.Sort(fields)
	if slices.Sort(named); !slices.Equal(fields, named) {
		t.Fatalf("the options are %q, and known here %q", fields, named)
	}
	storedOnly := []string{"Limit", "OverLimit", "Rotate", "Fork", "Strict", "Client"} // NewSealed refuses them
	for name, change := range changes {
		if name != "Epoch" && name != "NotBefore" { // New refuses them
			changed(t, name, session.Options{Name: "sid-of-before", Rotate: 15 * time.Minute}, change, stored)
		}
		if !slices.Contains(storedOnly, name) {
			changed(t, name, session.Options{Name: "sid-of-before"}, change, sealed)
		}
	}
}

func fieldsOf(t reflect.Type, prefix string) (names []string) {
	for f := range t.Fields() {
		if f.IsExported() {
			names = append(names, prefix+f.Name)
		}
	}
	return names
}

// changed holds the options that change makes of those of before to a file of
// those of before.
func changed(t *testing.T, name string, before session.Options, change func(*session.Options), kind func(session.Options) (*session.Manager, error)) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "audit.txt")
	audit := func(o session.Options, update string) *fakeTB {
		m, err := kind(o)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		t.Setenv("SESSIONTEST_UPDATE", update)
		return run(t, func(tb testing.TB) { sessiontest.Audit(tb, m, file) })
	}
	after := before
	change(&after)
	audit(before, "1").wantNone(t)
	audit(before, "").wantNone(t)
	if f := audit(after, ""); len(f.failures) != 1 {
		t.Errorf("%s was changed, and nobody noticed", name)
	}
}

func stored(o session.Options) (*session.Manager, error) {
	return session.New(memstore.New(memstore.Options{}), o)
}

func sealed(o session.Options) (*session.Manager, error) {
	keys, err := seal.NewKeys(seal.NewKey())
	if err != nil {
		return nil, err
	}
	return session.NewSealed(keys, o)
}

func TestAnAuditFindsWhatIsWrongWithItsFile(t *testing.T) {
	whole := func(t *testing.T, file string) string {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for what, c := range map[string]struct {
		change func(text string) string
		want   string
	}{
		"a row is missing":       {func(text string) string { return text[:strings.Index(text, "S52")] }, "+ S52 kept"},
		"a row is too many":      {func(text string) string { return text + "S53 kept: more\n    of it\n" }, "- S53 kept: more\n-     of it\n"},
		"a row is there twice":   {func(text string) string { return text + text[strings.Index(text, "S52"):] }, "- S52 kept"},
		"it is empty":            {func(string) string { return "" }, "+ S01 kept"},
		"its end was cut":        {func(text string) string { return text[:len(text)-5] }, "+ S52 kept"},
		"it has another text":    {func(string) string { return "    nothing\n" }, "-     nothing\n"},
		"the rows change places": {func(text string) string { i := strings.Index(text, "S02"); return text[i:] + text[:i] }, "in another order"},
	} {
		t.Run(what, func(t *testing.T) {
			file := written(t)
			if err := os.WriteFile(file, []byte(c.change(whole(t, file))), 0o600); err != nil {
				t.Fatal(err)
			}
			audited(t, session.Options{}, file).wantFailure(t, false, c.want)
		})
	}
}

func TestAnAuditDoesNotMindTheLineEndingsOfAnotherSystem(t *testing.T) {
	file := written(t)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(text), "\n", "\r\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	audited(t, session.Options{}, file).wantNone(t)
}

func TestAnAuditWithoutAFileStopsTheTestAndSaysHowToWriteIt(t *testing.T) {
	t.Setenv("SESSIONTEST_UPDATE", "")
	audited(t, session.Options{}, filepath.Join(t.TempDir(), "audit.txt")).wantFailure(t, true, "there is no ", "SESSIONTEST_UPDATE=1")
	audited(t, session.Options{}, t.TempDir()).wantFailure(t, true, "sessiontest: ")
	t.Setenv("SESSIONTEST_UPDATE", "1")
	audited(t, session.Options{}, t.TempDir()).wantFailure(t, true, "sessiontest: ")
}

// ExampleAudit shows what differs from this file.
func TestTheFileOfTheExampleIsTheAuditOfTheZeroOptions(t *testing.T) {
	m, err := stored(session.Options{})
	if err != nil {
		t.Fatal(err)
	}
	sessiontest.Audit(t, m, "testdata/audit.txt")
}
