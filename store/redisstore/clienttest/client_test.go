package clienttest_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sojourn-go/session/store/redisstore"
)

// A reference is the contract, and that of a Pinner, in as few lines as
// possible. Its connections are used by one caller at a time.
type reference struct {
	addr  string
	slots chan struct{} // one for each connection in use
	mu    sync.Mutex
	idle  []*conn
}

var _ redisstore.Pinner = (*reference)(nil)

// connections is how many a reference may have.
const connections = 8

func newReference(addr string) *reference {
	return &reference{addr: addr, slots: make(chan struct{}, connections)}
}

type conn struct {
	net.Conn
	r *bufio.Reader
}

func (r *reference) Do(ctx context.Context, cmd redisstore.Command) (any, error) {
	reply := r.DoPinned(ctx, cmd)[0]
	return reply.Value, reply.Err
}

func (r *reference) DoPinned(ctx context.Context, cmds ...redisstore.Command) []redisstore.Reply {
	replies := make([]redisstore.Reply, len(cmds))
	c, err := r.take(ctx)
	if err != nil {
		return failed(len(cmds), err)
	}
	stop := context.AfterFunc(ctx, func() { c.SetDeadline(time.Unix(1, 0)) })
	for i, cmd := range cmds {
		if err == nil {
			replies[i].Value, replies[i].Err, err = c.exchange(cmd.Args)
		}
		if err != nil {
			replies[i] = redisstore.Reply{Err: err}
		}
	}
	if !stop() && err == nil {
		err = ctx.Err() // its deadline has been set
	}
	r.giveBack(c, err)
	return replies
}

func failed(n int, err error) []redisstore.Reply {
	replies := make([]redisstore.Reply, n)
	for i := range replies {
		replies[i].Err = err
	}
	return replies
}

func (r *reference) take(ctx context.Context) (*conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case r.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.idle); n > 0 {
		c := r.idle[n-1]
		r.idle = r.idle[:n-1]
		return c, nil
	}
	c, err := net.Dial("tcp", r.addr)
	if err != nil {
		<-r.slots
		return nil, err
	}
	return &conn{c, bufio.NewReader(c)}, nil
}

// giveBack keeps a connection, or closes it after an error.
func (r *reference) giveBack(c *conn, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		r.idle = append(r.idle, c)
	} else {
		c.Close()
	}
	<-r.slots
}

func (r *reference) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.idle {
		c.Close()
	}
	r.idle = nil
}

// exchange returns the answer, or the refusal, or that the connection is lost.
func (c *conn) exchange(args []string) (value any, refusal, lost error) {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(args))
	for _, arg := range args {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(arg), arg)
	}
	if _, err := io.WriteString(c, b.String()); err != nil {
		return nil, nil, err
	}
	value, err := c.read()
	if refused, ok := value.(redisstore.Error); ok {
		return nil, refused, err
	}
	return value, nil, err
}

// read reads a reply of RESP2.
func (c *conn) read() (any, error) {
	line, err := c.r.ReadString('\n')
	line = strings.TrimSuffix(line, "\r\n")
	if err != nil || line == "" {
		return nil, fmt.Errorf("a reply: got %q, error %w", line, err)
	}
	switch line[0] {
	case '+':
		return line[1:], nil
	case '-':
		return redisstore.Error(line[1:]), nil
	}
	n, err := strconv.ParseInt(line[1:], 10, 64)
	if err != nil || line[0] == ':' {
		return n, err
	}
	if n < 0 {
		return nil, nil
	}
	if line[0] == '$' {
		text := make([]byte, n+2)
		_, err := io.ReadFull(c.r, text)
		return text[:n], err
	}
	all := make([]any, n)
	for i := range all {
		if all[i], err = c.read(); err != nil {
			return nil, err
		}
	}
	return all, nil
}
