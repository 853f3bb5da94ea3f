package redisserver

import (
	"bufio"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
)

// A fate is what becomes of a reply.
type fate int

const (
	forwarded fate = iota
	closing        // lost, and the connection closed
	silent         // lost, and the connection dead
)

// A link is a connection of a client, and that to the server for it.
type link struct {
	proxy  *Proxy
	client net.Conn

	mu         sync.Mutex
	server     net.Conn
	closed     bool
	done       chan struct{} // closed with the connections
	pending    []fate        // of the replies that have not come yet, in order
	subscribed bool
	dead       bool // nothing is forwarded any more
}

// join adds the connection to the server, which it closes if the link is.
func (l *link) join(server net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		server.Close()
		return false
	}
	l.server = server
	return true
}

func (l *link) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	l.closed = true
	close(l.done)
	l.client.Close()
	if l.server != nil {
		l.server.Close()
	}
}

// pass waits for the end of a partition, and tells whether the link lives on.
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
	d, w := newDecoder(l.client), bufio.NewWriter(l.server)
	for l.pass() {
		f, err := d.next()
		if err != nil || !l.pass() {
			return
		}
		if l.expect(f) {
			w.Write(f.raw) // Flush tells whether it failed
		}
		if d.r.Buffered() == 0 && w.Flush() != nil {
			return
		}
	}
}

// expect notes what becomes of the reply of a command, and tells whether the
// command is to be forwarded.
func (l *link) expect(f frame) bool {
	name := commandName(f)
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.dead:
		return false
	case name == "": // an empty line, which has no reply
	case strings.HasSuffix(name, "SUBSCRIBE"): // has any number of them
		l.subscribed = true
		l.proxy.arrived(name)
	default:
		l.pending = append(l.pending, l.proxy.arrived(name))
	}
	return true
}

// replies forwards what the server sends.
func (l *link) replies() {
	d, w := newDecoder(l.server), bufio.NewWriter(l.client)
	for l.pass() {
		f, err := d.next()
		if err != nil || !l.pass() {
			return
		}
		switch l.fate(f) {
		case forwarded:
			w.Write(f.raw)
		case closing:
			l.proxy.countLost()
			w.Flush() // what came before it arrives
			return
		case silent:
			l.proxy.countLost()
			w.Flush()
			io.Copy(io.Discard, l.server)
			<-l.done // the client does not learn that the server is gone, either
			return
		}
		if d.r.Buffered() == 0 && w.Flush() != nil {
			return
		}
	}
}

// fate returns what is to become of a reply.
func (l *link) fate(f frame) (is fate) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.pending) == 0 || f.kind == '>' || l.subscribed && isMessage(f) {
		return forwarded
	}
	is, l.pending = l.pending[0], l.pending[1:]
	l.dead = is == silent
	return is
}

// messages are the first words of what RESP2 sends subscribers, in arrays like
// any other.
var messages = []any{
	"message", "pmessage", "smessage",
	"subscribe", "psubscribe", "ssubscribe", "unsubscribe", "punsubscribe", "sunsubscribe",
}

func isMessage(f frame) bool {
	words, _ := f.value.([]any)
	return f.kind == '*' && len(words) > 0 && slices.Contains(messages, words[0])
}
