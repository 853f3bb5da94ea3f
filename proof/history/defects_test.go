package history

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// seededSource goes into the root package beside the edits.
const seededSource = `package session

import "os"

var seededDefect = os.Getenv("SOJOURN_DEFECT")

func seeded(name string) bool { return seededDefect == name }
`

// TestEverySeededDefectIsCaught builds the histories once, upon the code with
// all defects in it, and runs them with each switched on.
func TestEverySeededDefectIsCaught(t *testing.T) {
	binary := buildDefective(t)
	if out, err := runDefective(t, binary, "", ".", "1000"); err != nil {
		t.Fatalf("without any defect: %v\n%s", err, out)
	}
	for _, d := range defects {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			out, err := runDefective(t, binary, d.name, "^TestHistoriesAreLinearizable$", "60000")
			seed := regexp.MustCompile(`SOJOURN_SEED=\d+`).Find(out)
			switch {
			case err == nil:
				t.Errorf("no history showed it:\n%s", out)
			case seed == nil:
				t.Errorf("it ended without a history: %v\n%s", err, out)
			default:
				t.Logf("%s: shown by %s", d.name, seed)
			}
		})
	}
	for _, name := range jarDefects {
		t.Run(name+", seen by the jar", func(t *testing.T) {
			t.Parallel()
			if out, err := runDefective(t, binary, name, "^TestAnswersMayComeToTheJarInAnyOrder$", ""); err == nil {
				t.Errorf("no order showed it:\n%s", out)
			}
		})
	}
}

// jarDefects are those that the orders of delivery must show, too.
var jarDefects = []string{
	"end ignored", "old token accepted", "replay across login",
	"a cookie after a failure", "superseded tokens forgotten", "no replay", "upsert",
}

func runDefective(t *testing.T, binary, name, tests, histories string) ([]byte, error) {
	cmd := exec.CommandContext(t.Context(), binary, "-test.run="+tests, "-test.skip=^TestEvery", "-test.timeout=2m")
	cmd.Env = append(os.Environ(), "SOJOURN_DEFECT="+name, "SOJOURN_HISTORIES="+histories, "SOJOURN_SEED=")
	return cmd.CombinedOutput()
}

// buildDefective compiles this package's tests against the root package with
// every edit made, by way of an overlay.
func buildDefective(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	overlay := map[string]string{}
	write := func(name, text string) {
		at := filepath.Join(dir, name)
		if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		overlay[filepath.Join(root, name)] = at
	}
	for name, text := range editAll(t, root) {
		write(name, text)
	}
	write("seeded_defects.go", seededSource)
	list, _ := json.Marshal(map[string]any{"Replace": overlay})
	listed, binary := filepath.Join(dir, "overlay.json"), filepath.Join(dir, "history.test")
	if err := os.WriteFile(listed, list, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "go", "test", "-c", "-overlay", listed, "-o", binary, ".")
	cmd.Env = append(os.Environ(), "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return binary
}

// editAll returns the edited files. A text that an edit is about, and that is
// not there any more exactly once, is a defect that has to follow the code.
func editAll(t *testing.T, root string) map[string]string {
	t.Helper()
	files := readSources(t, root)
	edited := map[string]string{}
	for _, d := range defects {
		for _, e := range d.edits {
			n := 0
			for name, text := range files {
				if found := strings.Count(text, e.old); found > 0 {
					n += found
					files[name] = strings.Replace(text, e.old, e.new, 1)
					edited[name] = files[name]
				}
			}
			if n != 1 {
				t.Errorf("defect %q: this is there %d times, not once:\n%s", d.name, n, e.old)
			}
		}
	}
	if t.Failed() {
		t.FailNow()
	}
	return edited
}

// readSources returns the files of the root package.
func readSources(t *testing.T, root string) map[string]string {
	t.Helper()
	names, _ := filepath.Glob(filepath.Join(root, "*.go"))
	files := map[string]string{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(name)] = string(text)
	}
	return files
}
