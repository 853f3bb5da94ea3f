package publish

import (
	"archive/zip"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A module is one of those that a release publishes.
type module struct{ path, dir string }

// treeRoot returns the root of the tree that this package lies in.
func treeRoot(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// published returns the modules of go.work: what lies outside it (proof, bench,
// tools) is for those who work on the tree.
func published(t *testing.T, tree string) (all []module) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Path}}\t{{.Dir}}")
	cmd.Dir = tree
	cmd.Env = append(os.Environ(), "GOWORK=", "GOFLAGS=")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		path, dir, _ := strings.Cut(strings.TrimSpace(line), "\t")
		rel, err := filepath.Rel(tree, dir)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, module{path, rel})
	}
	return all
}

// publishedProxy releases a copy of the tree, and returns the folder of a
// module proxy which serves it: a proxy is no more than files of given names.
func publishedProxy(t *testing.T) string {
	t.Helper()
	tree, proxy := copyTree(t), t.TempDir()
	release(t, tree, "-write", version)
	info, err := json.Marshal(map[string]string{"Version": version, "Time": "2026-01-01T00:00:00Z"})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range published(t, tree) {
		at := filepath.Join(proxy, filepath.FromSlash(m.path), "@v")
		mod, err := os.ReadFile(filepath.Join(tree, m.dir, "go.mod"))
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(at, "list"), []byte(version+"\n"))
		writeFile(t, filepath.Join(at, version+".info"), info)
		writeFile(t, filepath.Join(at, version+".mod"), mod)
		writeZip(t, filepath.Join(at, version+".zip"), m.path+"@"+version+"/", filepath.Join(tree, m.dir))
	}
	return proxy
}

// writeZip packs the module in dir, without the modules nested in it, as the
// module zip format wants it: every name begins with path@version/.
func writeZip(t *testing.T, name, prefix, dir string) {
	t.Helper()
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	w := zip.NewWriter(file)
	walk(t, dir, func(rel string, text []byte) {
		f, err := w.Create(prefix + filepath.ToSlash(rel))
		if err == nil {
			_, err = f.Write(text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}, func(path string) bool {
		_, err := os.Stat(filepath.Join(path, "go.mod"))
		return err == nil
	})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}

func copyTree(t *testing.T) string {
	t.Helper()
	to := t.TempDir()
	walk(t, treeRoot(t), func(rel string, text []byte) {
		writeFile(t, filepath.Join(to, rel), text)
	}, func(string) bool { return false })
	return to
}

// walk visits the files below dir; folders below it that skip names, and those
// that are never part of the tree, are left out.
func walk(t *testing.T, dir string, visit func(rel string, text []byte), skip func(path string) bool) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != dir:
			if slices.Contains([]string{".git", ".tmp", "node_modules"}, d.Name()) || skip(path) {
				return fs.SkipDir
			}
		case d.Type().IsRegular():
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			rel, err := filepath.Rel(dir, path)
			if err != nil {
				return err
			}
			visit(rel, text)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// readAll returns go.work and every go.mod of the tree, in one text.
func readAll(t *testing.T, tree string) string {
	t.Helper()
	var all strings.Builder
	walk(t, tree, func(rel string, text []byte) {
		if name := filepath.Base(rel); name == "go.mod" || name == "go.work" {
			all.WriteString(rel + "\n" + string(text))
		}
	}, func(string) bool { return false })
	return all.String()
}

func script(tree string) string { return filepath.Join(tree, "scripts", "release") }

// release runs the tree's own script and returns what it printed.
func release(t *testing.T, tree string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", append([]string{script(tree)}, args...)...)
	cmd.Env = append(os.Environ(), "GOFLAGS=")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("scripts/release %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func writeFile(t *testing.T, name string, text []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
}
