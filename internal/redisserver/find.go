// Package redisserver starts real Redis servers for tests: one alone, a
// cluster, or one with replicas and sentinels. They listen on free ports of the
// loopback, keep their files in temporary directories, and save nothing unless
// told to.
//
// What a test needs to say is said in lines of redis.conf:
//
//	s, err := redisserver.Start("maxmemory 4mb", "requirepass secret")
//	...
//	defer s.Stop()
//
// Where there is no server to be started every function returns an error that
// is [ErrMissing], which says what to install. On Linux the servers die with
// the process that started them, however it ends; elsewhere they are left
// behind by one that ends without Stop.
//
// A [Proxy] stands between a client and a server, and loses what it is told to.
package redisserver

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
)

// ErrMissing says that no server is installed.
var ErrMissing = errors.New("no Redis server found: install the package redis-server, or name a binary in " + Variable)

// Variable is the environment variable that may name the binary of the server,
// so that another version, or Valkey, can be tried.
const Variable = "SOJOURN_REDIS_SERVER"

// Find returns the path of the server's binary: what [Variable] says, else
// redis-server or valkey-server from PATH. The error is ErrMissing if there is
// none of them.
func Find() (path string, err error) {
	if name := os.Getenv(Variable); name != "" {
		path, err = exec.LookPath(name)
		if err != nil {
			return "", fmt.Errorf("%w: %s is set to %q: %w", ErrMissing, Variable, name, err)
		}
		return path, nil
	}
	for _, name := range []string{"redis-server", "valkey-server"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", ErrMissing
}
