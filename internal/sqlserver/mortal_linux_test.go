package sqlserver_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/sojourn-go/session/internal/sqlserver"
)

// leaveVariable has TestLeaveAServerBehind do so.
const leaveVariable = "SQLSERVER_LEAVE"

func TestLeaveAServerBehind(t *testing.T) {
	file := os.Getenv(leaveVariable)
	if file == "" {
		t.Skip("not run: it is for the test below")
	}
	s, err := products[0].start()
	must(t, err)
	m, err := products[1].start()
	must(t, err)
	b, err := sqlserver.StartPgBouncer(s)
	must(t, err)
	pids, err := query(t, s, "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
	must(t, err)
	pids += "\n" + strings.Join([]string{strconv.Itoa(s.Pid()), strconv.Itoa(m.Pid()), strconv.Itoa(b.Pid())}, "\n")
	must(t, s.Freeze()) // its children do not see then that it ends
	must(t, os.WriteFile(file, []byte(strings.Join([]string{pids, s.Dir(), m.Dir(), b.Dir()}, "\n")), 0o600))
	os.Exit(0)
}

func TestServersDieWithTheProcessThatStartedThem(t *testing.T) {
	t.Parallel()
	openBouncer(t, products[0].open(t)) // the test ends here where one is missing
	products[1].open(t)
	file := filepath.Join(t.TempDir(), "servers")
	cmd := exec.Command(os.Args[0], "-test.run=^TestLeaveAServerBehind$")
	cmd.Env = append(os.Environ(), leaveVariable+"="+file)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("the other process: %v\n%s", err, out)
	}
	text, err := os.ReadFile(file)
	must(t, err)
	pids := 0
	for line := range strings.FieldsSeq(string(text)) {
		if strings.HasPrefix(line, "/") {
			removeSegment(line)
			defer os.RemoveAll(line)
			continue
		}
		pids++
		eventually(t, "process "+line+" to be gone", func() bool { return gone(line) })
	}
	if pids < 5 {
		t.Errorf("got %d processes, want those of three servers:\n%s", pids, text)
	}
}

// removeSegment removes the shared memory of a PostgreSQL that nobody stopped,
// so that this test does not add to it whenever it runs.
func removeSegment(dir string) {
	text, err := os.ReadFile(filepath.Join(dir, "data", "postmaster.pid"))
	if err != nil {
		return // another product
	}
	if lines := strings.Split(string(text), "\n"); len(lines) > 6 {
		if words := strings.Fields(lines[6]); len(words) == 2 {
			exec.Command("ipcrm", "-m", words[1]).Run()
		}
	}
}

func gone(pid string) bool {
	command, err := os.ReadFile("/proc/" + pid + "/cmdline") // a zombie has none
	return err != nil || len(command) == 0
}

func TestKillEndsTheChildrenOfPostgreSQL(t *testing.T) {
	t.Parallel()
	s := products[0].open(t)
	c := connect(t, s, s.Addr())
	c.send("SELECT pg_backend_pid()")
	pid, _ := c.answer()
	if gone(pid) {
		t.Fatalf("process %q is not there", pid)
	}
	must(t, s.Kill())
	if !gone(pid) {
		t.Errorf("process %s still runs", pid)
	}
}

// Segments of System V outlive their process, and there may be 4096 of them.
func TestAPostgreSQLThatIsStoppedLeavesNoSharedMemory(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("ipcrm"); err != nil {
		t.Skip("ipcrm is not installed: install the package util-linux")
	}
	for what, before := range map[string]func(*sqlserver.Server) error{
		"running": func(*sqlserver.Server) error { return nil },
		"killed":  (*sqlserver.Server).Kill,
		"frozen":  (*sqlserver.Server).Freeze,
	} {
		s := products[0].open(t)
		if n := segments(t, s.Pid()); n != 1 {
			t.Fatalf("%s: got %d segments, want 1", what, n)
		}
		must(t, before(s))
		must(t, s.Stop())
		if n := segments(t, s.Pid()); n != 0 {
			t.Errorf("%s: got %d segments after Stop, want none", what, n)
		}
	}
}

// segments counts those that a process has made.
func segments(t *testing.T, pid int) (n int) {
	t.Helper()
	text, err := os.ReadFile("/proc/sysvipc/shm")
	must(t, err)
	for line := range strings.Lines(string(text)) {
		// key shmid perms size cpid ...
		if words := strings.Fields(line); len(words) > 4 && words[4] == strconv.Itoa(pid) {
			n++
		}
	}
	return n
}
