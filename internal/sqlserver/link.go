package sqlserver

import (
	"sync"

	"github.com/sojourn-go/session/internal/testserver"
)

// A link is a connection of a client, and that to the server for it.
type link struct {
	*testserver.Link
	proxy *Proxy

	mu    sync.Mutex
	asked bool // bytes of the client have not been answered yet
	dead  bool // nothing is forwarded any more
}

// requests forwards what the client sends.
func (l *link) requests() {
	defer l.Leave()
	b := make([]byte, 32<<10)
	for {
		n, err := l.Client.Read(b)
		if !l.Pass() {
			return
		}
		if n > 0 && l.ask() {
			if _, err := l.Server.Write(b[:n]); err != nil {
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
		n, err := l.Server.Read(b)
		if !l.Pass() {
			return
		}
		if n > 0 {
			switch l.fate() {
			case testserver.Forwarded:
				if _, err := l.Client.Write(b[:n]); err != nil {
					l.Leave()
				}
			case testserver.Closing:
				l.Leave()
			}
		}
		if err != nil {
			break
		}
	}
	l.mu.Lock()
	dead := l.dead && !l.Left()
	l.mu.Unlock()
	if !dead { // the client of a dead link does not learn that the server is gone
		l.Close()
	}
}

// fate returns what becomes of bytes of the server.
func (l *link) fate() (is testserver.Fate) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dead {
		return testserver.Silent
	}
	if l.asked {
		l.asked = false
		is = l.proxy.turn()
		l.dead = is != testserver.Forwarded
	}
	return is
}
