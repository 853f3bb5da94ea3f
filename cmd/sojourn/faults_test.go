package main

import (
	"errors"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sojourn-go/session/adapter/redis/rueidis"
	"github.com/sojourn-go/session/internal/redisserver"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/redisstore"
)

// docs/redis.md has a table of what each fault looks like: these are its rows.
var redisFaults = []struct {
	what        string
	do, undo    func(*redisserver.Server, string) error
	read, write int // the status of a page that reads, and of one that writes
	log         string
}{
	{"it is down", kill, restart, 503, 503, "connection refused|deadline exceeded"},
	{"it is frozen", freeze, thaw, 503, 503, "deadline exceeded"},
	{
		"its memory is full", redisDo("CONFIG", "SET", "maxmemory", "1"), redisDo("CONFIG", "SET", "maxmemory", "0"),
		200, 503, "OOM command not allowed",
	},
	{"the key holds another type", replaced("LPUSH"), removed, 503, 503, "WRONGTYPE"},
	{"the key holds another string", replaced("SET"), removed, 503, 503, "the value is not a session's"},
	{
		"it has become a replica", redisDo("REPLICAOF", "127.0.0.1", "1"), redisDo("REPLICAOF", "NO", "ONE"),
		200, 503, "READONLY",
	},
	{"its password is another", redisDo("ACL", "DELUSER", "ann"), redisDo(ann...), 503, 503, "WRONGPASS"},
	{"scripts are forbidden", redisDo("ACL", "SETUSER", "ann", "-@scripting"), redisDo("ACL", "SETUSER", "ann", "+@scripting"), 200, 503, "NOPERM"},
	{"it has forgotten the script", redisDo("SCRIPT", "FLUSH"), redisDo("PING"), 200, 200, ""},
}

// ann is who the demo is to Redis.
var ann = []string{"ACL", "SETUSER", "ann", "on", ">hunter2", "~*", "+@all"}

func kill(s *redisserver.Server, _ string) error { return s.Kill() }
func restart(s *redisserver.Server, _ string) error {
	return errors.Join(s.Restart(), redisDo(ann...)(s, ""))
}
func freeze(s *redisserver.Server, _ string) error { return s.Freeze() }
func thaw(s *redisserver.Server, _ string) error   { return s.Thaw() }

// redisDo sends a command.
func redisDo(args ...string) func(*redisserver.Server, string) error {
	return func(s *redisserver.Server, _ string) error {
		_, err := s.Do(args...)
		return err
	}
}

// replaced puts something else under the key of a session.
func replaced(command string) func(*redisserver.Server, string) error {
	return func(s *redisserver.Server, key string) error {
		return errors.Join(redisDo("DEL", key)(s, key), redisDo(command, key, "something")(s, key))
	}
}

// removed leaves a session that nobody has ended, but that is gone.
func removed(s *redisserver.Server, key string) error { return redisDo("DEL", key)(s, key) }

func TestRedis_WhatEachFaultLooksLike(t *testing.T) {
	t.Parallel()
	for _, c := range redisFaults {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			s := startRedis(t, "appendonly yes", "appendfsync always")
			if err := redisDo(ann...)(s, ""); err != nil {
				t.Fatal(err)
			}
			d := start(t, "-store", "redis://ann:hunter2@"+s.Addr())
			d.errs = true // that is what it is about
			v := newVisitor(t, d.url)
			v.get("/").want(t, 200, counted(1))
			key := "session:" + v.state("GET", "/api/session").ID
			if err := c.do(s, key); err != nil {
				t.Fatal(err)
			}
			both(t, v, c.read, c.write)
			if err := c.undo(s, key); err != nil {
				t.Fatal(err)
			}
			recovered(t, v)
			d.stop(syscall.SIGTERM)
			log := d.stderr.String()
			if !regexp.MustCompile(c.log).MatchString(log) || strings.Contains(log, "hunter2") {
				t.Errorf("no %q in the log, or the password\n%s", c.log, log)
			}
		})
	}
}

// both asks for a page that reads and one that writes, at once, since each may
// wait for all the time it has.
func both(t *testing.T, v *visitor, read, write int) {
	t.Helper()
	var wg sync.WaitGroup
	for path, want := range map[string]int{"/session": read, "/": write} {
		r := v.request("GET", path, "")
		wg.Go(func() {
			res, err := client.Do(r)
			if err != nil {
				t.Error(err)
				return
			}
			defer res.Body.Close()
			if res.StatusCode != want || len(res.Cookies()) > 0 {
				t.Errorf("GET %s: status %d, cookies %v, want %d and none", path, res.StatusCode, res.Cookies(), want)
			}
		})
	}
	wg.Wait()
}

// recovered waits until the pages are there again.
func recovered(t *testing.T, v *visitor) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		r := v.get("/")
		if r.StatusCode == 200 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("status %d, long after the fault", r.StatusCode)
		}
	}
}

var aclLine = regexp.MustCompile(`(?m)^    (ACL SETUSER .*)$`)

// The user that docs/redis.md proposes may do what is needed, and no more.
func TestRedis_TheUserOfTheDocumentationIsAllowedEnough(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../../docs/redis.md")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("not run: this module is on its own")
	}
	if err != nil {
		t.Fatal(err)
	}
	m := aclLine.FindStringSubmatch(string(doc))
	if m == nil {
		t.Fatal("docs/redis.md has no line that begins with ACL SETUSER")
	}
	line := strings.Fields(m[1])
	t.Run("alone", func(t *testing.T) {
		t.Parallel()
		s := startRedis(t)
		allow(t, line, s)
		share(t, "Redis", "-cached", "-store", "redis://sessions:PASSWORD@"+s.Addr())
		if _, err := s.Do("ACL", "DRYRUN", "sessions", "GET", "other:1"); err == nil {
			r, _ := s.Do("ACL", "DRYRUN", "sessions", "GET", "other:1")
			if r == "OK" {
				t.Error("it may read keys of others")
			}
		}
		logged, err := s.Do("ACL", "LOG")
		if list, ok := logged.([]any); err != nil || !ok || len(list) > 0 {
			t.Errorf("it was refused %v, %v", logged, err)
		}
	})
	t.Run("full", func(t *testing.T) {
		t.Parallel()
		s := startRedis(t)
		allow(t, line, s)
		st := the(rueidis.Open("redis://sessions:PASSWORD@"+s.Addr(), redisstore.Options{}))(t)
		defer st.Close()
		v := the(st.Save(t.Context(), "a", store.Record{Data: []byte("a session")}))(t)
		the(s.Do("CONFIG", "SET", "maxmemory", "1"))(t)
		the(st.Save(t.Context(), "a", store.Record{Data: []byte("a tombstone"), Version: v, Durable: true}))(t)
	})
	t.Run("moving", func(t *testing.T) {
		t.Parallel()
		c := must[*redisserver.Cluster](t)(redisserver.StartCluster(3, 1))
		allow(t, line, c.Nodes()...)
		slot := redisserver.Slot("session:a")
		from, to := the(c.Master(slot))(t), the(c.Master((slot+8192)%16384))(t)
		if err := c.BeginMove(slot, from, to); err != nil {
			t.Fatal(err)
		}
		st := the(rueidis.Open("redis+cluster://sessions:PASSWORD@"+strings.Join(c.Addrs(), ","), redisstore.Options{}))(t)
		defer st.Close()
		the(st.Save(t.Context(), "a", store.Record{Data: []byte("where the slot is going")}))(t)
	})
	t.Run("cluster", func(t *testing.T) {
		t.Parallel()
		c := must[*redisserver.Cluster](t)(redisserver.StartCluster(3, 1))
		allow(t, line, c.Nodes()...)
		share(t, "Redis", "-cached", "-replicas", "1", "-store", "redis+cluster://sessions:PASSWORD@"+strings.Join(c.Addrs(), ","))
	})
}

// the is a result without an error, or the end of the test.
func the[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// allow makes the user on each server.
func allow(t *testing.T, line []string, servers ...*redisserver.Server) {
	t.Helper()
	for _, s := range servers {
		if _, err := s.Do(line...); err != nil {
			t.Fatal(err)
		}
	}
}
