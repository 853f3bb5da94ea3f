// Package wire measures requests over net/http on loopback, by the CPU time of
// the server: each subject is served by a process of its own, and all of them
// get the same requests in turn, over connections that stay open.
package wire

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"runtime"

	"github.com/sojourn-go/session/bench/measure"
	"github.com/sojourn-go/session/bench/peers"
)

// Bare is the server without any session. BareVary says "Vary: Cookie" besides,
// as all must that look at a session: so much of their cost is net/http's.
const (
	Bare     = "bare"
	BareVary = "bare, with a line of Vary"
)

// paths are what a server serves.
var paths = map[string]peers.Action{
	"/sign":      peers.SignIn,
	"/untouched": peers.Untouched,
	"/read":      peers.Read,
	"/write":     peers.Count,
}

// Serve serves the subject of that name, writes its address to out as one
// line, and answers every line of in with the CPU time used so far. It returns
// when in ends.
func Serve(name string, in io.Reader, out io.Writer) error {
	runtime.GOMAXPROCS(1) // the client has the other processor
	handler, err := handlerOf(name)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() { log.Print(http.Serve(l, handler)) }()
	fmt.Fprintln(out, l.Addr())
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		fmt.Fprintln(out, int64(measure.CPU()))
	}
	return lines.Err()
}

func handlerOf(name string) (http.Handler, error) {
	switch name {
	case Bare:
		return peers.Bare(paths)
	case BareVary:
		h, err := peers.Bare(paths)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header()["Vary"] = []string{"Cookie"}
			h.ServeHTTP(w, r)
		}), err
	}
	s, err := peers.Find(name)
	if err != nil {
		return nil, err
	}
	return peers.Handler(s, paths)
}
