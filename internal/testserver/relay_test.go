package testserver_test

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/sojourn-go/session/internal/testserver"
)

// relay starts one to a server that sends everything back.
func relay(t *testing.T) *testserver.Relay {
	t.Helper()
	l, err := net.Listen("tcp", testserver.Loopback(0))
	must(t, err)
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() { io.Copy(conn, conn); conn.Close() })
		}
	})
	r, err := testserver.StartRelay(l.Addr().String(), forward)
	must(t, err)
	t.Cleanup(func() { r.Stop(); l.Close(); running.Wait() })
	return r
}

// forward lets a byte pass at a time, there and back.
func forward(l *testserver.Link) {
	b := make([]byte, 1)
	for _, err := l.Client.Read(b); err == nil && l.Pass(); _, err = l.Client.Read(b) {
		l.Server.Write(b)
		io.ReadFull(l.Server, b)
		l.Client.Write(b)
	}
}

// dial connects to the relay.
func dial(t *testing.T, r *testserver.Relay) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", r.Addr())
	must(t, err)
	t.Cleanup(func() { conn.Close() })
	must(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	return conn
}

// wantAnswer wants what is sent to come back.
func wantAnswer(t *testing.T, conn net.Conn) {
	t.Helper()
	_, err := conn.Write([]byte{7})
	must(t, err)
	wantByte(t, conn)
}

func wantByte(t *testing.T, conn net.Conn) {
	t.Helper()
	b := make([]byte, 1)
	if _, err := conn.Read(b); err != nil || b[0] != 7 {
		t.Fatalf("got %v, error %v, want what was sent", b, err)
	}
}

func wantEnd(t *testing.T, conn net.Conn) {
	t.Helper()
	n, err := conn.Read(make([]byte, 1))
	if late, ok := err.(net.Error); err == nil || ok && late.Timeout() {
		t.Errorf("got %d bytes, error %v, want the end", n, err)
	}
}

func TestARelayCutsConnectionsAndWelcomesNewOnes(t *testing.T) {
	r := relay(t)
	old := dial(t, r)
	wantAnswer(t, old)
	if n := r.Connections(); n != 1 {
		t.Errorf("got %d connections, want 1", n)
	}
	r.Cut()
	wantEnd(t, old)
	wantAnswer(t, dial(t, r))
}

func TestWhatARelayHoldsPassesWhenItIsReleased(t *testing.T) {
	r := relay(t)
	conn := dial(t, r)
	wantAnswer(t, conn)
	r.Hold()
	r.Hold() // is the same
	_, err := conn.Write([]byte{7})
	must(t, err)
	must(t, conn.SetReadDeadline(time.Now().Add(50*time.Millisecond)))
	if n, err := conn.Read(make([]byte, 1)); err == nil {
		t.Fatalf("got %d bytes while all is held", n)
	}
	must(t, conn.SetReadDeadline(time.Now().Add(20*time.Second)))
	r.Release()
	r.Release() // is the same
	wantByte(t, conn)
}

func TestARelayThatStopsClosesWhatItHolds(t *testing.T) {
	r := relay(t)
	conn := dial(t, r)
	wantAnswer(t, conn)
	r.Hold()
	must(t, r.Stop())
	wantEnd(t, conn)
	if conn, err := net.Dial("tcp", r.Addr()); err == nil {
		conn.Close()
		t.Error("it still accepts connections")
	}
}

func TestAClientOfAServerThatIsAwayIsCut(t *testing.T) {
	port, err := testserver.FreePort(31_999, testserver.IsFree)
	must(t, err)
	r, err := testserver.StartRelay(testserver.Loopback(port), forward)
	must(t, err)
	defer r.Stop()
	wantEnd(t, dial(t, r))
}

func TestTheServerIsToldThatNothingMoreComes(t *testing.T) {
	server, err := net.Listen("tcp", testserver.Loopback(0))
	must(t, err)
	defer server.Close()
	heard := make(chan struct{})
	r, err := testserver.StartRelay(server.Addr().String(), func(l *testserver.Link) {
		defer close(heard)
		l.Leave()
		if !l.Left() {
			t.Error("the client is there after Leave")
		}
		select {
		case <-l.Done():
			t.Error("Leave closed both connections")
		default:
		}
		if _, err := io.ReadFull(l.Server, make([]byte, 4)); err != nil {
			t.Errorf("what the server still says: %v", err)
		}
	})
	must(t, err)
	defer r.Stop()
	client := dial(t, r)
	conn, err := server.Accept()
	must(t, err)
	defer conn.Close()
	wantEnd(t, conn)
	wantEnd(t, client)
	_, err = conn.Write([]byte("late"))
	must(t, err)
	<-heard
}
