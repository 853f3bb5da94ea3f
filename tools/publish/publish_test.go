// Package publish tests that the modules of this tree can be used by those who
// do not have the tree: after a release, as a proxy serves them, and before it,
// by replace lines.
package publish

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const (
	root    = "github.com/sojourn-go/session"
	command = root + "/cmd/sojourn"
	version = "v0.1.0"
)

// A program of a user's: it needs the root module and nothing else.
const program = `package main

import (
	"fmt"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/store/memstore"
)

func main() {
	_, err := session.New(memstore.New(memstore.Options{}), session.Options{})
	fmt.Println("error:", err)
}
`

func TestThePublishedCommandInstallsWithOneLineAndRuns(t *testing.T) {
	bin := t.TempDir()
	u := newUser(t, publishedProxy(t), "GOBIN="+bin)
	u.run("go", "install", command+"@"+version)
	u.run(filepath.Join(bin, "sojourn"), "help")
}

func TestThePublishedRootAddsOneModuleToTheUsersSums(t *testing.T) {
	u := newUser(t, publishedProxy(t))
	u.run("go", "mod", "init", "example.com/app")
	u.write("main.go", program)
	u.run("go", "get", root+"@"+version)
	u.run("go", "build", "-mod=readonly", "-o", "app", ".")
	if got := u.run("./app"); got != "error: <nil>\n" {
		t.Errorf("the program printed %q", got)
	}
	for line := range strings.Lines(u.read("go.sum")) {
		if module, _, _ := strings.Cut(line, " "); module != root {
			t.Errorf("go.sum names %s, want %s alone", module, root)
		}
	}
}

func TestAPublishedNestedModuleIsAToolOfTheUsersModule(t *testing.T) {
	u := newUser(t, publishedProxy(t))
	u.run("go", "mod", "init", "example.com/app")
	u.run("go", "get", "-tool", command+"@"+version)
	u.run("go", "tool", "sojourn", "help")
}

func TestBeforePublicationOneReplaceLineAModuleIsEnough(t *testing.T) {
	tree := treeRoot(t)
	u := newUser(t, t.TempDir())
	u.write("main.go", program)
	var mod strings.Builder
	fmt.Fprintf(&mod, "module example.com/app\n\ngo 1.26.0\n\ntool %s\n\n", command)
	for _, m := range published(t, tree) {
		fmt.Fprintf(&mod, "require %s v0.0.0\n\nreplace %s => %q\n\n", m.path, m.path, filepath.Join(tree, m.dir))
	}
	u.write("go.mod", mod.String())
	u.run("go", "mod", "tidy")
	u.run("go", "build", "-o", "app", ".")
	u.run("./app")
	u.run("go", "tool", "sojourn", "help")
}

func TestTheReadmeShowsTheReplaceLineOfEveryModule(t *testing.T) {
	tree := treeRoot(t)
	readme, err := os.ReadFile(filepath.Join(tree, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range published(t, tree) {
		// As a line of go.mod, or as the argument of go mod edit.
		line := regexp.MustCompile(`replace[ =]` + regexp.QuoteMeta(m.path) + `(?: => |=)\S+`)
		if !line.Match(readme) {
			t.Errorf("README.md does not show: replace %s => ...", m.path)
		}
	}
}

func TestADryRunOfTheReleaseChangesNothingAndNamesTheTags(t *testing.T) {
	tree := copyTree(t)
	before := readAll(t, tree)
	out := release(t, tree, version)
	for _, tag := range []string{"    v0.1.0\n", "    cmd/sojourn/v0.1.0\n"} {
		if !strings.Contains(out, tag) {
			t.Errorf("the tag %q is not in\n%s", tag, out)
		}
	}
	if after := readAll(t, tree); after != before {
		t.Error("a go.mod or go.work has changed")
	}
}

func TestTheReleasedTreeStillBuildsFromAClone(t *testing.T) {
	tree := copyTree(t)
	release(t, tree, "-write", version)
	if text := readAll(t, tree); strings.Contains(text, " v0.0.0 =>") {
		t.Errorf("a line at v0.0.0 is left in\n%s", text)
	}
	u := newUser(t, t.TempDir(), "GOWORK=", "GOFLAGS=-modcacherw")
	u.dir = tree
	u.run("go", "run", "./cmd/sojourn", "help")
}

func TestTheReleaseRefusesWhatIsNoVersion(t *testing.T) {
	for _, bad := range []string{"", "0.1.0", "v1", "v2.0.0", "v0.1.0 "} {
		if out, err := exec.CommandContext(t.Context(), "bash", script(treeRoot(t)), bad).CombinedOutput(); err == nil {
			t.Errorf("%q was taken: %s", bad, out)
		}
	}
}
