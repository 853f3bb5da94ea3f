package redisstore

import (
	"context"
	"strings"
)

// A Client sends commands to Redis. It is all that a [Store] asks of the
// library that an application has already; package clienttest is this contract
// as tests, and each of the libraries known fits it in a few lines.
//
// Its methods may be called from any number of goroutines at once.
type Client interface {
	// Do sends one command, and returns what the server answered:
	//
	//	nil            a nil reply, with a nil error
	//	string, []byte a bulk reply (of bytes that nobody else holds), and
	//	string         a simple reply, such as "OK"
	//	int64          an integer
	//	[]any          an array of these
	//	an Error       what the server refused, as the error
	//
	// Any other error says that the answer is not known: the connection was
	// lost, the context done, no server found. Whether the command was carried
	// out is then open.
	//
	// Do returns soon after the deadline of the context, and soon after it is
	// cancelled if it can, or else at the deadline; if that is away for more
	// than 5 s, or there is none, it can. It sends a command to the
	// master of its key, never to a replica, and better not twice: a Store
	// stays correct if it does, since a Save that is repeated is a conflict, and
	// sessions recognise their own.
	Do(ctx context.Context, cmd Command) (any, error)
}

// A Command is one command of Redis: its name, then its arguments. Do must not
// keep Args, or change them.
type Command struct {
	Args []string

	// Key is the place in Args of the key that the command is about, for
	// clients that find the server by it. 0: it is about none, and any server
	// will do. No command has two.
	Key int
}

// A Pinner is a Client that can keep to one connection. Waiting for replicas
// needs that: WAIT speaks of the writes of its own connection, and on another
// it answers at once.
type Pinner interface {
	Client

	// DoPinned sends the commands, in order, over one connection, which nobody
	// else uses meanwhile, to the master of the first one's key. It returns
	// what Do would have for each of them. All are sent, whatever the others
	// came to, except that nothing is sent after the connection is lost.
	DoPinned(ctx context.Context, cmds ...Command) []Reply
}

// A Reply is what Do returns.
type Reply struct {
	Value any
	Err   error
}

// A Cluster is a Client of several servers, each with a part of the keys. A
// Client of a Cluster that is none cannot list what it holds.
type Cluster interface {
	Client

	// Masters returns a Client for each master there is now. They are valid
	// as long as the Cluster.
	Masters(ctx context.Context) ([]Client, error)
}

// An Error is what a server refused a command with, such as
// "WRONGTYPE Operation against a key holding the wrong kind of value".
type Error string

func (e Error) Error() string { return string(e) }

// Code returns the first word, which says what kind of error it is; "ERR" is
// any.
func (e Error) Code() string {
	text := strings.TrimPrefix(string(e), "-") // so a script tells it, before Redis 7
	code, _, _ := strings.Cut(text, " ")
	return code
}
