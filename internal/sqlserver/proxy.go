package sqlserver

import (
	"maps"
	"net"
	"slices"
	"sync"
)

// A Proxy stands between clients and a server, which they reach by the proxy's
// address. It forwards bytes, and knows nothing of what they mean. It counts
// turns: bytes of the client and then bytes of the server are one, however many
// they are, and in however many pieces they come. For a client that waits for
// the answer before it goes on, that is a round trip; what it sends at once is
// one turn. A greeting of the server is none. On demand the proxy loses
// replies that the server has sent, cuts connections, or lets nothing pass.
//
// A client that connects while the server is away is accepted, and then cut. One
// that closes the connection in one direction has closed both.
//
// Its methods may be called from any number of goroutines at once.
type Proxy struct {
	listener net.Listener
	server   string // its address
	running  sync.WaitGroup

	mu     sync.Mutex // may be taken under that of a link
	closed bool
	links  map[*link]bool
	gate   chan struct{} // closed where all may pass
	turns  int
	loss   loss
	lost   int
}

// A loss says which replies are lost.
type loss struct {
	every int // 0: none
	once  bool
	fate  fate
	turns int // since it was set
}

// StartProxy starts a proxy to the server at an address.
func StartProxy(server string) (*Proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{listener: l, server: server, links: map[*link]bool{}, gate: make(chan struct{})}
	close(p.gate)
	p.running.Go(p.accept)
	return p, nil
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.running.Go(func() { p.serve(client) })
	}
}

// serve forwards between the client and a connection to the server.
func (p *Proxy) serve(client net.Conn) {
	l := &link{proxy: p, client: client, done: make(chan struct{})}
	if !p.add(l) {
		client.Close()
		return
	}
	defer p.remove(l)
	defer l.close()
	if !l.pass() {
		return
	}
	server, err := net.Dial("tcp", p.server)
	if err != nil || !l.join(server) {
		return
	}
	var both sync.WaitGroup
	both.Go(l.requests)
	both.Go(l.replies)
	both.Wait()
}

func (p *Proxy) add(l *link) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.links[l] = true
	return true
}

func (p *Proxy) remove(l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.links, l)
}

// Addr returns the address for the clients, as host:port.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Connections returns how many connections of clients are open.
func (p *Proxy) Connections() (n int) {
	for _, l := range p.all() {
		if l.hasClient() {
			n++
		}
	}
	return n
}

func (p *Proxy) all() []*link {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Collect(maps.Keys(p.links))
}

// Stop closes the proxy with all its connections.
func (p *Proxy) Stop() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	err := p.listener.Close()
	p.Cut()
	p.running.Wait()
	return err
}

// Cut closes all connections there are. New ones are welcome.
func (p *Proxy) Cut() {
	for _, l := range p.all() {
		l.close()
	}
}

// Hold lets nothing pass any more. Connections stay open, new ones are
// accepted, and nobody answers on them. What passes at this moment may still
// arrive.
func (p *Proxy) Hold() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.gate:
		p.gate = make(chan struct{})
	default: // held already
	}
}

// Release ends Hold: what was sent meanwhile arrives now.
func (p *Proxy) Release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.gate:
	default:
		close(p.gate)
	}
}

// Lose loses the reply of each n-th turn from now on, on whatever connection,
// or, with 0, that of the next turn alone. It replaces what it was told before.
// The server has begun to reply before the reply is lost, and can end what it
// does: only then it learns that the client is gone. The connection of the
// client is closed at once; with silent it stays open instead, and nothing is
// forwarded on it any more, in either direction.
func (p *Proxy) Lose(every int, silent bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.loss = loss{every: max(every, 1), once: every == 0, fate: closing}
	if silent {
		p.loss.fate = mute
	}
}

// LoseNone ends Lose, for replies that have not begun yet.
func (p *Proxy) LoseNone() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.loss = loss{}
}

// Lost returns how many replies have been lost.
func (p *Proxy) Lost() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lost
}

// Turns returns how many turns there were on all connections since the last
// Reset.
func (p *Proxy) Turns() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.turns
}

// Reset begins to count turns anew.
func (p *Proxy) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.turns = 0
}

// turn counts a turn whose reply begins, and tells what becomes of that.
func (p *Proxy) turn() fate {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.turns++
	if p.loss.every == 0 {
		return forwarded
	}
	p.loss.turns++
	if p.loss.turns%p.loss.every != 0 {
		return forwarded
	}
	p.lost++
	is := p.loss.fate
	if p.loss.once {
		p.loss = loss{}
	}
	return is
}
