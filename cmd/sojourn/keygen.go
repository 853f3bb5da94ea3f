package main

import (
	"context"
	"fmt"

	"github.com/sojourn-go/session/seal"
)

// keygen prints a key that nobody has. It goes to standard output alone, so
// that it can be sent to a file or a secret store without passing the screen.
func keygen(_ context.Context, args []string, std streams) int {
	if len(args) > 0 {
		return wrong(std, "keygen", fmt.Errorf("it takes no arguments, and got %s", shown(args[0])))
	}
	if _, err := fmt.Fprintln(std.out, seal.NewKey().Text()); err != nil {
		fmt.Fprintf(std.err, "sojourn keygen: %v\n", err)
		return exitFailed
	}
	return exitOK
}
