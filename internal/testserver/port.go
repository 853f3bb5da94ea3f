package testserver

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
)

// FirstPort is the first that FreePort tries, and those of 32768 and above are
// not for it: systems give them to outgoing connections, and a server which is
// restarted has to find its own still free.
const FirstPort = 10_000

// FreePort returns a port from FirstPort to last that is free, for which IsFree
// will do where one port is enough.
func FreePort(last int, free func(port int) bool) (int, error) {
	for range 100 {
		port := FirstPort + rand.IntN(last-FirstPort+1)
		if free(port) {
			return port, nil
		}
	}
	return 0, errors.New("no free port found")
}

// IsFree tells whether nobody listens on a port of the loopback.
func IsFree(port int) bool {
	l, err := net.Listen("tcp", Loopback(port))
	if err != nil {
		return false
	}
	return l.Close() == nil
}

// Loopback returns the address of a port, as host:port.
func Loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// ErrPortTaken says that somebody else took a free port before the server did.
var ErrPortTaken = errors.New("the port was taken meanwhile")

// UntilPortFree calls start, which takes a free port each time, until the port
// is free for the server, too, but not for ever.
func UntilPortFree[T any](start func() (T, error)) (server T, err error) {
	for range 5 {
		if server, err = start(); !errors.Is(err, ErrPortTaken) {
			break
		}
	}
	return server, err
}
