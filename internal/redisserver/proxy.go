package redisserver

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/sojourn-go/session/internal/testserver"
)

// A Proxy stands between clients and a server, which they reach by the proxy's
// address. It forwards commands and replies, RESP2 and RESP3, and counts the
// commands; on demand it loses replies of commands that the server has carried
// out, cuts connections, or lets nothing pass. A server that sends its clients
// elsewhere (a node of a cluster, a sentinel) sends them past the proxy.
//
// Replies are matched to commands by their order. Clients that turn replies off
// (CLIENT REPLY), and MONITOR, do not fit into that.
//
// Its methods may be called from any number of goroutines at once.
type Proxy struct {
	relay *testserver.Relay

	mu     sync.Mutex // may be taken under that of a link
	counts map[string]int
	loss   Loss
	hits   int // of the loss, since it was set
	lost   int
}

// A Loss says of which commands the replies are lost, and how.
type Loss struct {
	// Commands are the names, such as "EVALSHA", in capitals. None are all,
	// those by which a client sets up its connection, too.
	Commands []string

	// Every is n for each n-th of them from now on; 0 is the next one only.
	Every int

	// Silent leaves the connection open, and forwards nothing on it any more
	// in either direction. Otherwise it is closed.
	Silent bool
}

// StartProxy starts a proxy to the server at an address.
func StartProxy(server string) (*Proxy, error) {
	p := &Proxy{counts: map[string]int{}}
	var err error
	if p.relay, err = testserver.StartRelay(server, p.forward); err != nil {
		return nil, err
	}
	return p, nil
}

// forward forwards between a client and the server, until one of them is gone.
func (p *Proxy) forward(both *testserver.Link) {
	l := &link{Link: both, proxy: p}
	var running sync.WaitGroup
	running.Go(func() { l.requests(); l.Close() })
	running.Go(func() { l.replies(); l.Close() })
	running.Wait()
}

// Addr returns the address for the clients, as host:port.
func (p *Proxy) Addr() string { return p.relay.Addr() }

// Stop closes the proxy with all its connections.
func (p *Proxy) Stop() error { return p.relay.Stop() }

// Cut closes all connections there are. New ones are welcome.
func (p *Proxy) Cut() { p.relay.Cut() }

// Partition lets nothing pass any more. Connections stay open, new ones are
// accepted, and nobody answers on them. What passes at this moment may still
// arrive.
func (p *Proxy) Partition() { p.relay.Hold() }

// Heal ends a partition: what was sent meanwhile arrives now.
func (p *Proxy) Heal() { p.relay.Release() }

// Lose loses replies from now on, instead of those that it was told to lose
// before. The server has carried out a command before its reply is lost.
func (p *Proxy) Lose(l Loss) {
	l.Commands = slices.Clone(l.Commands)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.loss, p.hits = l, 0
	if l.Every == 0 {
		p.loss.Every = onlyNext
	}
}

// LoseNone ends Lose, for commands that have not arrived yet.
func (p *Proxy) LoseNone() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.loss = Loss{}
}

// onlyNext marks a loss that has happened once it has happened; that of the
// zero Loss never does.
const onlyNext = -1

// Lost returns how many replies have been lost.
func (p *Proxy) Lost() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lost
}

// Counts returns how many commands arrived for the server since the last Reset,
// by their names in capitals.
func (p *Proxy) Counts() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.counts)
}

// Reset begins to count anew.
func (p *Proxy) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.counts)
}

// arrived counts a command, and tells whether its reply is to be lost.
func (p *Proxy) arrived(name string) (fate testserver.Fate) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counts[name]++
	if p.loss.Every == 0 || len(p.loss.Commands) > 0 && !slices.Contains(p.loss.Commands, name) {
		return testserver.Forwarded
	}
	p.hits++
	if p.loss.Every != onlyNext && p.hits%p.loss.Every != 0 {
		return testserver.Forwarded
	}
	fate = testserver.Closing
	if p.loss.Silent {
		fate = testserver.Silent
	}
	if p.loss.Every == onlyNext {
		p.loss = Loss{}
	}
	return fate
}

func (p *Proxy) countLost() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lost++
}

func commandName(f frame) string {
	words, _ := f.value.([]any)
	if len(words) == 0 {
		return ""
	}
	name, _ := words[0].(string)
	return strings.ToUpper(name)
}
