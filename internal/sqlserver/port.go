package sqlserver

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
)

// Ports lie below those that systems give to outgoing connections, so that a
// server which is restarted finds its own still free.
const firstPort, lastPort = 10_000, 31_999

// freePort returns a port that nobody listens on.
func freePort() (int, error) {
	for range 100 {
		port := firstPort + rand.IntN(lastPort-firstPort+1)
		l, err := net.Listen("tcp", loopback(port))
		if err != nil {
			continue
		}
		if err := l.Close(); err == nil {
			return port, nil
		}
	}
	return 0, errors.New("sqlserver: no free port found")
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
