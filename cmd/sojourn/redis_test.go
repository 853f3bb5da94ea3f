package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/sojourn-go/session/internal/redisserver"
	"github.com/sojourn-go/session/internal/sqlserver"
)

// must returns a server, or skips the test where there is none to be started.
func must[S interface{ Stop() error }](t *testing.T) func(S, error) S {
	return func(s S, err error) S {
		t.Helper()
		if errors.Is(err, redisserver.ErrMissing) || errors.Is(err, sqlserver.ErrMissing) {
			t.Skip(err)
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Stop() })
		return s
	}
}

func startRedis(t *testing.T, config ...string) *redisserver.Server {
	t.Helper()
	return must[*redisserver.Server](t)(redisserver.Start(config...))
}

func TestRedis_TwoDemosShareASessionAndARestartLosesNone(t *testing.T) {
	t.Parallel()
	for _, flags := range [][]string{nil, {"-cached"}} {
		t.Run(fmt.Sprint(flags), func(t *testing.T) {
			t.Parallel()
			flags = append(flags, "-store", "redis://"+startRedis(t).Addr())
			share(t, "Redis", flags...)
		})
	}
}

// share lets a visitor go to and fro between two demos, of which one is
// restarted.
func share(t *testing.T, where string, flags ...string) {
	t.Helper()
	first, second := start(t, flags...), start(t, flags...)
	v := newVisitor(t, first.url)
	at := func(s *server) *visitor {
		v.url = s.url
		return v
	}
	v.get("/").want(t, 200, counted(1), "kept in "+where)
	at(second).signIn("Ann").want(t, 303)
	at(first).get("/").want(t, 200, counted(2), "Good to see you, Ann.")
	first.stop(syscall.SIGTERM)
	at(second).get("/").want(t, 200, counted(3))
	third := start(t, flags...)
	at(third).get("/").want(t, 200, counted(4), "Good to see you, Ann.")
	at(second).post("/logout", "").want(t, 303)
	at(third).get("/").want(t, 200, counted(1), "Welcome, stranger.")
	for _, s := range []*server{second, third} {
		s.stop(syscall.SIGTERM)
		if log := s.stderr.String(); strings.Contains(log, "level=WARN") || !strings.Contains(log, "sessions are kept in ") {
			t.Errorf("the log of a good day is\n%s", log)
		}
	}
}

func TestRedis_AClusterAndSentinelsHaveTheirURLs(t *testing.T) {
	t.Parallel()
	t.Run("cluster", func(t *testing.T) {
		t.Parallel()
		c := must[*redisserver.Cluster](t)(redisserver.StartCluster(3, 0))
		share(t, "Redis", "-store", "redis+cluster://"+strings.Join(c.Addrs()[:2], ","))
	})
	t.Run("sentinel", func(t *testing.T) {
		t.Parallel()
		s := must[*redisserver.Sentinels](t)(redisserver.StartSentinel())
		share(t, "Redis", "-cached", "-replicas", "1", "-store", "redis+sentinel://"+strings.Join(s.Addrs(), ",")+"/"+s.MasterName())
	})
}

func TestRedis_ThePasswordIsNowhereToBeSeen(t *testing.T) {
	s := startRedis(t, "requirepass hunter2")
	t.Setenv(redisVariable, "redis://:hunter2@"+s.Addr())
	d := start(t, "-store", "redis", "-cached")
	v := newVisitor(t, d.url)
	v.get("/").want(t, 200, counted(1))
	v.signIn("Ann").want(t, 303)
	if line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", d.cmd.Process.Pid)); err == nil && strings.Contains(string(line), "hunter2") {
		t.Errorf("whoever lists processes sees %q", line)
	}
	d.stop(syscall.SIGTERM)
	if log := d.stderr.String(); strings.Contains(log, "hunter2") || !strings.Contains(log, "at=redis://:xxxxx@"+s.Addr()+"/0") {
		t.Errorf("the log is\n%s", log)
	}

	for _, c := range []struct{ store, variable, want string }{
		{"redis", "redis://:hunter2wrong@" + s.Addr(), "WRONGPASS"},
		{"redis", "redis://" + s.Addr(), "NOAUTH"},
		{"redis://:hunter2wrong@" + s.Addr(), "", "WRONGPASS"},
	} {
		t.Setenv(redisVariable, c.variable)
		code, stdout, stderr := execute(t, "demo", "-addr", "127.0.0.1:0", "-store", c.store)
		if code != 1 || stdout != "" || !strings.Contains(stderr, c.want) || strings.Contains(stderr, "hunter2") {
			t.Errorf("%s: exit code %d, standard output %q, standard error %q", c.want, code, stdout, stderr)
		}
	}
}

func TestRedis_WrongUsageIsSaidBeforeConnectingAndWithoutAPassword(t *testing.T) {
	for _, c := range []struct {
		args, variable string
		want           []string
	}{
		{"-store redis", "", []string{"-store redis: $SOJOURN_REDIS has to hold the address, such as redis://127.0.0.1:6379."}},
		{"-store redis", "redis:///hunter2?pool=hunter2", []string{
			"sojourn demo: $SOJOURN_REDIS: address 1 of 1: there is no host.", "$SOJOURN_REDIS: the database is", "$SOJOURN_REDIS: the option pool",
		}},
		{"-store redis://:hunter2@h:hunter2", "", []string{"sojourn demo: -store: address 1 of 1: the port is a number from 1 to 65535."}},
		{"-store redis+sentinel://:hunter2/hunter2@h/m", "", []string{"-store: there is an @ after the first /"}},
		{"-store redist://:hunter2@h", "", []string{"-store: it begins with redis://, rediss://"}},
		{"-store postgrez://:hunter2@h", "", []string{"there is no store something with an address in it, which is not shown here"}},
		{"-store :hunter2@h", "", []string{"not shown here, known are:"}},
		{"redis://:hunter2@h", "", []string{"It takes flags only, and got something with an address"}},
		{"-store redis://:hunter2@h -replicas -1 -idle 5us -addr 8080 -key x", "", []string{
			`"8080" is not HOST:PORT`, "-replicas: -1 is no number", "Idle is 5µs", "-key: it is for -store sealed, and -store is something with",
		}},
	} {
		t.Setenv(redisVariable, c.variable)
		code, stdout, stderr := execute(t, append([]string{"demo"}, strings.Fields(c.args)...)...)
		if code != 2 || stdout != "" || strings.Contains(stderr, "hunter2") {
			t.Errorf("%s: exit code %d, want 2; standard output %q, want none; standard error %q", c.args, code, stdout, stderr)
		}
		for _, text := range c.want {
			if !strings.Contains(stderr, text) {
				t.Errorf("%s: no %q in\n%s", c.args, text, stderr)
			}
		}
	}
}

func TestRedis_AServerThatIsDownAtTheStartIsAFailure(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	for _, flag := range []string{"-cached=false", "-cached"} {
		code, stdout, stderr := execute(t, "demo", "-addr", "127.0.0.1:0", flag, "-store", "redis://ann:hunter2@"+addr)
		want := "sojourn demo: the sessions cannot be kept in redis://ann:xxxxx@" + addr + "/0: "
		if code != 1 || stdout != "" || !strings.HasPrefix(stderr, want) || !strings.Contains(stderr, "connection refused") {
			t.Errorf("%s: exit code %d, standard output %q, standard error %q, want %q", flag, code, stdout, stderr, want)
		}
	}
}

func TestRedis_AServerThatGoesAwayIsOutOfReachUntilItIsBack(t *testing.T) {
	t.Parallel()
	s := startRedis(t, "appendonly yes", "appendfsync always")
	d := start(t, "-store", "redis://"+s.Addr())
	d.errs = true // of the time without a server
	v := newVisitor(t, d.url)
	v.get("/").want(t, 200, counted(1))
	if err := s.Kill(); err != nil {
		t.Fatal(err)
	}
	v.get("/").want(t, 503, "Out of reach")
	v.get("/cookies").want(t, 200) // which needs no session
	if err := s.Restart(); err != nil {
		t.Fatal(err)
	}
	v.get("/").want(t, 200, counted(2))
}

func TestRedis_AServerThatIsNotAsItShouldBeIsWarnedOf(t *testing.T) {
	t.Parallel()
	s := startRedis(t, "maxmemory 64mb", "maxmemory-policy allkeys-lru")
	d := start(t, "-store", "redis://"+s.Addr(), "-replicas", "1")
	d.errs = true // of logins that no replica has
	v := newVisitor(t, d.url)
	v.get("/").want(t, 200, counted(1))
	v.signIn("Ann").want(t, 503, "Out of reach")
	v.get("/").want(t, 200, counted(2), "Welcome, stranger.")
	d.stop(syscall.SIGTERM)
	log := d.stderr.String()
	for _, text := range []string{"maxmemory-policy is allkeys-lru", "it has 0 replicas", "applied, but not yet durable"} {
		if !strings.Contains(log, text) {
			t.Errorf("no %q in the log\n%s", text, log)
		}
	}
}
