package sessiontest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/sessiontest"
	"github.com/sojourn-go/session/store/memstore"
)

// audited runs a test that holds the options to the file.
func audited(t *testing.T, o session.Options, file string) *fakeTB {
	t.Helper()
	m, err := session.New(memstore.New(memstore.Options{}), o)
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
	m, err := session.New(memstore.New(memstore.Options{}), session.Options{})
	if err != nil {
		t.Fatal(err)
	}
	sessiontest.Audit(t, m, "testdata/audit.txt")
}
