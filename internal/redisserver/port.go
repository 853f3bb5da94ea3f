package redisserver

import (
	"fmt"

	"github.com/sojourn-go/session/internal/testserver"
)

// The bus of a cluster listens busOffset above the port, and has to find room
// there, too.
const (
	lastPort    = 21_999
	busOffset   = 10_000
	standardBus = 16_379
)

// freePort returns a port that nobody listens on, nor on its bus.
func freePort() (int, error) {
	port, err := testserver.FreePort(lastPort, func(port int) bool {
		return port != standardBus && testserver.IsFree(port) && testserver.IsFree(port+busOffset)
	})
	if err != nil {
		return 0, fmt.Errorf("redisserver: %w", err)
	}
	return port, nil
}
