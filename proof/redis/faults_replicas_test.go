package redis

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/adapter/redis/rueidis"
	"github.com/sojourn-go/session/internal/redisserver"
	"github.com/sojourn-go/session/store/redisstore"
)

// The answer to a logout was lost on its way, and with it what it said of the
// replica. The logout was found in the record, and was answered 200: after the
// failover the token opened the session again.
func TestFaults_a_logout_whose_answer_is_lost_is_not_done_before_a_replica_has_it(t *testing.T) {
	master := startReplicated(t)
	replica := startReplicated(t, fmt.Sprintf("replicaof 127.0.0.1 %d", master.Port()))
	caughtUp(t, master, replica)
	follow(t, master, []*redisserver.Server{replica})
	proxy, err := redisserver.StartProxy(master.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { proxy.Stop() })
	st, err := rueidis.Open("redis://"+proxy.Addr(), redisstore.Options{Replicas: 1, ReplicaTimeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	sessions, err := session.New(st, session.Options{})
	if err != nil {
		t.Fatal(err)
	}
	site := sessions.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		switch s := session.From(r.Context()); r.URL.Path {
		case "/login":
			s.Login("ann")
		case "/logout":
			s.End()
		}
	}))
	post := func(path string, cookies ...*http.Cookie) *http.Response {
		w, r := httptest.NewRecorder(), httptest.NewRequest("POST", "https://example.com"+path, nil)
		for _, c := range cookies {
			r.AddCookie(c)
		}
		site.ServeHTTP(w, r)
		return w.Result()
	}
	in := post("/login")
	if in.StatusCode != 200 || len(in.Cookies()) != 1 {
		t.Fatalf("login: %s, %v", in.Status, in.Cookies())
	}
	ann := in.Cookies()[0]

	for _, frozen := range []bool{true, false} {
		if err := map[bool]func() error{true: replica.Freeze, false: replica.Thaw}[frozen](); err != nil {
			t.Fatal(err)
		}
		proxy.Lose(redisserver.Loss{Commands: []string{"EVALSHA"}})
		lost := proxy.Lost()
		want := 200
		if frozen {
			want = 503
		}
		if got := post("/logout", ann).StatusCode; got != want {
			t.Errorf("logout with its answer lost, replica frozen %v: %d, want %d", frozen, got, want)
		}
		if proxy.Lost() == lost {
			t.Error("no answer was lost")
		}
	}
	if _, err := replica.Do("REPLICAOF", "NO", "ONE"); err != nil {
		t.Fatal(err)
	}
	after, err := rueidis.Open("redis://"+replica.Addr(), redisstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { after.Close() })
	sessions, err = session.New(after, session.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("GET", "https://example.com/", nil)
	r.AddCookie(ann)
	s := sessions.Load(r)
	if err := s.Err(); err != nil || s.Owner() != "" {
		t.Errorf("after the failover the token opens the session of %q, %v", s.Owner(), err)
	}
}

func startReplicated(t *testing.T, config ...string) *redisserver.Server {
	t.Helper()
	s, err := redisserver.Start(append(config, "repl-diskless-sync-delay 0")...)
	if errors.Is(err, redisserver.ErrMissing) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Stop() })
	return s
}
