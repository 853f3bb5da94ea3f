// Command sojourn shows what package session does: "sojourn demo" serves a
// small site that counts visits, "sojourn keygen" makes keys for sealing, and
// "sojourn audit" holds options against what standards demand of sessions.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"slices"
	"syscall"
)

// The exit codes: wrong usage is told apart from what went wrong.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C does not wait for the first
	os.Exit(run(ctx, os.Args[1:], streams{os.Stdout, os.Stderr}))
}

// streams are where a command writes: what was asked for to out, the rest to
// err.
type streams struct {
	out, err io.Writer
}

// A command is one of sojourn's subcommands.
type command struct {
	name    string
	summary string
	run     func(context.Context, []string, streams) int
	flags   func(io.Writer) // prints them; nil: it has none
}

// commands returns all of them, in the order of the help text.
func commands() []command {
	return []command{
		{"demo", "serve a small site to try sessions on", demo, printDemoFlags},
		{"keygen", "print a new key for sealing, one line of text", keygen, nil},
		{"audit", "say how options stand to what ASVS, NIST and OWASP demand", audit, printAuditFlags},
		{"help", "say this, or what the flags of a command mean", help, nil},
		{"version", "say which version this is", version, nil},
	}
}

func find(name string) (command, bool) {
	all := commands()
	i := slices.IndexFunc(all, func(c command) bool { return c.name == name })
	if i < 0 {
		return command{}, false
	}
	return all[i], true
}

func run(ctx context.Context, args []string, std streams) int {
	if len(args) == 0 {
		printUsage(std.err)
		return exitUsage
	}
	name := args[0]
	if name == "-h" || name == "-help" || name == "--help" {
		name = "help"
	}
	c, ok := find(name)
	if !ok {
		return wrong(std, "", fmt.Errorf("there is no command %s", shown(name)))
	}
	return c.run(ctx, args[1:], std)
}

func help(_ context.Context, args []string, std streams) int {
	if len(args) == 0 {
		printUsage(std.out)
		return exitOK
	}
	if len(args) > 1 {
		return wrong(std, "help", fmt.Errorf("it takes one command, and got %s as well", shown(args[1])))
	}
	c, ok := find(args[0])
	if !ok {
		return wrong(std, "help", fmt.Errorf("there is no command %s", shown(args[0])))
	}
	printCommand(std.out, c)
	return exitOK
}

func version(_ context.Context, args []string, std streams) int {
	if len(args) > 0 {
		return wrong(std, "version", fmt.Errorf("it takes no arguments, and got %s", shown(args[0])))
	}
	v := "(devel)"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		v = info.Main.Version
	}
	fmt.Fprintf(std.out, "sojourn %s (%s %s/%s)\n", v, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return exitOK
}

func printUsage(w io.Writer) {
	fmt.Fprint(w, "sojourn shows what HTTP sessions for Go can do.\n\nusage: sojourn COMMAND [flags]\n\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-10s %s\n", c.name, c.summary)
	}
	fmt.Fprint(w, "\n\"sojourn help COMMAND\" tells more of a command.\n")
}

func printCommand(w io.Writer, c command) {
	fmt.Fprintf(w, "sojourn %s: %s.\n", c.name, c.summary)
	if c.flags != nil {
		fmt.Fprintf(w, "\nusage: sojourn %s [flags]\n\n", c.name)
		c.flags(w)
	}
}

// wrong says what is wrong with the command line, each fault as a sentence.
func wrong(std streams, name string, err error) int {
	who, more := "sojourn", "sojourn help"
	if name != "" {
		who += " " + name
	}
	if c, ok := find(name); ok && c.flags != nil {
		more += " " + name
	}
	for _, s := range sentences(err) {
		fmt.Fprintf(std.err, "%s: %s\n", who, s)
	}
	fmt.Fprintf(std.err, "%q says what is possible.\n", more)
	return exitUsage
}
