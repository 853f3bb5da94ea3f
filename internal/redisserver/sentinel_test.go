package redisserver_test

import (
	"slices"
	"testing"

	"github.com/sojourn-go/session/internal/redisserver"
)

func openSentinel(t *testing.T, config ...string) *redisserver.Sentinels {
	t.Helper()
	s, err := redisserver.StartSentinel(config...)
	must(t, err)
	t.Cleanup(func() { must(t, s.Stop()) })
	return s
}

func currentMaster(t *testing.T, s *redisserver.Sentinels) *redisserver.Server {
	t.Helper()
	m, err := s.Master()
	must(t, err)
	return m
}

func TestSentinelsReplaceAMasterThatIsKilled(t *testing.T) {
	t.Parallel()
	s := openSentinel(t)
	if len(s.Servers()) != 3 || len(s.Addrs()) != 3 || len(s.Sentinels()) != 3 {
		t.Fatalf("got %d servers, %d addresses of sentinels, want 3 and 3", len(s.Servers()), len(s.Addrs()))
	}
	killed := currentMaster(t, s)
	if killed != s.Servers()[0] {
		t.Errorf("the first master: got %s, want %s", killed.Addr(), s.Servers()[0].Addr())
	}
	wantReply(t, killed, "OK", "SET", "a", "value")
	wantReply(t, killed, int64(2), "WAIT", "2", "0")
	must(t, killed.Kill())
	eventually(t, "another master", func() bool { return currentMaster(t, s) != killed })
	must(t, s.WaitReady())
	wantReply(t, currentMaster(t, s), "value", "GET", "a")
	must(t, killed.Restart())
	must(t, s.WaitReady())
	if currentMaster(t, s) == killed {
		t.Error("the former master is master again")
	}
}

func TestSentinelsFailOverWhenTold(t *testing.T) {
	t.Parallel()
	s := openSentinel(t, "requirepass secret", "sentinel sentinel-pass hidden")
	former := currentMaster(t, s)
	must(t, s.Failover())
	now := currentMaster(t, s)
	if now == former || !slices.Contains(s.Servers(), now) {
		t.Errorf("the master after a failover from %s: got %s", former.Addr(), now.Addr())
	}
	wantReply(t, now, "OK", "SET", "a", "value")
	wantReply(t, s.Sentinels()[0], "PONG", "PING")
	got, err := s.Sentinels()[0].Do("SENTINEL", "GET-MASTER-ADDR-BY-NAME", s.MasterName())
	if pair, ok := got.([]any); err != nil || !ok || len(pair) != 2 {
		t.Errorf("the master by its name: got %v, error %v", got, err)
	}
}
