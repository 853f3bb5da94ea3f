package redisserver_test

import (
	"errors"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sojourn-go/session/internal/redisserver"
)

func TestAServerAnswersAndIsGoneAfterStop(t *testing.T) {
	s := open(t)
	wantReply(t, s, "PONG", "PING")
	if host, port, err := net.SplitHostPort(s.Addr()); err != nil || host != "127.0.0.1" || port != strconv.Itoa(s.Port()) {
		t.Errorf("Addr: got %q with port %d", s.Addr(), s.Port())
	}
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Do("PING"); err == nil {
		t.Error("PING after Stop: got an answer")
	}
	if _, err := os.Stat(s.Dir()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("its files after Stop: got %v, want none", err)
	}
}

func TestDoReturnsWhatTheServerAnswered(t *testing.T) {
	s := open(t)
	wantReply(t, s, "OK", "SET", "a", "line\r\nline \xff")
	wantReply(t, s, "line\r\nline \xff", "GET", "a")
	wantReply(t, s, nil, "GET", "none")
	wantReply(t, s, int64(1), "EXISTS", "a")
	got, err := s.Do("EVAL", "return {1, {'two', false}, redis.error_reply('ERR three')}", "0")
	must(t, err)
	all, ok := got.([]any)
	if !ok || len(all) != 3 || all[0] != int64(1) || all[2] != redisserver.Error("ERR three") {
		t.Errorf("an array: got %v", got)
	}
	_, err = s.Do("LPUSH", "a", "b")
	if refused, ok := errors.AsType[redisserver.Error](err); !ok || !strings.HasPrefix(string(refused), "WRONGTYPE ") {
		t.Errorf("a refusal: got %v, want a WRONGTYPE", err)
	}
}

func TestLinesOfConfigurationCount(t *testing.T) {
	s := open(t, "maxmemory 5mb", "requirepass secret")
	got, err := s.Do("CONFIG", "GET", "maxmemory")
	must(t, err)
	if pair, ok := got.([]any); !ok || len(pair) != 2 || pair[1] != "5242880" {
		t.Errorf("maxmemory: got %v, want 5242880", got)
	}
	conn, err := net.Dial("tcp", s.Addr())
	must(t, err)
	defer conn.Close()
	answer := make([]byte, len("-NOAUTH"))
	if _, err := conn.Write([]byte("GET a\r\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(answer); err != nil || string(answer) != "-NOAUTH" {
		t.Errorf("a command of somebody without the password: got %q, %v", answer, err)
	}
}

func TestAFaultOfConfigurationIsReportedWithTheLog(t *testing.T) {
	if _, err := redisserver.Find(); err != nil {
		t.Skip(err)
	}
	_, err := redisserver.Start("cluster-enabled yes", "replicaof 127.0.0.1 1")
	if err == nil || !strings.Contains(err.Error(), "ended") {
		t.Errorf("Start: got %v, want an error that says that the server ended", err)
	}
}

func TestAKilledServerKeepsWhatItsFileHoldsAndNoMore(t *testing.T) {
	for file, want := range map[string]any{"appendonly yes": "kept", "appendonly no": nil} {
		s := open(t, file)
		port, pid := s.Port(), s.Pid()
		wantReply(t, s, "OK", "SET", "a", "kept")
		must(t, s.Kill())
		if _, err := s.Do("PING"); err == nil {
			t.Errorf("%s: got an answer of a killed server", file)
		}
		must(t, s.Restart())
		wantReply(t, s, want, "GET", "a")
		if s.Port() != port || s.Pid() == pid {
			t.Errorf("%s: got port %d and process %d, want port %d and another process than %d", file, s.Port(), s.Pid(), port, pid)
		}
	}
}

func TestAServerThatRunsCanBeRestarted(t *testing.T) {
	s := open(t)
	pid := s.Pid()
	must(t, s.Restart())
	wantReply(t, s, "PONG", "PING")
	if s.Pid() == pid {
		t.Errorf("the process: got %d again, want another", pid)
	}
}

func TestAFrozenServerAnswersWhenItIsThawed(t *testing.T) {
	s := open(t)
	must(t, s.Freeze())
	conn, err := net.Dial("tcp", s.Addr())
	must(t, err)
	defer conn.Close()
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, len("+PONG\r\n"))
	conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if n, err := conn.Read(answer); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("an answer of a frozen server: got %q, error %v", answer[:n], err)
	}
	must(t, s.Thaw())
	conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := conn.Read(answer); err != nil || string(answer) != "+PONG\r\n" {
		t.Errorf("the answer after Thaw: got %q, error %v", answer, err)
	}
}

func TestAFrozenServerCanBeStopped(t *testing.T) {
	for what, stop := range map[string]func(*redisserver.Server) error{
		"Stop": (*redisserver.Server).Stop, "Kill": (*redisserver.Server).Kill, "Restart": (*redisserver.Server).Restart,
	} {
		s := open(t)
		must(t, s.Freeze())
		if err := stop(s); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestProcessorTimeGrowsWithWork(t *testing.T) {
	s := open(t)
	before, err := s.CPU()
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("not run: this system has no /proc")
	}
	must(t, err)
	eventually(t, "the server to have used 50 ms", func() bool {
		if _, err := s.Do("EVAL", "local n = 0 for i = 1, 1e6 do n = n + i end return n", "0"); err != nil {
			t.Fatal(err)
		}
		now, err := s.CPU()
		must(t, err)
		return now >= before+50*time.Millisecond
	})
}

func TestTheBinaryCanBeNamed(t *testing.T) {
	path, err := redisserver.Find()
	must(t, err)
	t.Setenv(redisserver.Variable, path)
	if got, err := redisserver.Find(); err != nil || got != path {
		t.Errorf("Find: got %q, %v, want %q", got, err, path)
	}
	wantReply(t, open(t), "PONG", "PING")
}

func TestAMissingServerIsReportedWithWhatToInstall(t *testing.T) {
	wantMissing := func(when string) {
		_, err := redisserver.Find()
		if !errors.Is(err, redisserver.ErrMissing) || !strings.Contains(err.Error(), "redis-server") {
			t.Errorf("Find %s: got %v, want ErrMissing and the name of the package", when, err)
		}
		if _, err := redisserver.Start(); !errors.Is(err, redisserver.ErrMissing) {
			t.Errorf("Start %s: got %v, want ErrMissing", when, err)
		}
		if _, err := redisserver.StartCluster(3, 0); !errors.Is(err, redisserver.ErrMissing) {
			t.Errorf("StartCluster %s: got %v, want ErrMissing", when, err)
		}
		if _, err := redisserver.StartSentinel(); !errors.Is(err, redisserver.ErrMissing) {
			t.Errorf("StartSentinel %s: got %v, want ErrMissing", when, err)
		}
	}
	t.Setenv("PATH", t.TempDir())
	t.Setenv(redisserver.Variable, "")
	wantMissing("with an empty PATH")
	t.Setenv(redisserver.Variable, t.TempDir()+"/none")
	wantMissing("with the name of nothing")
}
