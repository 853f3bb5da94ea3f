package browser

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// folder is where the demo is built to.
var folder string

func TestMain(m *testing.M) {
	os.Exit(inFolder(m.Run))
}

func inFolder(run func() int) int {
	var err error
	if folder, err = os.MkdirTemp("", "sojourn-browser-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	return run()
}

// build builds the demo of this tree, when the first test needs it; under the
// race detector if the tests are.
var build = sync.OnceValues(func() (string, error) {
	program := filepath.Join(folder, "sojourn")
	args := []string{"build", "-o", program}
	if raced() {
		args = append(args, "-race")
	}
	cmd := exec.Command("go", append(args, "./cmd/sojourn")...)
	cmd.Dir = filepath.Join("..", "..")
	cmd.Env = append(os.Environ(), "GOWORK=") // the go.work of the tree is the one that counts
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%v: %w\n%s", cmd, err, out)
	}
	return program, nil
})

func raced() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// A demo is one that runs in a process of its own.
type demo struct {
	t   *testing.T
	cmd *exec.Cmd
	out *bufio.Reader
	log bytes.Buffer // to be read when the process has ended
	url string       // http://127.0.0.1:PORT
}

var listening = regexp.MustCompile(`^listening on (http://127\.0\.0\.1:\d+)\n$`)

func startDemo(t *testing.T, flags ...string) *demo {
	t.Helper()
	program, err := build()
	if err != nil {
		t.Fatal(err)
	}
	d := &demo{t: t, cmd: exec.Command(program, append([]string{"demo", "-addr", "127.0.0.1:0"}, flags...)...)}
	d.cmd.Env = append(os.Environ(),
		"XDG_CACHE_HOME="+t.TempDir(), // where its sessions are kept
		"GORACE=atexit_sleep_ms=0")    // the race detector waits a second at the end
	d.cmd.Stderr = &d.log
	out, err := d.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.stop)
	d.out = bufio.NewReader(out)
	line, err := d.out.ReadString('\n')
	m := listening.FindStringSubmatch(line)
	if m == nil {
		t.Fatalf("the first line on standard output is %q (%v), want listening on http://127.0.0.1:PORT", line, err)
	}
	d.url = m[1]
	return d
}

// keygen returns a key for sealing.
func keygen(t *testing.T) string {
	t.Helper()
	program, err := build()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(program, "keygen").Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// stop holds the demo to a clean end, and to a log without errors.
func (d *demo) stop() {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	defer context.AfterFunc(ctx, func() { _ = d.cmd.Process.Kill() })()
	if err := d.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		d.t.Error(err)
	}
	if more, _ := io.ReadAll(d.out); len(more) > 0 { // before Wait, which closes the pipe
		d.t.Errorf("more on standard output than the first line: %q", more)
	}
	if err := d.cmd.Wait(); err != nil {
		d.t.Errorf("the demo ended with %v, want exit code 0", err)
	}
	log := d.log.String()
	if strings.Contains(log, "level=ERROR") || strings.Contains(log, "panic") {
		d.t.Error("the demo has logged an error")
	}
	if d.t.Failed() {
		d.t.Logf("what the demo said:\n%s", log)
	}
}

// at returns the demo's address under another name of this machine.
func (d *demo) at(host string) string {
	u, err := url.Parse(d.url)
	if err != nil {
		d.t.Fatal(err)
	}
	return "http://" + host + ":" + u.Port()
}
