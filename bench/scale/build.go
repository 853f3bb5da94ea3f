package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

const (
	ownModule  = "github.com/sojourn-go/session"
	scsModule  = "github.com/alexedwards/scs/v2"
	holdModule = ownModule + "/bench/scale/hold"
)

// An edit is made to a copy of real source. Its old text must occur exactly
// once, so that it cannot quietly miss what it is about.
type edit struct{ old, new string }

var (
	// askScs lets us sweep when we want to, and see what is left.
	askScs = []edit{{
		"func (m *MemStore) deleteExpired() {",
		"func (m *MemStore) Sweep() { m.deleteExpired() }\n\n" +
			"func (m *MemStore) Len() int { return len(m.items) }\n\n" +
			"func (m *MemStore) deleteExpired() {",
	}}
	// The package of the name sync gives the mutexes; the second edit of each
	// makes sure that there is still one, and but one.
	timeScs = []edit{
		{"\t\"sync\"\n", "\tsync \"" + holdModule + "\"\n"},
		{"sync.RWMutex", "sync.RWMutex /* that tells its holds */"},
	}
	timeOwn = []edit{
		{"\t\"sync\"\n", "\tsync \"" + holdModule + "\"\n"},
		{"sync.Mutex", "sync.Mutex /* that tells its holds */"},
	}
)

func apply(text string, edits []edit) (string, error) {
	for _, e := range edits {
		if n := strings.Count(text, e.old); n != 1 {
			return "", fmt.Errorf("this is there %d times, not once: %q", n, e.old)
		}
		text = strings.Replace(text, e.old, e.new, 1)
	}
	return text, nil
}

// editFile writes an edited copy of the file from.
func editFile(from, to string, edits []edit) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	edited, err := apply(string(text), edits)
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	return os.WriteFile(to, []byte(edited), 0o600)
}

// A builder compiles this command anew, upon edited copies of the stores.
type builder struct {
	dir           string // where the copies and the binaries go
	bench         string // the module of this command
	own, scs, mod string // the directory of each module, and a go.mod beside
}

func newBuilder(dir string) (*builder, error) {
	b := &builder{dir: dir, mod: filepath.Join(dir, "bench.mod")}
	for module, at := range map[string]*string{ownModule + "/bench": &b.bench, ownModule: &b.own, scsModule: &b.scs} {
		out, err := goCommand("", "list", "-m", "-f", "{{.Dir}}", module)
		if err != nil {
			return nil, err
		}
		*at = strings.TrimSpace(out)
	}
	return b, nil
}

// build returns the path of a binary: of one that measures how long locks are
// held, if timed, and else of one whose stores are as they are.
func (b *builder) build(timed bool) (string, error) {
	name, ofScs, ofOwn := "plain", askScs, []edit(nil)
	if timed {
		name, ofScs, ofOwn = "timed", slices.Concat(timeScs, askScs), timeOwn
	}
	shard := filepath.Join(b.own, "store", "memstore", "shard.go")
	shardCopy := filepath.Join(b.dir, name, "shard.go")
	scsCopy := filepath.Join(b.dir, name, "scs")
	err := firstError(
		func() error { return editFile(shard, shardCopy, ofOwn) },
		func() error { return b.copyScs(scsCopy, ofScs) },
		func() error { return b.writeMod(scsCopy) },
	)
	if err != nil {
		return "", err
	}
	overlay, _ := json.Marshal(map[string]any{"Replace": map[string]string{shard: shardCopy}})
	listed, binary := filepath.Join(b.dir, name, "overlay.json"), filepath.Join(b.dir, name, "scale")
	if err := os.WriteFile(listed, overlay, 0o600); err != nil {
		return "", err
	}
	_, err = goCommand(b.bench, "build", "-modfile", b.mod, "-overlay", listed, "-o", binary, "./scale")
	return binary, err
}

// copyScs copies the one package of scs that is needed. It is no overlay,
// since the go command allows none in its module cache.
func (b *builder) copyScs(to string, edits []edit) error {
	return firstError(
		func() error { return editFile(filepath.Join(b.scs, "go.mod"), filepath.Join(to, "go.mod"), nil) },
		func() error {
			const name = "memstore/memstore.go"
			return editFile(filepath.Join(b.scs, name), filepath.Join(to, name), edits)
		},
	)
}

// writeMod writes a go.mod like ours that takes scs from dir.
func (b *builder) writeMod(scs string) error {
	return firstError(
		func() error { return editFile(filepath.Join(b.bench, "go.mod"), b.mod, nil) },
		func() error {
			return editFile(filepath.Join(b.bench, "go.sum"), strings.TrimSuffix(b.mod, ".mod")+".sum", nil)
		},
		func() error {
			_, err := goCommand("", "mod", "edit", "-replace", scsModule+"="+scs, b.mod)
			return err
		},
	)
}

func firstError(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func goCommand(dir string, args ...string) (string, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return string(out), nil
}
