package session_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestHouse_TheDocumentsAreThere(t *testing.T) {
	for _, name := range []string{"README.md", "DESIGN.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "LICENSE"} {
		if info, err := os.Stat(name); err != nil || info.Size() == 0 {
			t.Errorf("%s is missing or empty", name)
		}
	}
}

var (
	markdownSpan = regexp.MustCompile("`[^`\n]+`")
	testName     = regexp.MustCompile(`\b(?:Test|Benchmark|Fuzz|Example)[A-Z_]\w*`)
	testFunc     = regexp.MustCompile(`(?m)^func ((?:Test|Benchmark|Fuzz|Example)\w+)\(`)
)

// A claim names the test that proves it. When the test is renamed or deleted,
// the claim has to go with it.
func TestHouse_EveryTestThatADocumentNamesExists(t *testing.T) {
	exists := map[string]bool{}
	for path := range treeFiles(t) {
		if strings.HasSuffix(path, "_test.go") {
			for _, m := range testFunc.FindAllStringSubmatch(readText(t, path), -1) {
				exists[m[1]] = true
			}
		}
	}
	for name := range treeFiles(t) {
		if filepath.Ext(name) != ".md" {
			continue
		}
		for _, span := range markdownSpan.FindAllString(withoutMarkdownBlocks(readText(t, name)), -1) {
			for _, claimed := range testName.FindAllString(span, -1) {
				if !exists[claimed] {
					t.Errorf("%s names %s, and there is no such test", name, claimed)
				}
			}
		}
	}
}

var markdownLink = regexp.MustCompile(`\]\(([^)\s]+)[^)]*\)`)

func TestHouse_EveryLinkWithinTheTreeLeadsSomewhere(t *testing.T) {
	for path := range treeFiles(t) {
		if filepath.Ext(path) != ".md" {
			continue
		}
		text := markdownSpan.ReplaceAllString(withoutMarkdownBlocks(readText(t, path)), "")
		for _, m := range markdownLink.FindAllStringSubmatch(text, -1) {
			target, _, _ := strings.Cut(m[1], "#")
			if target == "" || strings.Contains(target, ":") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), filepath.FromSlash(target))); err != nil {
				t.Errorf("%s links to %s, which is not there", path, target)
			}
		}
	}
}

func TestHouse_TheProgramsInTheReadmeCompile(t *testing.T) {
	tree, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	programs := 0
	for _, block := range markdownBlocks(readText(t, "README.md"), "go") {
		if !strings.HasPrefix(strings.TrimSpace(block), "package main") {
			continue
		}
		programs++
		dir := t.TempDir()
		writeText(t, filepath.Join(dir, "main.go"), block)
		writeText(t, filepath.Join(dir, "go.mod"), fmt.Sprintf(
			"module readme\n\ngo 1.26.0\n\nrequire %s v0.0.0\n\nreplace %s => %q\n", modulePath, modulePath, tree))
		runGoIn(t, dir, []string{"GOWORK=off", "GOFLAGS=-mod=mod"}, "build", "-o", os.DevNull, ".")
	}
	if programs == 0 {
		t.Error("README.md has no complete program (a go block that begins with package main)")
	}
}

var markdownFence = regexp.MustCompile("(?ms)^```([a-z]*)\n(.*?)^```")

// markdownBlocks returns the fenced blocks of the language.
func markdownBlocks(text, language string) (found []string) {
	for _, m := range markdownFence.FindAllStringSubmatch(text, -1) {
		if m[1] == language {
			found = append(found, m[2])
		}
	}
	return found
}

func withoutMarkdownBlocks(text string) string { return markdownFence.ReplaceAllString(text, "") }

func readText(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func writeText(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
