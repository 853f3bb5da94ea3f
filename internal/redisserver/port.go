package redisserver

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
)

// Ports lie below those that systems give to outgoing connections, so that a
// server which is restarted finds its own still free. The bus of a cluster
// listens busOffset above, and has to find room there, too.
const (
	firstPort, lastPort = 10_000, 21_999
	busOffset           = 10_000
	standardBus         = 16_379
)

// freePort returns a port that nobody listens on, nor on its bus.
func freePort() (int, error) {
	for range 100 {
		port := firstPort + rand.IntN(lastPort-firstPort+1)
		if port != standardBus && isFree(port) && isFree(port+busOffset) {
			return port, nil
		}
	}
	return 0, errors.New("redisserver: no free port found")
}

func isFree(port int) bool {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return false
	}
	return l.Close() == nil
}
