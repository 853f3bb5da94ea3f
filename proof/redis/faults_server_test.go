package redis

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	goredisv9 "github.com/redis/go-redis/v9"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/internal/redisserver"
	"github.com/sojourn-go/session/proof/stories/crowd"
	"github.com/sojourn-go/session/store/redisstore"
)

// Whose request was under way may be told 503. There is no more to it.
func TestFaults_connections_that_the_server_closes_lose_nothing(t *testing.T) {
	t.Parallel()
	for _, d := range drivers(withRueidis) {
		t.Run(d.name, func(t *testing.T) {
			s := serve(t)
			c := crowd.New(t, d.twice(t, urlOf(s), redisstore.Options{}), session.Options{})
			c.Expect(crowd.Troubled)
			killed := int64(0)
			for range 20 {
				killed += killClients(t, s)
				c.GoesOn(2)
			}
			if killed < 20 {
				t.Errorf("the server closed %d connections, want 20 at least", killed)
			}
			c.Recovers(3 * time.Second)
			c.Closes()
		})
	}
}

// killClients has a server close the connections of all clients but replicas.
func killClients(t *testing.T, s *redisserver.Server) int64 {
	t.Helper()
	return command(t, s, "CLIENT", "KILL", "TYPE", "normal").(int64)
}

// Nobody notices.
func TestFaults_a_server_that_forgets_its_scripts_is_taught_them_again(t *testing.T) {
	t.Parallel()
	for _, d := range drivers(withRueidis) {
		t.Run(d.name, func(t *testing.T) {
			s := serve(t)
			c := crowd.New(t, d.twice(t, urlOf(s), redisstore.Options{}), session.Options{})
			for range 50 {
				command(t, s, "SCRIPT", "FLUSH")
				c.GoesOn(1)
			}
			if evals := calls(t, s, "eval"); evals < 10 {
				t.Errorf("the script was taught %d times, want 10 at least", evals)
			}
			c.Closes()
		})
	}
}

// calls returns how often a server has carried out a command.
func calls(t *testing.T, s *redisserver.Server, name string) int {
	t.Helper()
	text := command(t, s, "INFO", "commandstats").(string)
	_, rest, _ := strings.Cut(text, "cmdstat_"+name+":calls=")
	digits, _, _ := strings.Cut(rest, ",")
	n, _ := strconv.Atoi(digits)
	return n
}

// The visitors' sessions are used often enough that most pages would note it:
// what cannot be noted is no reason not to show a page.
func TestFaults_a_full_server_refuses_writes_and_shows_pages(t *testing.T) {
	t.Parallel()
	for _, d := range drivers(withRueidis) {
		t.Run(d.name, func(t *testing.T) {
			s := serve(t, "maxmemory 16mb", "maxmemory-policy noeviction")
			c := crowd.New(t, d.twice(t, urlOf(s), redisstore.Options{}), session.Options{Idle: 10 * time.Second})
			c.Expect(crowd.Rule{Reads: crowd.Good, Writes: crowd.Either})
			fill(t, s)
			c.Expect(crowd.Rule{Reads: crowd.Good, Writes: crowd.Refused, Matters: crowd.Either}) // those that need no room are kept
			c.GoesOn(20)
			<-time.After(1500 * time.Millisecond) // each session has a use to note
			before := refusedForMemory(t, s)
			c.GoesOn(20)
			if refusedForMemory(t, s) == before {
				t.Error("the server has refused nothing")
			}
			c.Expect(crowd.Troubled)
			command(t, s, "CONFIG", "SET", "maxmemory", "0")
			c.Recovers(3 * time.Second)
			c.Closes()
		})
	}
}

// fill fills a server until it refuses the smallest write, and will go on
// refusing it, if a few connections or sessions fewer take memory.
func fill(t *testing.T, s *redisserver.Server) {
	t.Helper()
	for i, full := 0, false; !full; i++ {
		_, err := s.Do("SET", fmt.Sprintf("other:%d", i), strings.Repeat("x", 64<<10))
		if full = err != nil; full && !strings.HasPrefix(err.Error(), "OOM") {
			t.Fatal(err)
		}
	}
	command(t, s, "CONFIG", "SET", "maxmemory", "15mb")
}

func refusedForMemory(t *testing.T, s *redisserver.Server) int {
	t.Helper()
	text := command(t, s, "INFO", "errorstats").(string)
	_, rest, _ := strings.Cut(text, "errorstat_OOM:count=")
	digits, _, _ := strings.Cut(rest, "\r")
	n, _ := strconv.Atoi(digits)
	return n
}

func TestFaults_a_key_of_another_type_is_the_trouble_of_one_session(t *testing.T) {
	t.Parallel()
	for _, d := range drivers(withRueidis) {
		t.Run(d.name, func(t *testing.T) {
			s := serve(t)
			c := crowd.New(t, d.twice(t, urlOf(s), redisstore.Options{}), session.Options{})
			a := crowd.Send(c.Nodes[0], crowd.Login, "", "ann")
			if a.Cookie == nil {
				t.Fatalf("login: got %d (%s), want a cookie", a.Status, a.Why)
			}
			token := a.Cookie.Value
			key := "session:" + crowd.IDOf(token)
			command(t, s, "DEL", key)
			command(t, s, "LPUSH", key, "what")
			for range 10 {
				for _, n := range c.Nodes {
					for _, v := range crowd.Verbs {
						if a := crowd.Send(n, v, token, "ann"); a.Status != http.StatusServiceUnavailable || a.Cookie != nil {
							t.Errorf("%s: got %d and cookie %v, want 503 and none", v, a.Status, a.Cookie)
						}
					}
				}
			}
			if got := command(t, s, "LRANGE", key, "0", "-1"); fmt.Sprint(got) != "[what]" {
				t.Errorf("the list: got %v, want it as it was", got)
			}
			if a := crowd.Send(c.Nodes[0], crowd.Login, "", "ann"); a.Status != http.StatusOK {
				t.Errorf("login anew: got %d (%s), want 200", a.Status, a.Why)
			}
			c.GoesOn(1) // all the others noticed nothing
			c.Closes()
		})
	}
}

// A store on a replica shows pages, and keeps nothing. When the replica is made
// a master, it does.
func TestFaults_a_replica_shows_pages_and_refuses_writes(t *testing.T) {
	t.Parallel()
	for _, d := range drivers(withRueidis) {
		t.Run(d.name, func(t *testing.T) {
			master := serve(t)
			replica := serve(t, "replicaof 127.0.0.1 "+strconv.Itoa(master.Port()))
			c := crowd.New(t, d.twice(t, urlOf(master), redisstore.Options{}), session.Options{})
			end := c.Silence()
			caughtUp(t, master, replica)
			for i, st := range d.twice(t, urlOf(replica), redisstore.Options{}) {
				c.Nodes[i] = crowd.NewNode(t, st, session.Options{Timeout: crowd.Timeout / 3})
			}
			c.Expect(crowd.Rule{Reads: crowd.Good, Writes: crowd.Refused})
			end()
			c.GoesOn(5)
			c.Expect(crowd.Troubled)
			command(t, replica, "REPLICAOF", "NO", "ONE")
			c.Recovers(3 * time.Second)
			c.Closes()
		})
	}
}

// caughtUp waits until a replica has all that its master has.
func caughtUp(t *testing.T, master, replica *redisserver.Server) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		want := replication(t, master)["master_repl_offset"]
		has := replication(t, replica)
		if has["master_link_status"] == "up" && has["slave_repl_offset"] == want {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the replica is at %v, its master at %s", has, want)
		}
	}
}

func replication(t *testing.T, s *redisserver.Server) map[string]string {
	t.Helper()
	all := map[string]string{}
	for line := range strings.Lines(command(t, s, "INFO", "replication").(string)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		all[name] = value
	}
	return all
}

func TestFaults_a_password_that_is_wrong_makes_nobody_anonymous(t *testing.T) {
	t.Parallel()
	for _, d := range drivers(withRueidis) {
		t.Run(d.name, func(t *testing.T) {
			s := serve(t, "requirepass first")
			c := crowd.New(t, d.twice(t, "redis://:first@"+s.Addr(), redisstore.Options{}), session.Options{})
			c.Expect(crowd.Troubled)
			setPassword(t, s, "first", "second")
			c.GoesOn(1) // those that were under way
			c.Expect(crowd.Rule{Reads: crowd.Refused, Writes: crowd.Refused})
			c.GoesOn(2)
			c.Expect(crowd.Troubled)
			setPassword(t, s, "second", "first")
			t.Logf("all was well %v after the password was right again", c.Recovers(5*time.Second))
			c.Closes()
		})
	}
}

// setPassword changes the password of a server, for those who are connected
// too.
func setPassword(t *testing.T, s *redisserver.Server, old, password string) {
	t.Helper()
	ctx := context.Background()
	admin := goredisv9.NewClient(&goredisv9.Options{Addr: s.Addr(), Password: old, MaxRetries: -1})
	defer admin.Close()
	must(t, admin.ConfigSet(ctx, "requirepass", password).Err())
	must(t, admin.ClientKillByFilter(ctx, "TYPE", "normal", "SKIPME", "yes").Err())
}
