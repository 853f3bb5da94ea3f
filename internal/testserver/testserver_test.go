package testserver_test

import (
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session/internal/testserver"
)

var errNotYet = errors.New("not yet")

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestAwaitWaitsUntilThereIsNoError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		must(t, testserver.Await(time.Minute, "it", func() error {
			if time.Since(begin) < 10*time.Second {
				return errNotYet
			}
			return nil
		}))
	})
}

func TestAwaitReturnsTheLastErrorWhenPatienceIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		err := testserver.Await(time.Minute, "the thing", func() error { return errNotYet })
		if !errors.Is(err, errNotYet) || !strings.Contains(err.Error(), "waited 1m0s for the thing") {
			t.Errorf("got %v", err)
		}
		if waited := time.Since(begin); waited < time.Minute || waited > time.Minute+time.Second {
			t.Errorf("waited %v, want a minute", waited)
		}
	})
}

func TestAwaitDoesNotWaitForALastingErrorToGo(t *testing.T) {
	calls := 0
	err := testserver.Await(time.Minute, "it", func() error { calls++; return testserver.Lasting(errNotYet) })
	if err != errNotYet || calls != 1 {
		t.Errorf("got %v after %d calls, want the error itself after one", err, calls)
	}
}

func TestAFreePortIsInItsRangeAndPleasesTheCaller(t *testing.T) {
	var asked []int
	port, err := testserver.FreePort(testserver.FirstPort+1, func(port int) bool {
		asked = append(asked, port)
		return len(asked) == 3
	})
	must(t, err)
	if len(asked) != 3 || port != asked[2] || port < testserver.FirstPort || port > testserver.FirstPort+1 {
		t.Errorf("got port %d of %d", port, asked)
	}
	if _, err := testserver.FreePort(port, func(int) bool { return false }); err == nil {
		t.Error("got no error where no port is free")
	}
}

func TestAPortThatSomebodyListensOnIsNotFree(t *testing.T) {
	l, err := net.Listen("tcp", testserver.Loopback(0))
	must(t, err)
	defer l.Close()
	if testserver.IsFree(l.Addr().(*net.TCPAddr).Port) {
		t.Error("it is called free")
	}
}

func TestOnlyATakenPortIsTriedAgain(t *testing.T) {
	for want, errs := range map[int][]error{
		1: {errNotYet},
		2: {testserver.ErrPortTaken, nil},
		5: {testserver.ErrPortTaken, testserver.ErrPortTaken, testserver.ErrPortTaken, testserver.ErrPortTaken, testserver.ErrPortTaken},
	} {
		calls := 0
		n, err := testserver.UntilPortFree(func() (int, error) { calls++; return calls, errs[calls-1] })
		if n != want || calls != want || err != errs[want-1] {
			t.Errorf("got %d, error %v after %d calls, want %d", n, err, calls, want)
		}
	}
}

func TestTailIsTheEndOfAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "log")
	if got := testserver.Tail(file); got != "" {
		t.Errorf("got %q of no file", got)
	}
	must(t, os.WriteFile(file, []byte(strings.Repeat("a", 4<<10)+"the end"), 0o600))
	if got := testserver.Tail(file); len(got) != 4<<10 || !strings.HasSuffix(got, "athe end") {
		t.Errorf("got %d bytes, ending in %q", len(got), got[max(0, len(got)-10):])
	}
}

// playVariable has TestPlayAServer do so.
const playVariable = "TESTSERVER_PLAY"

// TestPlayAServer ends with its input.
func TestPlayAServer(t *testing.T) {
	if os.Getenv(playVariable) == "" {
		t.Skip("not run: it is for the tests below")
	}
	io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

// play starts a process that ends when its input is closed.
func play(t *testing.T) (*testserver.Process, io.Closer) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestPlayAServer$")
	cmd.Env = append(os.Environ(), playVariable+"=1")
	in, err := cmd.StdinPipe()
	must(t, err)
	p, err := testserver.Start(cmd)
	must(t, err)
	t.Cleanup(func() { must(t, p.Kill()) })
	return p, in
}

func TestAProcessHasNoFaultUntilItEnds(t *testing.T) {
	p, in := play(t)
	log := filepath.Join(t.TempDir(), "log")
	if err := p.Fault(log); err != nil || p.Ended() || p.Wait(0) {
		t.Errorf("ended at once: %v", err)
	}
	must(t, in.Close())
	<-p.Done()
	if err := p.Fault(log); err == nil || err.Error() != "it ended: exit status 0" || !p.Ended() || !p.Wait(time.Minute) {
		t.Errorf("got %v after the end", err)
	}
	must(t, os.WriteFile(log, []byte("bind: Address already in use\n"), 0o600))
	err := testserver.Await(time.Minute, "it", func() error { return p.Fault(log) })
	if err != testserver.ErrPortTaken {
		t.Errorf("got %v, want %v", err, testserver.ErrPortTaken)
	}
}

func TestAKilledProcessIsGone(t *testing.T) {
	p, _ := play(t)
	must(t, p.Kill())
	if !p.Ended() {
		t.Error("it still runs")
	}
	must(t, p.Kill()) // there is nothing to do any more
}
