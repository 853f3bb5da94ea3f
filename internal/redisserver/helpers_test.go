package redisserver_test

import (
	"errors"
	"testing"
	"time"

	"github.com/sojourn-go/session/internal/redisserver"
)

// open starts a server for the test.
func open(t *testing.T, config ...string) *redisserver.Server {
	t.Helper()
	s, err := redisserver.Start(config...)
	must(t, err)
	t.Cleanup(func() { must(t, s.Stop()) })
	return s
}

// must ends the test, without a failure where no server is installed.
func must(t *testing.T, err error) {
	t.Helper()
	if errors.Is(err, redisserver.ErrMissing) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// wantReply wants a command to be answered so.
func wantReply(t *testing.T, s *redisserver.Server, want any, args ...string) {
	t.Helper()
	got, err := s.Do(args...)
	if err != nil || got != want {
		t.Errorf("%q: got %v, error %v, want %v", args, got, err, want)
	}
}

// eventually waits until f is true.
func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !f(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited 20 s for %s", what)
		}
	}
}
