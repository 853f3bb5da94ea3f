package redisserver_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sojourn-go/session/internal/redisserver"
)

func openProxy(t *testing.T, s *redisserver.Server) *redisserver.Proxy {
	t.Helper()
	p, err := redisserver.StartProxy(s.Addr())
	must(t, err)
	t.Cleanup(func() { must(t, p.Stop()) })
	return p
}

// A client is a connection on which the test says every byte.
type client struct {
	*testing.T
	net.Conn
}

func dial(t *testing.T, addr string) client {
	t.Helper()
	conn, err := net.DialTimeout("tcp", addr, 10*time.Second)
	must(t, err)
	t.Cleanup(func() { conn.Close() })
	return client{t, conn}
}

func (c client) send(lines ...string) {
	c.Helper()
	if _, err := io.WriteString(c.Conn, strings.Join(lines, "\r\n")+"\r\n"); err != nil {
		c.Fatal(err)
	}
}

// want wants the next bytes to be those of the lines.
func (c client) want(lines ...string) {
	c.Helper()
	want := strings.Join(lines, "\r\n") + "\r\n"
	c.SetReadDeadline(time.Now().Add(10 * time.Second))
	got := make([]byte, len(want))
	if n, err := io.ReadFull(c.Conn, got); err != nil || string(got) != want {
		c.Fatalf("got %q, error %v, want %q", got[:n], err, want)
	}
}

// wantEnd wants the connection to be closed, with nothing before.
func (c client) wantEnd() {
	c.Helper()
	c.SetReadDeadline(time.Now().Add(10 * time.Second))
	if n, err := c.Read(make([]byte, 1)); n != 0 || err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		c.Fatalf("got %d bytes, error %v, want the end", n, err)
	}
}

// wantSilence wants nothing to come.
func (c client) wantSilence() {
	c.Helper()
	c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if n, err := c.Read(make([]byte, 1)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		c.Fatalf("got %d bytes, error %v, want silence", n, err)
	}
}

func TestAProxyForwardsAndCounts(t *testing.T) {
	s := open(t)
	p := openProxy(t, s)
	c := dial(t, p.Addr())
	c.send("*3", "$3", "set", "$1", "a", "$4", "\r\n\r\n", "PING", "*2", "$3", "GET", "$1", "a")
	c.want("+OK", "+PONG", "$4", "\r\n\r\n")
	c.send("get none")
	c.want("$-1")
	if got := fmt.Sprint(p.Counts()); got != "map[GET:2 PING:1 SET:1]" {
		t.Errorf("the counts: got %s", got)
	}
	p.Reset()
	if got := p.Counts(); len(got) != 0 {
		t.Errorf("the counts after Reset: got %v", got)
	}
}

func TestAProxyForwardsAMegabyteBothWays(t *testing.T) {
	p := openProxy(t, open(t))
	c := dial(t, p.Addr())
	value := strings.Repeat("\r\n*1$+", 1<<20/6)
	length := fmt.Sprint("$", len(value))
	c.send("*3", "$3", "SET", "$1", "a", length, value, "GET a")
	c.want("+OK", length, value)
}

// Whatever a reply looks like, it counts as one.
func TestAProxyKnowsEveryKindOfReply(t *testing.T) {
	s := open(t, "enable-debug-command yes")
	p := openProxy(t, s)
	wantReply(t, s, int64(2), "HSET", "h", "a", "1", "b", "2")
	wantReply(t, s, int64(1), "SADD", "s", "a")
	commands := []string{"HGETALL h", "SMEMBERS s", "GET none", "GET h", "EVAL x 0", "LATENCY DOCTOR"}
	for kind := range strings.FieldsSeq("string integer double null array set map attrib push verbatim true false bignum") {
		commands = append(commands, "DEBUG PROTOCOL "+kind)
	}
	direct, through := dial(t, s.Addr()), dial(t, p.Addr())
	for _, c := range []client{direct, through} {
		c.send("HELLO 3", "ECHO end")
		c.until("$3\r\nend\r\n")
	}
	var want string
	for _, command := range commands {
		direct.send(command, "ECHO end")
		want = direct.until("$3\r\nend\r\n")
		through.send(command, "ECHO end")
		if got := through.until("$3\r\nend\r\n"); got != want {
			t.Errorf("%s: got %q, want %q", command, got, want)
		}
	}
	p.Lose(redisserver.Loss{Commands: []string{"ECHO"}})
	through.send(append(commands, "ECHO lost")...)
	rest, _ := io.ReadAll(through)
	if !strings.HasSuffix(string(rest), want) || p.Lost() != 1 {
		t.Errorf("after all of them: got %q and %d lost, want the reply of the ECHO lost", rest, p.Lost())
	}
}

// until reads until the text comes, and returns what came before.
func (c client) until(text string) string {
	c.Helper()
	c.SetReadDeadline(time.Now().Add(10 * time.Second))
	var all []byte
	for one := make([]byte, 1); !strings.HasSuffix(string(all), text); all = append(all, one...) {
		if _, err := c.Read(one); err != nil {
			c.Fatalf("got %q, error %v, want %q", all, err, text)
		}
	}
	return strings.TrimSuffix(string(all), text)
}

func TestAReplyIsLostAfterTheCommandWasCarriedOut(t *testing.T) {
	for _, silent := range []bool{false, true} {
		s := open(t)
		p := openProxy(t, s)
		c, other := dial(t, p.Addr()), dial(t, p.Addr())
		p.Lose(redisserver.Loss{Commands: []string{"EVAL", "INCR"}, Silent: silent})
		c.send("SET a 1", "INCR a", "GET a")
		c.want("+OK")
		if silent {
			c.wantSilence()
			c.send("SET a 1")
			c.wantSilence()
		} else {
			c.wantEnd()
		}
		wantReply(t, s, "2", "GET", "a")
		other.send("INCR a", "INCR a")
		other.want(":3", ":4")
		if p.Lost() != 1 {
			t.Errorf("lost: got %d, want 1", p.Lost())
		}
	}
}

func TestEveryThirdReplyIsLost(t *testing.T) {
	s := open(t)
	p := openProxy(t, s)
	p.Lose(redisserver.Loss{Commands: []string{"INCR"}, Every: 3})
	for i := range 4 {
		c := dial(t, p.Addr())
		c.send("PING", "INCR a", "PING", "INCR a", "INCR a")
		c.want("+PONG", fmt.Sprint(":", 3*i+1), "+PONG", fmt.Sprint(":", 3*i+2))
		c.wantEnd()
	}
	p.LoseNone()
	c := dial(t, p.Addr())
	c.send("INCR a", "INCR a", "INCR a")
	c.want(":13", ":14", ":15")
	if p.Lost() != 4 {
		t.Errorf("lost: got %d, want 4", p.Lost())
	}
}

func TestPushedMessagesAnswerNoCommand(t *testing.T) {
	s := open(t)
	p := openProxy(t, s)
	c := dial(t, p.Addr())
	c.send("HELLO 3", "CLIENT TRACKING ON", "GET a", "ECHO end")
	c.until("$3\r\nend\r\n")
	wantReply(t, s, "OK", "SET", "a", "1")
	c.want(">2", "$10", "invalidate", "*1", "$1", "a")
	c.send("SUBSCRIBE news", "GET a")
	c.want(">3", "$9", "subscribe", "$4", "news", ":1", "$1", "1")
	wantReply(t, s, int64(1), "PUBLISH", "news", "x")
	c.want(">3", "$7", "message", "$4", "news", "$1", "x")
	p.Lose(redisserver.Loss{Commands: []string{"GET"}})
	c.send("PING", "GET a")
	c.want("+PONG")
	c.wantEnd()
}

func TestMessagesOfTheOldProtocolAnswerNoCommand(t *testing.T) {
	s := open(t)
	p := openProxy(t, s)
	c := dial(t, p.Addr())
	c.send("SUBSCRIBE news")
	c.want("*3", "$9", "subscribe", "$4", "news", ":1")
	wantReply(t, s, int64(1), "PUBLISH", "news", "x")
	c.want("*3", "$7", "message", "$4", "news", "$1", "x")
	c.send("PING")
	c.want("*2", "$4", "pong", "$0", "")
	p.Lose(redisserver.Loss{Commands: []string{"PING"}})
	wantReply(t, s, int64(1), "PUBLISH", "news", "y")
	c.want("*3", "$7", "message", "$4", "news", "$1", "y")
	c.send("PING")
	c.wantEnd()
}

func TestCutClosesAllConnectionsAndWelcomesNewOnes(t *testing.T) {
	p := openProxy(t, open(t))
	a, b := dial(t, p.Addr()), dial(t, p.Addr())
	for _, c := range []client{a, b} {
		c.send("PING")
		c.want("+PONG")
	}
	p.Cut()
	a.wantEnd()
	b.wantEnd()
	c := dial(t, p.Addr())
	c.send("PING")
	c.want("+PONG")
}

func TestNothingPassesDuringAPartition(t *testing.T) {
	s := open(t)
	p := openProxy(t, s)
	c := dial(t, p.Addr())
	c.send("SET a 1")
	c.want("+OK")
	p.Partition()
	c.send("SET a 2")
	during := dial(t, p.Addr())
	during.send("PING")
	c.wantSilence()
	during.wantSilence()
	wantReply(t, s, "1", "GET", "a")
	p.Heal()
	c.want("+OK")
	during.want("+PONG")
	wantReply(t, s, "2", "GET", "a")
	p.Partition()
	p.Cut()
	c.wantEnd()
}

func TestAClientSeesThatTheServerIsGone(t *testing.T) {
	s := open(t)
	p := openProxy(t, s)
	c := dial(t, p.Addr())
	c.send("PING")
	c.want("+PONG")
	must(t, s.Kill())
	c.wantEnd()
	dial(t, p.Addr()).wantEnd()
}
