package sqlserver

import (
	"time"

	"github.com/sojourn-go/session/internal/testserver"
)

// patience is how long a server may take to do what it was told. It is long,
// for a machine that does many other things.
const patience = 60 * time.Second

// await waits with patience until f returns nil.
func await(what string, f func() error) error { return testserver.Await(patience, what, f) }
