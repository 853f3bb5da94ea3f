package testserver

import (
	"maps"
	"net"
	"slices"
	"sync"
)

// A Relay stands between clients and a server, which they reach by its address.
// It makes a [Link] of each connection, and knows nothing of what passes. Its
// methods may be called from any number of goroutines at once.
type Relay struct {
	listener net.Listener
	server   string // its address
	forward  func(*Link)
	running  sync.WaitGroup

	mu     sync.Mutex
	closed bool
	links  map[*Link]bool
	gate   chan struct{} // closed where all may pass
}

// StartRelay starts a relay to the server at an address. forward is called for
// each link, in a goroutine of its own and maybe before StartRelay returns; when
// it returns the link is closed. It has to return once the link is closed, and
// to ask Link.Pass before it lets anything pass.
func StartRelay(server string, forward func(*Link)) (*Relay, error) {
	l, err := net.Listen("tcp", Loopback(0))
	if err != nil {
		return nil, err
	}
	r := &Relay{listener: l, server: server, forward: forward, links: map[*Link]bool{}, gate: make(chan struct{})}
	close(r.gate)
	r.running.Go(r.accept)
	return r, nil
}

func (r *Relay) accept() {
	for {
		client, err := r.listener.Accept()
		if err != nil {
			return
		}
		r.running.Go(func() { r.serve(client) })
	}
}

// serve makes a link of the client's connection and one to the server.
func (r *Relay) serve(client net.Conn) {
	l := &Link{Client: client, relay: r, done: make(chan struct{})}
	if !r.add(l) {
		client.Close()
		return
	}
	defer r.remove(l)
	defer l.Close()
	if !l.Pass() {
		return
	}
	server, err := net.Dial("tcp", r.server)
	if err != nil || !l.join(server) {
		return
	}
	r.forward(l)
}

func (r *Relay) add(l *Link) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false
	}
	r.links[l] = true
	return true
}

func (r *Relay) remove(l *Link) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.links, l)
}

func (r *Relay) all() []*Link {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Collect(maps.Keys(r.links))
}

// Addr returns the address for the clients, as host:port.
func (r *Relay) Addr() string { return r.listener.Addr().String() }

// Connections returns how many connections of clients are open.
func (r *Relay) Connections() (n int) {
	for _, l := range r.all() {
		if !l.Left() {
			n++
		}
	}
	return n
}

// Stop closes the relay with all its connections.
func (r *Relay) Stop() error {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	err := r.listener.Close()
	r.Cut()
	r.running.Wait()
	return err
}

// Cut closes all connections there are. New ones are welcome.
func (r *Relay) Cut() {
	for _, l := range r.all() {
		l.Close()
	}
}

// Hold lets nothing pass any more. Connections stay open, new ones are
// accepted, and nobody answers on them. What passes at this moment may still
// arrive.
func (r *Relay) Hold() {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-r.gate:
		r.gate = make(chan struct{})
	default: // held already
	}
}

// Release ends Hold: what was sent meanwhile arrives now.
func (r *Relay) Release() {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-r.gate:
	default:
		close(r.gate)
	}
}
