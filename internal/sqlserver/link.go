package sqlserver

import (
	"net"
	"sync"
)

// A fate is what becomes of a reply.
type fate int

const (
	forwarded fate = iota
	closing        // lost, and the connection closed
	mute           // lost, and the connection dead
)

// A link is a connection of a client, and that to the server for it.
type link struct {
	proxy  *Proxy
	client net.Conn

	mu      sync.Mutex
	server  net.Conn
	done    chan struct{} // closed with both connections
	asked   bool          // bytes of the client have not been answered yet
	dead    bool          // nothing is forwarded any more
	left    bool          // the client's connection is closed, or its end was seen
	stopped bool          // done is closed
}

// join adds the connection to the server, which it closes if the link is.
func (l *link) join(server net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stopped {
		server.Close()
		return false
	}
	l.server = server
	return true
}

func (l *link) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stopped {
		return
	}
	l.stopped, l.left = true, true
	close(l.done)
	l.client.Close()
	if l.server != nil {
		l.server.Close()
	}
}

func (l *link) hasClient() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.left
}

// leave closes the connection of the client. The server is told only that
// nothing more comes: bytes on their way to it arrive, and it can end what it
// does.
func (l *link) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.left {
		return
	}
	l.left = true
	l.client.Close()
	if half, ok := l.server.(*net.TCPConn); ok {
		half.CloseWrite() // fails where the server is gone already
	}
}

// pass waits while the proxy holds everything, and tells whether the link
// lives on.
func (l *link) pass() bool {
	for {
		l.proxy.mu.Lock()
		gate := l.proxy.gate
		l.proxy.mu.Unlock()
		select {
		case <-gate:
			return true
		case <-l.done:
			return false
		}
	}
}

// requests forwards what the client sends.
func (l *link) requests() {
	defer l.leave()
	b := make([]byte, 32<<10)
	for {
		n, err := l.client.Read(b)
		if !l.pass() {
			return
		}
		if n > 0 && l.ask() {
			if _, err := l.server.Write(b[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// ask notes that a reply is due, and tells whether the request is forwarded.
func (l *link) ask() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked = true
	return !l.dead
}

// replies forwards what the server sends, until it closes the connection. What
// nobody receives is read nevertheless: a connection that is closed before
// takes with it what the server has not read yet.
func (l *link) replies() {
	b := make([]byte, 32<<10)
	for {
		n, err := l.server.Read(b)
		if !l.pass() {
			return
		}
		if n > 0 {
			switch l.fate() {
			case forwarded:
				if _, err := l.client.Write(b[:n]); err != nil {
					l.leave()
				}
			case closing:
				l.leave()
			}
		}
		if err != nil {
			break
		}
	}
	l.mu.Lock()
	dead := l.dead && !l.left
	l.mu.Unlock()
	if !dead { // the client of a dead link does not learn that the server is gone
		l.close()
	}
}

// fate returns what becomes of bytes of the server.
func (l *link) fate() (is fate) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dead {
		return mute
	}
	if l.asked {
		l.asked = false
		is = l.proxy.turn()
		l.dead = is != forwarded
	}
	return is
}
