package redisstore_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/internal/redisserver"
	"github.com/sojourn-go/session/store/redisstore"
)

// What the options of ring-redis-session and carmine-store become: docs/redis.md
// has a row for each.

func TestRing_pool_spec_host_port_password_and_timeout_are_parts_of_the_URL(t *testing.T) {
	for _, c := range []struct {
		conn, raw string
		want      redisstore.Location
	}{
		{`{:pool {} :spec {}}`, "redis://127.0.0.1", redisstore.Location{Addrs: []string{"127.0.0.1:6379"}}},
		{`{:pool {:max-total 32} :spec {}}`, "redis://127.0.0.1?pool=32", redisstore.Location{Addrs: []string{"127.0.0.1:6379"}, Pool: 32}},
		{
			`{:spec {:host "cache" :port 7000 :password "s3cret" :timeout-ms 4000 :db 3}}`,
			"redis://:s3cret@cache:7000/3?dial_timeout=4s&timeout=4s",
			redisstore.Location{
				Addrs: []string{"cache:7000"}, Password: "s3cret", Database: 3, DialTimeout: 4 * time.Second, Timeout: 4 * time.Second,
			},
		},
		{`{:spec {:uri "redis://ann:s3cret@cache:7000/3"}}`, "redis://ann:s3cret@cache:7000/3", redisstore.Location{
			Addrs: []string{"cache:7000"}, Username: "ann", Password: "s3cret", Database: 3,
		}},
	} {
		got, err := redisstore.ParseURL(c.raw)
		if err != nil || fields(got) != fields(&c.want) {
			t.Errorf("%s is %s: got %v, %v, want %v", c.conn, c.raw, fields(got), err, fields(&c.want))
		}
	}
}

func TestRing_prefix_and_key_prefix_are_Prefix_with_its_colon(t *testing.T) {
	s := startServer(t)
	for prefix, want := range map[string]string{
		"":                 "session:",         // ring-redis-session's :prefix "session", its default
		"shop:":            "shop:",            // :prefix "shop"
		"carmine:session:": "carmine:session:", // carmine-store's :key-prefix, its default
	} {
		site := newRingSite(t, s, redisstore.Options{Prefix: prefix}, session.Options{})
		site.visit(t, "POST", 1)
		keys, err := s.Do("KEYS", "*")
		if list, ok := keys.([]any); err != nil || !ok || len(list) != 1 || !strings.HasPrefix(list[0].(string), want) {
			t.Fatalf("prefix %q: the keys are %v, %v, want one that begins with %s", prefix, keys, err, want)
		}
		// The cookie names no key: Ring's is the key itself, with the prefix.
		if _, value, _ := strings.Cut(site.cookie, "="); strings.Contains(value, strings.TrimSuffix(want, ":")) {
			t.Errorf("prefix %q: the cookie is %s", prefix, site.cookie)
		}
		if _, err := s.Do("FLUSHALL"); err != nil {
			t.Fatal(err)
		}
	}
}

// :expire-secs 1800 restarts at each write, and so does Idle: 30 minutes. But
// Idle restarts at reads as well, as :expire-secs does with :reset-on-read true
// only, and carmine-store's :expiration-secs with :extend-on-read? true.
func TestRing_expire_secs_is_Idle_which_restarts_at_each_write_and_read(t *testing.T) {
	s := startServer(t)
	synctest.Test(t, func(t *testing.T) {
		site := newRingSite(t, s, redisstore.Options{}, session.Options{Idle: 30 * time.Minute, Lifetime: session.Never})
		site.visit(t, "POST", 1)
		site.keeps(t, 30*time.Minute)
		time.Sleep(29 * time.Minute)
		site.visit(t, "POST", 2) // a write
		site.keeps(t, 30*time.Minute)
		time.Sleep(29 * time.Minute)
		site.visit(t, "GET", 2) // a read, which would not have been enough for Ring
		site.keeps(t, 30*time.Minute)
		time.Sleep(29 * time.Minute)
		site.visit(t, "GET", 2)
		time.Sleep(30*time.Minute + time.Second)
		site.visit(t, "GET", 0) // a stranger
	})
}

// :reset-on-read true sends an EXPIRE with each read. Idle counts reads to a
// tenth of it, so that most of them send nothing.
func TestRing_reset_on_read_is_what_Idle_does_to_a_tenth_of_it(t *testing.T) {
	s := startServer(t)
	synctest.Test(t, func(t *testing.T) {
		site := newRingSite(t, s, redisstore.Options{}, session.Options{Idle: 30 * time.Minute, Lifetime: session.Never})
		site.visit(t, "POST", 1)
		site.keeps(t, 30*time.Minute)
		before := writes(t, s)
		for range 10 {
			site.visit(t, "GET", 1)
		}
		if got := writes(t, s) - before; got != 0 {
			t.Errorf("reads within a tenth of Idle wrote %d times, want none", got)
		}
		time.Sleep(4 * time.Minute)
		for range 10 {
			site.visit(t, "GET", 1)
		}
		if got := writes(t, s) - before; got != 1 {
			t.Errorf("reads after a tenth of Idle wrote %d times, want once", got)
		}
		site.keeps(t, 30*time.Minute)
	})
}

// What does not restart at reads is Lifetime, but it does not at writes either:
// neither option has an exact equal.
func TestRing_a_fixed_end_is_Lifetime(t *testing.T) {
	s := startServer(t)
	synctest.Test(t, func(t *testing.T) {
		month := 30 * 24 * time.Hour // carmine-store's :expiration-secs, its default
		site := newRingSite(t, s, redisstore.Options{}, session.Options{Idle: session.Never, Lifetime: month})
		site.visit(t, "POST", 1)
		site.keeps(t, month)
		time.Sleep(month - time.Hour)
		site.visit(t, "GET", 1)
		site.visit(t, "POST", 2)
		time.Sleep(time.Hour + time.Second)
		site.visit(t, "GET", 0)
	})
}

// :expire-secs nil and :expiration-secs nil keep sessions for ever.
func TestRing_no_expire_secs_is_Never(t *testing.T) {
	s := startServer(t)
	site := newRingSite(t, s, redisstore.Options{}, session.Options{Idle: session.Never, Lifetime: session.Never})
	site.visit(t, "POST", 1)
	site.keeps(t, -1)
}

// A ringSite counts the visits of one visitor that are POSTs.
type ringSite struct {
	server  *redisserver.Server
	handler http.Handler
	cookie  string
}

var ringCount = session.NewKey[int]("count")

func newRingSite(t *testing.T, s *redisserver.Server, ro redisstore.Options, o session.Options) *ringSite {
	t.Helper()
	st, err := redisstore.New(plainClient{s}, ro)
	if err != nil {
		t.Fatal(err)
	}
	m, err := session.New(st, o)
	if err != nil {
		t.Fatal(err)
	}
	return &ringSite{server: s, handler: m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		if r.Method == "POST" {
			ringCount.Update(s, func(n int) int { return n + 1 })
		}
		fmt.Fprint(w, ringCount.Get(s))
	}))}
}

// visit sends a request, and expects a count.
func (site *ringSite) visit(t *testing.T, method string, want int) {
	t.Helper()
	r := httptest.NewRequest(method, "https://example.com/", nil)
	if site.cookie != "" {
		r.Header.Set("Cookie", site.cookie)
	}
	w := httptest.NewRecorder()
	site.handler.ServeHTTP(w, r)
	if got := w.Body.String(); w.Code != 200 || got != fmt.Sprint(want) {
		t.Errorf("%s: status %d, count %s, want 200 and %d", method, w.Code, got, want)
	}
	for _, c := range w.Result().Cookies() {
		site.cookie = c.Name + "=" + c.Value
	}
}

// keeps checks how long the server would keep the one session from now on: two
// minutes more at the most than the session has, which is for clocks that
// differ. -1 is for ever.
func (site *ringSite) keeps(t *testing.T, want time.Duration) {
	t.Helper()
	keys, err := site.server.Do("KEYS", "*")
	list, ok := keys.([]any)
	if err != nil || !ok || len(list) != 1 {
		t.Fatalf("the keys are %v, %v, want one", keys, err)
	}
	ms, err := site.server.Do("PTTL", list[0].(string))
	left, ok := ms.(int64)
	if got := time.Duration(left) * time.Millisecond; err != nil || !ok || want < 0 != (left == -1) || want > 0 && (got < want-time.Minute || got > want+2*time.Minute) {
		t.Errorf("the server keeps it for %v ms, %v, want %v", ms, err, want)
	}
}

// writes returns how many commands that write the server has carried out.
func writes(t *testing.T, s *redisserver.Server) (n int) {
	t.Helper()
	text, err := s.Do("INFO", "commandstats")
	lines, ok := text.(string)
	if err != nil || !ok {
		t.Fatal(text, err)
	}
	for line := range strings.Lines(lines) {
		name, rest, _ := strings.Cut(line, ":calls=")
		if name == "cmdstat_set" || name == "cmdstat_expire" || name == "cmdstat_pexpire" {
			var calls int
			if _, err := fmt.Sscan(strings.Split(rest, ",")[0], &calls); err != nil {
				t.Fatal(err)
			}
			n += calls
		}
	}
	return n
}
