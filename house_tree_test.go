package session_test

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A goPackage is what go list says of one of our packages.
type goPackage struct {
	Dir, ImportPath, Name              string
	Module                             struct{ Path string }
	Imports, Deps                      []string
	TestImports, XTestImports          []string
	GoFiles, TestGoFiles, XTestGoFiles []string
}

func (p goPackage) rel() string { rel, _ := belowModule(p.ImportPath); return rel }

type goModule struct {
	Module  struct{ Path string }
	Go      string
	Require []struct{ Path, Version string }
	Replace []struct{ Old struct{ Path string } }
}

func readModule(t *testing.T, path string) (mod goModule) {
	t.Helper()
	decodeGo(t, &mod, "mod", "edit", "-json", path)
	return mod
}

// listPackages returns the packages of all modules in go.work, or of the root
// alone where there is no go.work (in a module cache).
func listPackages(t *testing.T) (all []goPackage) {
	t.Helper()
	pattern := "work"
	if _, err := os.Stat("go.work"); err != nil {
		pattern = "./..."
	}
	d := json.NewDecoder(strings.NewReader(runGo(t, "list", "-json", pattern)))
	for {
		var p goPackage
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func decodeGo(t *testing.T, v any, args ...string) {
	t.Helper()
	if err := json.Unmarshal([]byte(runGo(t, args...)), v); err != nil {
		t.Fatal(err)
	}
}

func runGo(t *testing.T, args ...string) string {
	t.Helper()
	return runGoIn(t, ".", nil, args...)
}

// runGoIn runs the go command in dir with env on top of the environment, and
// returns what it printed.
func runGoIn(t *testing.T, dir string, env []string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("there is no go command to ask about the tree")
	}
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return string(out)
}

// treeFiles yields every file of the tree below the working directory.
func treeFiles(t *testing.T) func(yield func(string) bool) {
	t.Helper()
	return func(yield func(string) bool) {
		err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && slices.Contains([]string{".git", ".tmp", "node_modules"}, d.Name()):
				return fs.SkipDir
			case d.Type().IsRegular() && !yield(path):
				return fs.SkipAll
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}
