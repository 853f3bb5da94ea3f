package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/seal"
	"github.com/sojourn-go/session/store/memstore"
)

// auditFlags are what the command line of "sojourn audit" says.
type auditFlags struct {
	config string
	sealed bool
	json   bool
}

func (a *auditFlags) set() *flag.FlagSet {
	f := flag.NewFlagSet("audit", flag.ContinueOnError)
	f.SetOutput(io.Discard) // faults are told by wrong, as those of all commands
	f.StringVar(&a.config, "config", "", "read the options from `FILE`, one JSON object with the fields of session.Options that are data\n"+
		"by their names in Go: {\"Idle\": \"15m\", \"Lifetime\": \"never\", \"Cookie\": {\"SameSite\": \"Strict\"}};\n"+
		"of a function, such as Observe, true says that there is one, and \"sealed\": true is as -sealed\n"+
		"(default the zero options)")
	f.BoolVar(&a.sealed, "sealed", false, "the sessions are sealed in their cookies, and in no store")
	f.BoolVar(&a.json, "json", false, "print the findings as a JSON array")
	return f
}

func printAuditFlags(w io.Writer) {
	f := (&auditFlags{}).set()
	f.SetOutput(w)
	f.PrintDefaults()
	fmt.Fprint(w, "\nThe exit status is 1 if the options deviate from a requirement and Deviations has no reason for it,\n"+
		"or if the findings cannot be written.\n")
}

// audit prints how options stand to the requirements.
func audit(ctx context.Context, args []string, std streams) int {
	var a auditFlags
	f := a.set()
	err := f.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return help(ctx, []string{"audit"}, std)
	}
	if err == nil && f.NArg() > 0 {
		err = fmt.Errorf("it takes flags only, and got %s", shown(f.Arg(0)))
	}
	if err == nil && a.config == "" && given(f, "config") { // such as -config "$UNSET"
		err = errors.New("-config has no name of a file: the zero options are audited without -config")
	}
	if err != nil {
		return wrong(std, "audit", err)
	}
	m, err := a.sessions()
	if err != nil {
		return wrong(std, "audit", err)
	}
	findings := slices.Collect(m.Audit())
	if err := a.print(std.out, findings); err != nil {
		fmt.Fprintf(std.err, "sojourn audit: %v\n", err)
		return exitFailed
	}
	return conclude(std.err, findings)
}

// given reports whether the flag was on the command line.
func given(f *flag.FlagSet, name string) (found bool) {
	f.Visit(func(g *flag.Flag) { found = found || g.Name == name })
	return found
}

// sessions makes a manager of the options, or tells all that is wrong with them.
func (a *auditFlags) sessions() (*session.Manager, error) {
	var c config
	if a.config != "" {
		text, err := os.ReadFile(a.config)
		if err != nil {
			return nil, fmt.Errorf("-config: %w", err)
		}
		if c, err = parseConfig(text); err != nil {
			var faults []error
			for _, fault := range parts(err) {
				faults = append(faults, fmt.Errorf("-config %s: %w", a.config, fault))
			}
			return nil, errors.Join(faults...)
		}
	}
	if !a.sealed && !c.sealed {
		return session.New(memstore.New(memstore.Options{}), c.options)
	}
	keys, err := seal.NewKeys(seal.NewKey())
	if err != nil {
		return nil, err
	}
	return session.NewSealed(keys, c.options)
}

func (a *auditFlags) print(w io.Writer, findings []session.Finding) error {
	if a.json {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(findings)
	}
	var b strings.Builder
	for _, f := range findings {
		fmt.Fprintln(&b, f)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// conclude says what is left to do, and returns the exit status.
func conclude(w io.Writer, findings []session.Finding) int {
	rows := map[session.Verdict][]string{}
	for _, f := range findings {
		rows[f.Verdict] = append(rows[f.Verdict], f.Row)
	}
	if stale := rows[session.Stale]; stale != nil {
		fmt.Fprintf(w, "sojourn audit: The reason can go, since the requirement is met: %s.\n", strings.Join(stale, ", "))
	}
	if deviating := rows[session.Deviates]; deviating != nil {
		fmt.Fprintf(w, "sojourn audit: The options deviate, and Deviations does not say why: %s.\n", strings.Join(deviating, ", "))
		return exitFailed
	}
	return exitOK
}
