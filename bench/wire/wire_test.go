package wire_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/sojourn-go/session/bench/wire"
)

// The test's own program is the servers', if it is told so.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "serve" {
		if err := wire.Serve(os.Args[2], os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func TestEveryServerAnswersEveryWorkload(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	results, err := wire.Run(wire.Options{Command: []string{self, "serve"}, Passes: 1, Requests: 200})
	if err != nil {
		t.Fatal(err)
	}
	if want := len(wire.Workloads) * len(wire.Subjects); len(results) != want {
		t.Errorf("got %d results, want %d", len(results), want)
	}
	for _, r := range results {
		if r.NS[0] <= 0 {
			t.Errorf("%s, %s: took %v", r.Name, r.Group, r.NS[0])
		}
	}
}
