package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/sojourn-go/session"
)

// demoFlags are what the command line of "sojourn demo" says.
type demoFlags struct {
	addr           string
	store          string
	key            string
	cached         bool
	replicas       int
	idle, lifetime time.Duration
	rotate         time.Duration
	limit          int
	deny           bool
	insecure       bool
}

func (d *demoFlags) set() *flag.FlagSet {
	f := flag.NewFlagSet("demo", flag.ContinueOnError)
	f.SetOutput(io.Discard) // faults are told by wrong, as those of all commands
	f.StringVar(&d.addr, "addr", "127.0.0.1:8080", "listen on `HOST:PORT`; port 0 is any free one")
	f.StringVar(&d.store, "store", "", storeHelp())
	f.BoolVar(&d.cached, "cached", false, "with -store redis: answer reads from memory too, as long as Redis tells of changes")
	f.IntVar(&d.replicas, "replicas", 0, "with -store redis: a login counts as kept when `N` replicas have it")
	f.StringVar(&d.key, "key", "", "with -store sealed: read the keys from `FILE`, one a line, of which the first seals (default $"+keyVariable+", or else a file of your configuration directory, made at the first start)")
	f.Func("idle", "end a session not used for `DURATION`, such as 10m, or never (default 30m, or -lifetime if that is shorter)", end(&d.idle))
	f.Func("lifetime", "end a session `DURATION` after it began, or after the last login, or never (default 24h)", end(&d.lifetime))
	f.DurationVar(&d.rotate, "rotate", 0, "give a session another token every `DURATION`, a minute at least; 0 is never")
	f.IntVar(&d.limit, "limit", 0, "let a name have `N` sessions at once, and end the oldest at a login more; 0 is 1000")
	f.BoolVar(&d.deny, "deny", false, "with -limit: refuse a login more, and end none")
	f.BoolVar(&d.insecure, "insecure", false, "send the cookie without Secure, for a browser that refuses Secure cookies over http; loopback addresses only")
	return f
}

// end reads a flag that says when a session ends.
func end(d *time.Duration) func(string) error {
	return func(text string) (err error) {
		if text == "never" {
			*d = session.Never
			return nil
		}
		if *d, err = time.ParseDuration(text); err == nil && *d <= 0 {
			err = errors.New("a duration is longer than nothing, or the word never")
		}
		return err
	}
}

func printDemoFlags(w io.Writer) {
	f := (&demoFlags{}).set()
	f.SetOutput(w)
	f.PrintDefaults()
}

// demo serves the demonstration until ctx is done.
func demo(ctx context.Context, args []string, std streams) int {
	var d demoFlags
	f := d.set()
	err := f.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return help(ctx, []string{"demo"}, std)
	}
	if err == nil && f.NArg() > 0 {
		err = fmt.Errorf("it takes flags only, and got %s", shown(f.Arg(0)))
	}
	if err != nil {
		return wrong(std, "demo", err)
	}
	log := slog.New(slog.NewTextHandler(std.err, nil))
	site, kept, err := d.open(log, std.err)
	if err == nil {
		if err = errors.Join(d.serve(ctx, site, kept.store, log, std), kept.close()); err != nil {
			err = failure{err}
		}
	}
	if failed, ok := errors.AsType[failure](err); ok {
		fmt.Fprintf(std.err, "sojourn demo: %s\n", oneLine(failed))
		return exitFailed
	}
	if err != nil {
		return wrong(std, "demo", err)
	}
	return exitOK
}

// open makes the site, or tells all that is wrong with the flags at once.
func (d *demoFlags) open(log *slog.Logger, say io.Writer) (*site, kept, error) {
	s := newSite(log, d.insecure)
	o := session.Options{
		Idle:          d.idle,
		Lifetime:      d.lifetime,
		Rotate:        d.rotate,
		Limit:         d.limit,
		Client:        session.ClientOf,
		ClearSiteData: []string{"cache"}, // so that the back button shows nothing to who comes next
		Insecure:      d.insecure,
		ErrorHandler:  s.failed,
		Observe:       observer(log),
		Logger:        log,
	}
	if d.deny {
		o.OverLimit = session.DenyNew
	}
	k, err := d.sessions(opening{options: o, epoch: s.accounts.epoch, log: log, say: say, faults: []error{d.checkAddr()}})
	if err == nil {
		s.keep(k)
	}
	return s, k, err
}

// A failure is no fault of the command line.
type failure struct{ error }

// checkAddr keeps a cookie without Secure on this machine. The sessions refuse
// foreign hosts too, but a refusal at the start is understood at once.
func (d *demoFlags) checkAddr() error {
	host, _, err := net.SplitHostPort(d.addr)
	if err != nil {
		return fmt.Errorf("-addr: %q is not HOST:PORT, as in 127.0.0.1:8080", d.addr)
	}
	if d.insecure && !loopback(host) {
		return fmt.Errorf("-insecure: the cookie would travel in the clear, so it is for this machine alone, and -addr %s is not a loopback address: leave -insecure out, or listen on 127.0.0.1", d.addr)
	}
	return nil
}

func loopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// sentences returns the faults joined in err, each as one: the package that
// found it is of no interest to who typed the command.
func sentences(err error) []string {
	var all []string
	for line := range strings.SplitSeq(err.Error(), "\n") {
		line = strings.TrimPrefix(line, "session: ")
		first, size := utf8.DecodeRuneInString(line)
		if strings.HasPrefix(line, "-") {
			all = append(all, line+".")
			continue
		}
		all = append(all, string(unicode.ToUpper(first))+line[size:]+".")
	}
	return all
}

// oneLine returns the text of a failure as one line: drivers tell in several.
func oneLine(err error) string {
	var b strings.Builder
	for line := range strings.Lines(err.Error()) {
		switch text := b.String(); {
		case text == "":
		case strings.HasSuffix(text, ":"):
			b.WriteString(" ")
		default:
			b.WriteString("; ")
		}
		b.WriteString(strings.TrimSpace(line))
	}
	return b.String()
}
