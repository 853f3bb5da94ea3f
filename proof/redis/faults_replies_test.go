package redis

import (
	"os"
	"testing"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/internal/redisserver"
	"github.com/sojourn-go/session/proof/stories/crowd"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/redisstore"
)

// saves are the commands by which a record is changed.
var saves = []string{"EVALSHA", "EVAL", "SET"}

// A Save is carried out, and its answer lost with the connection. As the
// libraries are if nobody sets anything, some would send it again.
func TestFaults_a_save_whose_answer_is_lost_counts_once(t *testing.T) {
	t.Parallel()
	for _, d := range drivers(withRueidis) {
		for name, open := range d.ways() {
			t.Run(d.name+"/"+name, func(t *testing.T) {
				s, p := proxied(t)
				c := crowd.New(t, []store.Store{open(t, p.Addr()), open(t, p.Addr())}, session.Options{})
				c.Expect(crowd.Troubled)
				p.Lose(redisserver.Loss{Commands: saves, Every: 9})
				c.GoesOn(60)
				p.LoseNone()
				if p.Lost() < 20 {
					t.Errorf("%d answers were lost, want 20 at least", p.Lost())
				}
				c.Recovers(5 * time.Second)
				c.Closes()
				t.Logf("%d answers were lost; the server carried out EVALSHA %d times", p.Lost(), calls(t, s, "evalsha"))
			})
		}
	}
}

// The same, but the connection stays open, and is silent from then on. A client
// that sends all over one connection finds out when it has waited long enough.
func TestFaults_a_save_whose_answer_never_comes_counts_once(t *testing.T) {
	t.Parallel()
	for _, d := range drivers(withRueidis) {
		for name, open := range d.slowWays() {
			t.Run(d.name+"/"+name, func(t *testing.T) {
				_, p := proxied(t)
				c := crowd.New(t, []store.Store{open(t, p.Addr()), open(t, p.Addr())}, session.Options{})
				c.Expect(crowd.Troubled)
				p.Lose(redisserver.Loss{Commands: saves, Every: 40, Silent: true})
				deadline := time.Now().Add(10 * time.Second)
				for p.Lost() < 2 && time.Now().Before(deadline) {
					c.GoesOn(1)
				}
				p.LoseNone()
				if p.Lost() == 0 {
					t.Error("no answer was lost")
				}
				t.Logf("all was well %v later", c.Recovers(20*time.Second))
				c.Closes()
			})
		}
	}
}

// ways returns the ways to a store at an address.
func (d driver) ways() map[string]func(t *testing.T, addr string) store.Store {
	return map[string]func(t *testing.T, addr string) store.Store{
		"New of a plain client": d.plain,
		"Open":                  d.openAt,
	}
}

// slowWays are ways where waiting takes long: in the short form only that where
// nobody has set any limit.
func (d driver) slowWays() map[string]func(t *testing.T, addr string) store.Store {
	ways := d.ways()
	if os.Getenv("SOJOURN_LONG") == "" {
		delete(ways, "Open")
	}
	return ways
}

func (d driver) openAt(t *testing.T, addr string) store.Store {
	t.Helper()
	return d.open(t, "redis://"+addr, redisstore.Options{})
}

// proxied starts a server, and a proxy to it.
func proxied(t *testing.T) (*redisserver.Server, *redisserver.Proxy) {
	t.Helper()
	s := serve(t)
	p, err := redisserver.StartProxy(s.Addr())
	started(t, p, err)
	return s, p
}
