package redisstore_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/store/redisstore"
)

// noting is a Client that notes the names of the commands.
type noting struct {
	redisstore.Client
	mu   sync.Mutex
	sent []string
}

func (c *noting) Do(ctx context.Context, cmd redisstore.Command) (any, error) {
	c.mu.Lock()
	c.sent = append(c.sent, cmd.Args[0])
	c.mu.Unlock()
	return c.Client.Do(ctx, cmd)
}

// take returns what was sent since the last time.
func (c *noting) take() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	sent := c.sent
	c.sent = nil
	return sent
}

// The table of docs/redis.md.
func TestARequestSendsTheCommandsThatTheDocumentationSays(t *testing.T) {
	s := startServer(t)
	synctest.Test(t, func(t *testing.T) {
		client := &noting{Client: plainClient{s}}
		st, err := redisstore.New(client, redisstore.Options{})
		if err != nil {
			t.Fatal(err)
		}
		m, err := session.New(st, session.Options{Lifetime: session.Never})
		if err != nil {
			t.Fatal(err)
		}
		cookie := ""
		request := func(handler func(*session.Session)) []string {
			r := httptest.NewRequest("GET", "https://example.com/", nil)
			r.Header.Set("Cookie", cookie)
			w := httptest.NewRecorder()
			m.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				if handler != nil {
					handler(session.From(r.Context()))
				}
			})).ServeHTTP(w, r)
			if w.Code != 200 {
				t.Errorf("status %d", w.Code)
			}
			for _, c := range w.Result().Cookies() {
				cookie = c.Name + "=" + c.Value
			}
			return client.take()
		}
		read := func(s *session.Session) { ringCount.Get(s) }
		write := func(s *session.Session) { ringCount.Update(s, func(n int) int { return n + 1 }) }
		login := func(s *session.Session) {
			if err := s.Login("ann"); err != nil {
				t.Error(err)
			}
		}
		expect := func(what string, got []string, want ...string) {
			t.Helper()
			if !slices.Equal(got, want) {
				t.Errorf("%s: sent %v, want %v", what, got, want)
			}
		}
		expect("no cookie", request(read))
		expect("a new session", request(write), "SET")
		expect("the first script", request(write), "GET", "EVALSHA", "EVAL")
		expect("a change", request(write), "GET", "EVALSHA")
		expect("a read", request(read), "GET")
		expect("nobody asks", request(nil))
		time.Sleep(4 * time.Minute)
		expect("a use is noted", request(read), "GET", "EVALSHA")
		expect("and not again", request(read), "GET")
		good := cookie
		cookie = "__Host-Http-session=nonsense"
		expect("no token", request(read))
		cookie = good
		expect("a login", request(login), "GET", "EVALSHA", "GET", "SET") // the second two are the owner's list
	})
}

// Who is signed in stays so, and looks around, while the server refuses to
// write.
func TestAFullServerAnswersReadsWhoseUseIsDueToBeNoted(t *testing.T) {
	s := startServer(t)
	synctest.Test(t, func(t *testing.T) {
		site := newRingSite(t, s, redisstore.Options{}, session.Options{Lifetime: session.Never})
		site.visit(t, "POST", 1)
		if _, err := s.Do("CONFIG", "SET", "maxmemory", "1"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(4 * time.Minute)
		before := writes(t, s)
		site.visit(t, "GET", 1)
		if got := writes(t, s) - before; got != 0 {
			t.Errorf("%d writes to a server that is full", got)
		}
		if _, err := s.Do("CONFIG", "SET", "maxmemory", "0"); err != nil {
			t.Fatal(err)
		}
		site.visit(t, "GET", 1)
		if got := writes(t, s) - before; got != 1 {
			t.Errorf("%d writes when there was room again, want the use to be noted", got)
		}
	})
}
