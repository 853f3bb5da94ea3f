package redisserver_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sojourn-go/session/internal/redisserver"
)

// leaveVariable has TestLeaveAServerBehind do so.
const leaveVariable = "REDISSERVER_LEAVE"

func TestLeaveAServerBehind(t *testing.T) {
	file := os.Getenv(leaveVariable)
	if file == "" {
		t.Skip("not run: it is for the test below")
	}
	s, err := redisserver.Start()
	must(t, err)
	must(t, os.WriteFile(file, fmt.Appendf(nil, "%d %s", s.Pid(), s.Dir()), 0o600))
	os.Exit(0)
}

func TestAServerDiesWithTheProcessThatStartedIt(t *testing.T) {
	_, err := redisserver.Find()
	must(t, err)
	file := filepath.Join(t.TempDir(), "server")
	cmd := exec.Command(os.Args[0], "-test.run=^TestLeaveAServerBehind$")
	cmd.Env = append(os.Environ(), leaveVariable+"="+file)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("the other process: %v\n%s", err, out)
	}
	text, err := os.ReadFile(file)
	must(t, err)
	pid, dir, ok := strings.Cut(string(text), " ")
	if !ok {
		t.Fatalf("the other process left %q", text)
	}
	defer os.RemoveAll(dir)
	eventually(t, "the server to be gone", func() bool {
		command, err := os.ReadFile("/proc/" + pid + "/cmdline") // a zombie has none
		return err != nil || len(command) == 0
	})
}
