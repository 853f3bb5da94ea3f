package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/sojourn-go/session/seal"
)

// ownConfig gives the demos of this test a configuration directory.
func ownConfig(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(dir, "config"))
	t.Setenv(keyVariable, "")
	dir, err := os.UserConfigDir()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestSealed_ARestartSignsNobodyOut(t *testing.T) {
	file := filepath.Join(ownConfig(t), "sojourn", "key")
	first := start(t, "-store", "sealed")
	v := newVisitor(t, first.url)
	v.get("/").want(t, 200, counted(1), "in your cookie, encrypted")
	v.signIn("Ann")
	v.get("/").want(t, 200, counted(2), "A copy that somebody made")
	v.get("/session").want(t, 200, "the server remembers nothing")
	v.get("/cookies").want(t, 200, "The session's cookie is the session", "not shown")
	first.stop(syscall.SIGTERM)
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key is in a file of mode %v, error %v", info.Mode(), err)
	}
	if left, _ := filepath.Glob(file + "-*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}

	second := start(t, "-store", "sealed")
	v.url = second.url
	v.get("/").want(t, 200, counted(3), "Good to see you, Ann.")
	v.post("/logout", "").want(t, 303)
	v.get("/").want(t, 200, counted(1), "Welcome, stranger.")
	if log := first.stderr.String() + second.stderr.String(); strings.Contains(log, "sojourn_key") || !strings.Contains(log, file) {
		t.Errorf("the log tells the key, or not where it is from:\n%s", log)
	}
}

func TestSealed_TheKeysComeFromTheFlagOrElseTheVariable(t *testing.T) {
	config := ownConfig(t)
	old, young := seal.NewKey().Text(), seal.NewKey().Text()
	file := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(file, []byte(young+"\n"+old+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv(keyVariable, old)
	before := start(t, "-store", "sealed")
	v := newVisitor(t, before.url)
	v.signIn("Ann")
	before.stop(syscall.SIGTERM)

	rotated := start(t, "-store", "sealed", "-key", file)
	v.url = rotated.url
	v.get("/").want(t, 200, "Good to see you, Ann.") // and seals it anew
	rotated.stop(syscall.SIGTERM)

	t.Setenv(keyVariable, young)
	v.url = start(t, "-store", "sealed").url
	v.get("/").want(t, 200, "Good to see you, Ann.")
	if _, err := os.Stat(filepath.Join(config, "sojourn")); err == nil {
		t.Error("a key of its own was made where nobody needs one")
	}
}

func TestSealed_AKeyThatIsNoneIsSaidBeforeListening(t *testing.T) {
	ownConfig(t)
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	key := seal.NewKey().Text()
	for _, c := range []struct {
		args []string
		want []string
	}{
		{[]string{"-key", filepath.Join(dir, "nowhere")}, []string{"-key: ", "nowhere"}},
		{[]string{"-key", file("empty", "\n")}, []string{"there is none", "sojourn keygen"}},
		{[]string{"-key", file("ring", "a 16-byte secret"), "-idle", "1us"}, []string{"key 1: ", "Idle is 1µs"}},
		{[]string{"-key", file("cut", key[:40])}, []string{"cut off: 40 of"}},
		{[]string{"-key", file("twice", key+" "+key)}, []string{"twice"}},
	} {
		code, stdout, stderr := execute(t, append([]string{"demo", "-store", "sealed"}, c.args...)...)
		if code != 2 || stdout != "" {
			t.Errorf("%q: exit code %d, want 2; standard output %q", c.args, code, stdout)
		}
		for _, text := range c.want {
			if !strings.Contains(stderr, text) {
				t.Errorf("%q: no %q in\n%s", c.args, text, stderr)
			}
		}
		if strings.Contains(stderr, key[:40]) || strings.Contains(stderr, "16-byte") {
			t.Errorf("%q: the key is told:\n%s", c.args, stderr)
		}
	}
	if code, _, stderr := execute(t, "demo", "-key", file("good", key)); code != 2 || !strings.Contains(stderr, "-store sealed") {
		t.Errorf("-key without -store sealed: exit code %d\n%s", code, stderr)
	}
}
