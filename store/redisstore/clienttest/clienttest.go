// Package clienttest is the contract of a [redisstore.Client] as sentences that
// are tests. It is for those who fit a library to it, and run it in their own
// tests, against a server of their own:
//
//	func TestClient(t *testing.T) {
//		clienttest.Run(t, func(t *testing.T) redisstore.Client { return open(t) })
//	}
//
// A Client that is a [redisstore.Pinner] or a [redisstore.Cluster] is held to
// the sentences about these, too.
//
// # The server
//
// It may be in use by others, and may be a cluster. All keys are under a random
// name, and are deleted at the end. Some sentences are about a server that
// takes its time: scripts keep it busy for a second or so each, so that it answers
// nobody meanwhile. It has to allow scripts, and the commands CLIENT and
// SCAN.
//
// # What it cannot see
//
// A faulty network needs a test of the client's own: that Do returns soon after
// its context is done while nobody answers a new connection, that a command
// whose answer was lost is not sent again, and that a master that was replaced
// is found.
package clienttest

import (
	"testing"

	"github.com/sojourn-go/session/store/redisstore"
)

// A rule is a sentence of the contract, and what has to hold for it.
type rule struct {
	sentence string
	hold     func(*check)
}

// contract is the whole of it, by subject. A subject with a condition is only
// for the clients that meet it.
var contract = []struct {
	rules []rule
	about func(redisstore.Client) bool
}{
	{rules: replies},
	{rules: refusals},
	{rules: arguments},
	{rules: ownership},
	{rules: callers},
	{rules: contexts},
	{pinning, can[redisstore.Pinner]},
	{clustering, can[redisstore.Cluster]},
}

func can[T redisstore.Client](c redisstore.Client) bool {
	_, ok := c.(T)
	return ok
}

// Run holds a client to the contract, with a subtest for each sentence. It
// calls open for each of them, and once before to ask what the client can do;
// open closes what it opened by t.Cleanup.
func Run(t *testing.T, open func(*testing.T) redisstore.Client) {
	t.Helper()
	c := open(t)
	for _, subject := range contract {
		if subject.about != nil && !subject.about(c) {
			continue
		}
		for _, r := range subject.rules {
			t.Run(r.sentence, func(t *testing.T) {
				if err := r.check(t.Context(), open(t)); err != nil {
					t.Error(err)
				}
			})
		}
	}
}
