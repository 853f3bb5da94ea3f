package redisserver

import (
	"bufio"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/sojourn-go/session/internal/testserver"
)

// A link is a connection of a client, and that to the server for it.
type link struct {
	*testserver.Link
	proxy *Proxy

	mu         sync.Mutex
	pending    []testserver.Fate // of the replies that have not come yet, in order
	subscribed bool
	dead       bool // nothing is forwarded any more
}

// requests forwards what the client sends.
func (l *link) requests() {
	d, w := newDecoder(l.Client), bufio.NewWriter(l.Server)
	for l.Pass() {
		f, err := d.next()
		if err != nil || !l.Pass() {
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
	d, w := newDecoder(l.Server), bufio.NewWriter(l.Client)
	for l.Pass() {
		f, err := d.next()
		if err != nil || !l.Pass() {
			return
		}
		switch l.fate(f) {
		case testserver.Forwarded:
			w.Write(f.raw)
		case testserver.Closing:
			l.proxy.countLost()
			w.Flush() // what came before it arrives
			return
		case testserver.Silent:
			l.proxy.countLost()
			w.Flush()
			io.Copy(io.Discard, l.Server)
			<-l.Done() // the client does not learn that the server is gone, either
			return
		}
		if d.r.Buffered() == 0 && w.Flush() != nil {
			return
		}
	}
}

// fate returns what is to become of a reply.
func (l *link) fate(f frame) (is testserver.Fate) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.pending) == 0 || f.kind == '>' || l.subscribed && isMessage(f) {
		return testserver.Forwarded
	}
	is, l.pending = l.pending[0], l.pending[1:]
	l.dead = is == testserver.Silent
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
