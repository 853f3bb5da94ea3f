package sqlserver

import (
	"sync"

	"github.com/sojourn-go/session/internal/testserver"
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
// Addr, Connections, Cut, Hold, Release and Stop are those of a
// [testserver.Relay]. All methods may be called from any number of goroutines
// at once.
type Proxy struct {
	*relay

	mu    sync.Mutex // may be taken under that of a link
	turns int
	loss  loss
	lost  int
}

// A loss says which replies are lost.
type loss struct {
	every int // 0: none
	once  bool
	fate  testserver.Fate
	turns int // since it was set
}

// relay keeps the field to itself, and not the methods.
type relay = testserver.Relay

// StartProxy starts a proxy to the server at an address.
func StartProxy(server string) (*Proxy, error) {
	p := &Proxy{}
	var err error
	if p.relay, err = testserver.StartRelay(server, p.forward); err != nil {
		return nil, err
	}
	return p, nil
}

// forward forwards between a client and the server, until both are gone.
func (p *Proxy) forward(both *testserver.Link) {
	l := &link{Link: both, proxy: p}
	var running sync.WaitGroup
	running.Go(l.requests)
	running.Go(l.replies)
	running.Wait()
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
	p.loss = loss{every: max(every, 1), once: every == 0, fate: testserver.Closing}
	if silent {
		p.loss.fate = testserver.Silent
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
func (p *Proxy) turn() testserver.Fate {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.turns++
	if p.loss.every == 0 {
		return testserver.Forwarded
	}
	p.loss.turns++
	if p.loss.turns%p.loss.every != 0 {
		return testserver.Forwarded
	}
	p.lost++
	is := p.loss.fate
	if p.loss.once {
		p.loss = loss{}
	}
	return is
}
