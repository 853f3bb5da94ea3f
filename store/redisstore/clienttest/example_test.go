package clienttest_test

import (
	"testing"

	"github.com/sojourn-go/session/store/redisstore"
	"github.com/sojourn-go/session/store/redisstore/clienttest"
)

// newClient is the client under test, of a server that runs.
func newClient(t *testing.T) redisstore.Client {
	return bare{startServer(t)(t)}
}

// In the tests of a client, this is all it takes.
func ExampleRun() {
	// func TestClient(t *testing.T)
	_ = func(t *testing.T) {
		clienttest.Run(t, newClient)
	}
}
