package sqlserver

import (
	"fmt"

	"github.com/sojourn-go/session/internal/testserver"
)

const lastPort = 31_999

// freePort returns a port that nobody listens on.
func freePort() (int, error) {
	port, err := testserver.FreePort(lastPort, testserver.IsFree)
	if err != nil {
		return 0, fmt.Errorf("sqlserver: %w", err)
	}
	return port, nil
}
