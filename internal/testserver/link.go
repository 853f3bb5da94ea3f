package testserver

import (
	"net"
	"sync"
)

// A Fate is what becomes of a reply.
type Fate int

// The fates of replies.
const (
	Forwarded Fate = iota
	Closing        // lost, and the connection closed
	Silent         // lost, and the connection dead: open, and nothing is forwarded on it
)

// A Link is a connection of a client, and that to the server for it. Both are
// closed by Close and Leave alone.
type Link struct {
	Client net.Conn
	Server net.Conn

	relay *Relay
	mu    sync.Mutex
	done  chan struct{} // closed with both connections
	left  bool          // the connection of the client is closed
	over  bool          // done is closed
}

// join adds the connection to the server, which it closes if the link is.
func (l *Link) join(server net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		server.Close()
		return false
	}
	l.Server = server
	return true
}

// Close closes both connections.
func (l *Link) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return
	}
	l.over, l.left = true, true
	close(l.done)
	l.Client.Close()
	if l.Server != nil {
		l.Server.Close()
	}
}

// Leave closes the connection of the client. The server is told only that
// nothing more comes: bytes on their way to it arrive, and it can end what it
// does.
func (l *Link) Leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.left {
		return
	}
	l.left = true
	l.Client.Close()
	if half, ok := l.Server.(*net.TCPConn); ok {
		half.CloseWrite() // fails where the server is gone already
	}
}

// Left tells whether the connection of the client is closed.
func (l *Link) Left() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.left
}

// Done returns a channel that is closed when both connections are.
func (l *Link) Done() <-chan struct{} { return l.done }

// Pass waits while the relay holds everything, and tells whether the link lives
// on.
func (l *Link) Pass() bool {
	for {
		l.relay.mu.Lock()
		gate := l.relay.gate
		l.relay.mu.Unlock()
		select {
		case <-gate:
			return true
		case <-l.done:
			return false
		}
	}
}
