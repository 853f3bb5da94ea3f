package sqlserver_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
)

func TestAProxyForwardsAndCountsTurnsOfAllConnections(t *testing.T) {
	p := openProxy(t, serve(t, new(echo).serve))
	a, b := dial(t, p), dial(t, p)
	for _, w := range []wire{a, b, a} {
		w.send("hello")
		w.want("hello")
	}
	wantTurns(t, p, 3)
	if got := p.Connections(); got != 2 {
		t.Errorf("the connections: got %d, want 2", got)
	}
	p.Reset()
	wantTurns(t, p, 0)
	b.send("more")
	b.want("more")
	wantTurns(t, p, 1)
}

func TestWhatIsSentInOneGoIsOneTurnAndAGreetingIsNone(t *testing.T) {
	reply := strings.Repeat("reply ", 1<<18)
	p := openProxy(t, serve(t, func(conn net.Conn) {
		io.WriteString(conn, "welcome")
		var all []byte
		for b := make([]byte, 100); !bytes.HasSuffix(all, []byte("end")); {
			n, err := conn.Read(b)
			if err != nil {
				return
			}
			all = append(all, b[:n]...)
		}
		io.WriteString(conn, reply)
	}))
	w := dial(t, p)
	w.want("welcome")
	wantTurns(t, p, 0)
	for range 100 {
		w.send(strings.Repeat("request ", 1000))
	}
	w.send("end")
	w.want(reply)
	w.wantEnd()
	wantTurns(t, p, 1)
}

func TestAProxyLosesEachNthReply(t *testing.T) {
	var e echo
	p := openProxy(t, serve(t, e.serve))
	p.Lose(3, false)
	for range 2 {
		w := dial(t, p)
		w.send("a")
		w.want("a")
		w.send("b")
		w.want("b")
		w.send("c")
		w.wantEnd()
	}
	if e.got() != "abcabc" || p.Lost() != 2 {
		t.Errorf("the server got %q, and %d replies were lost, want abcabc and 2", e.got(), p.Lost())
	}
	wantTurns(t, p, 6)
	p.LoseNone()
	w := dial(t, p)
	for range 4 {
		w.send("d")
		w.want("d")
	}
}

func TestAProxyLosesTheNextReplyAlone(t *testing.T) {
	p := openProxy(t, serve(t, new(echo).serve))
	w := dial(t, p)
	w.send("a")
	w.want("a")
	p.Lose(0, false)
	w.send("b")
	w.wantEnd()
	w = dial(t, p)
	for range 3 {
		w.send("c")
		w.want("c")
	}
}

func TestAConnectionThatLostAReplyInSilenceIsDead(t *testing.T) {
	var e echo
	p := openProxy(t, serve(t, e.serve))
	w := dial(t, p)
	p.Lose(0, true)
	w.send("a")
	w.wantSilence()
	w.send("b")
	w.wantSilence()
	if e.got() != "a" || p.Connections() != 1 {
		t.Errorf("the server got %q, and %d connections are open, want a and 1", e.got(), p.Connections())
	}
	other := dial(t, p)
	other.send("c")
	other.want("c")
	w.Close()
	eventually(t, "the dead connection to be gone", func() bool { return p.Connections() == 1 })
}

func TestADeadConnectionOutlivesItsServer(t *testing.T) {
	p := openProxy(t, serve(t, func(conn net.Conn) { conn.Read(make([]byte, 1)); io.WriteString(conn, "bye") }))
	w := dial(t, p)
	p.Lose(0, true)
	w.send("a")
	w.wantSilence()
	p.Cut()
	w.wantEnd()
}

// A statement that was cut off in its middle would be no lost reply.
func TestAServerCanEndWhatItDoesWhenItsReplyIsLost(t *testing.T) {
	goOn, ended := make(chan struct{}), make(chan error, 1)
	p := openProxy(t, serve(t, func(conn net.Conn) {
		conn.Read(make([]byte, 1))
		io.WriteString(conn, "begun")
		<-goOn
		_, err := io.WriteString(conn, strings.Repeat("more", 1<<20))
		if n, end := conn.Read(make([]byte, 1)); n != 0 || end != io.EOF {
			err = errors.Join(err, errors.New("want the end of the connection"), end)
		}
		ended <- err
	}))
	p.Lose(0, false)
	w := dial(t, p)
	w.send("a")
	w.wantEnd()
	if got := p.Connections(); got != 0 {
		t.Errorf("the connections: got %d, want 0", got)
	}
	close(goOn)
	must(t, <-ended)
}

func TestWhatAClientSentBeforeItLeftArrives(t *testing.T) {
	got := make(chan string, 1)
	p := openProxy(t, serve(t, func(conn net.Conn) {
		all, _ := io.ReadAll(conn) // an error shows in what is missing
		got <- string(all)
	}))
	w, want := dial(t, p), strings.Repeat("last words ", 1<<17)
	w.send(want)
	w.Close()
	if got := <-got; got != want {
		t.Errorf("got %d bytes, want %d", len(got), len(want))
	}
}

func TestAProxyCutsItsConnections(t *testing.T) {
	p := openProxy(t, serve(t, new(echo).serve))
	w := dial(t, p)
	w.send("a")
	w.want("a")
	p.Cut()
	w.wantEnd()
	w = dial(t, p)
	w.send("b")
	w.want("b")
}

func TestAProxyHoldsEverythingUntilItIsReleased(t *testing.T) {
	var e echo
	p := openProxy(t, serve(t, e.serve))
	before := dial(t, p)
	before.send("a")
	before.want("a")
	p.Hold()
	p.Hold()
	before.send("b")
	after := dial(t, p)
	after.send("c")
	before.wantSilence()
	after.wantSilence()
	if e.got() != "a" {
		t.Errorf("the server got %q, want a", e.got())
	}
	p.Release()
	p.Release()
	before.want("b")
	after.want("c")
}

func TestAProxyThatIsStoppedIsGoneEvenWhileItHolds(t *testing.T) {
	p := openProxy(t, serve(t, new(echo).serve))
	w := dial(t, p)
	w.send("a")
	w.want("a")
	p.Hold()
	w.send("b")
	must(t, p.Stop())
	w.wantEnd()
	if conn, err := net.Dial("tcp", p.Addr()); err == nil {
		conn.Close()
		t.Error("it still listens")
	}
}

func TestAClientIsCutWhenTheServerIsAway(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	must(t, l.Close())
	p := openProxy(t, l.Addr().String())
	dial(t, p).wantEnd()
	eventually(t, "the connection to be forgotten", func() bool { return p.Connections() == 0 })
}

func TestAStatementIsCarriedOutAlthoughItsReplyIsLost(t *testing.T) {
	forEach(t, func(t *testing.T, product product) {
		s := product.open(t)
		wantAnswer(t, s, "CREATE TABLE lost (a int)", "")
		p := openProxy(t, s.Addr())
		c := connect(t, s, p.Addr())
		before := p.Turns()
		c.send("SELECT 'one turn'")
		c.want("one turn")
		wantTurns(t, p, before+1)
		p.Lose(0, true)
		c.send("INSERT INTO lost VALUES (1)")
		eventually(t, "the loss", func() bool { return p.Lost() == 1 })
		c.wantSilence()
		wantAnswer(t, s, "SELECT count(*) FROM lost", "1")
	})
}
