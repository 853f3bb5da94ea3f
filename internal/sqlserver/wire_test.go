package sqlserver_test

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/sojourn-go/session/internal/sqlserver"
)

// serve starts a server for a proxy, which does f with each connection and then
// closes it.
func serve(t *testing.T, f func(conn net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() { f(conn); conn.Close() })
		}
	})
	t.Cleanup(func() { l.Close(); running.Wait() })
	return l.Addr().String()
}

// An echo sends back whatever it gets, and remembers it.
type echo struct {
	mu   sync.Mutex
	seen string
}

func (e *echo) serve(conn net.Conn) {
	b := make([]byte, 1<<10)
	for {
		n, err := conn.Read(b)
		e.mu.Lock()
		e.seen += string(b[:n])
		e.mu.Unlock()
		if err != nil {
			return
		}
		if _, err := conn.Write(b[:n]); err != nil {
			return
		}
	}
}

func (e *echo) got() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.seen
}

func openProxy(t *testing.T, addr string) *sqlserver.Proxy {
	t.Helper()
	p, err := sqlserver.StartProxy(addr)
	must(t, err)
	t.Cleanup(func() { p.Stop() }) // a second time, in some tests
	return p
}

// A wire is a connection on which the test says every byte.
type wire struct {
	*testing.T
	net.Conn
}

func dial(t *testing.T, p *sqlserver.Proxy) wire {
	t.Helper()
	conn, err := net.DialTimeout("tcp", p.Addr(), 10*time.Second)
	must(t, err)
	t.Cleanup(func() { conn.Close() })
	return wire{t, conn}
}

func (w wire) send(s string) {
	w.Helper()
	if _, err := io.WriteString(w.Conn, s); err != nil {
		w.Fatal(err)
	}
}

func (w wire) want(want string) {
	w.Helper()
	w.SetReadDeadline(time.Now().Add(10 * time.Second))
	got := make([]byte, len(want))
	if n, err := io.ReadFull(w.Conn, got); err != nil || string(got) != want {
		w.Fatalf("got %.20q, error %v, want %.20q", got[:n], err, want)
	}
}

// wantEnd wants the connection to be closed, with nothing before.
func (w wire) wantEnd() {
	w.Helper()
	w.SetReadDeadline(time.Now().Add(10 * time.Second))
	if n, err := w.Read(make([]byte, 1)); n != 0 || err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		w.Fatalf("got %d bytes, error %v, want the end", n, err)
	}
}

// wantSilence wants nothing to come.
func (w wire) wantSilence() {
	w.Helper()
	w.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if n, err := w.Read(make([]byte, 1)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		w.Fatalf("got %d bytes, error %v, want silence", n, err)
	}
}

func wantTurns(t *testing.T, p *sqlserver.Proxy, want int) {
	t.Helper()
	if got := p.Turns(); got != want {
		t.Errorf("the turns: got %d, want %d", got, want)
	}
}
