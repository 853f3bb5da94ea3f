package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/memstore"
)

// A kind is a way of keeping sessions. Whatever is said or done by the name of
// a store is here, and each kind has a file of its own.
type kind struct {
	usage string                 // what -store takes
	help  string                 // what that means, in a few words
	where string                 // the same, for visitors
	takes func(text string) bool // whether a value of -store means this kind
	open  func(*demoFlags, opening) (kept, error)
}

// kinds returns all of them, in the order of the help text.
func kinds() []kind {
	return []kind{inMemory(), inCookies(), inSQLite(), inBolt(), inRedis(), inPostgres(), inMySQL()}
}

// is returns a takes for a word.
func is(word string) func(string) bool {
	return func(text string) bool { return text == word }
}

// isFile returns a takes for name:PATH.
func isFile(name string) func(string) bool {
	return func(text string) bool { return text == name || strings.HasPrefix(text, name+":") }
}

// isAddress returns a takes for addresses of these schemes, and for a word that
// stands for one in the environment.
func isAddress(word string, schemes ...string) func(string) bool {
	return func(text string) bool {
		scheme, _, address := strings.Cut(text, "://")
		return text == word || address && slices.Contains(schemes, strings.ToLower(scheme))
	}
}

// kindOf returns the kind that -store means. If there is none, it is the memory.
func (d *demoFlags) kindOf() (kind, error) {
	if d.store == "" {
		return inOwnFile(), nil
	}
	all := kinds()
	i := slices.IndexFunc(all, func(k kind) bool { return k.takes(d.store) })
	if i >= 0 {
		return all[i], nil
	}
	var known []string
	for _, k := range all {
		known = append(known, k.usage)
	}
	return inMemory(), fmt.Errorf("-store: there is no store %s, known are: %s", shown(d.store), strings.Join(known, ", "))
}

// storeHelp is what "sojourn help demo" says of -store.
func storeHelp() string {
	var b strings.Builder
	b.WriteString("keep the sessions in `STORE`:\n")
	for _, k := range kinds() {
		fmt.Fprintf(&b, "  %-28s %s\n", k.usage, k.help)
	}
	fmt.Fprintf(&b, "Whoever lists processes sees a password that is here: the words redis, postgres and mysql\n"+
		"stand for the addresses in $%s, $%s and $%s.\n", redisVariable, postgresVariable, mysqlVariable)
	b.WriteString("(default the SQLite file sojourn/demo.db in your cache directory; memory, if there can be none)")
	return b.String()
}

// An opening is what every kind of store is opened with.
type opening struct {
	options session.Options
	epoch   func(context.Context, string) (uint64, error) // of an owner, for sessions in no store
	log     *slog.Logger
	say     io.Writer // for people, beside the log
	faults  []error   // what is wrong with the flags so far
}

// kept are the sessions, and where they are kept.
type kept struct {
	sessions *session.Manager
	store    store.Store  // to be swept; nil: there is none, for the sessions are in their cookies
	close    func() error // after the last use
	where    string       // said to visitors
}

// sessions opens what -store means, or tells all that is wrong with the flags.
func (d *demoFlags) sessions(o opening) (kept, error) {
	k, err := d.kindOf()
	o.faults = append(o.faults, d.misplaced(), err)
	kept, err := k.open(d, o)
	if kept.where == "" {
		kept.where = k.where
	}
	return kept, err
}

// misplaced tells of flags that are for another kind of store.
func (d *demoFlags) misplaced() error {
	given := "-store is " + shown(d.store)
	if d.store == "" {
		given = "-store is not given"
	}
	var faults []error
	if d.key != "" && !inCookies().takes(d.store) {
		faults = append(faults, fmt.Errorf("-key: it is for -store sealed, and %s", given))
	}
	if d.deny && d.limit == 0 {
		faults = append(faults, errors.New("-deny: it needs a -limit"))
	}
	if (d.rotate != 0 || d.limit != 0 || d.deny) && inCookies().takes(d.store) {
		faults = append(faults, fmt.Errorf("-rotate, -limit and -deny: they are for sessions in a store, and %s", given))
	}
	if (d.cached || d.replicas != 0) && !inRedis().takes(d.store) {
		faults = append(faults, fmt.Errorf("-cached and -replicas: they are for -store redis, and %s", given))
	}
	return errors.Join(faults...)
}

// A place is where sessions are to be kept.
type place struct {
	name string // "PostgreSQL"
	at   string // its address, as it may be shown
	with []any  // what else the log says of it, as keys and values
	open func() (store.Store, func() error, error)
}

// keep makes sessions that are kept in a place. That is opened only if nothing is
// wrong with the flags, and then an error is a failure.
func (o opening) keep(p place, faults ...error) (kept, error) {
	_, err := session.New(memstore.New(memstore.Options{}), o.options)
	if err := errors.Join(append(append(o.faults, faults...), err)...); err != nil {
		return kept{}, err
	}
	st, closeStore, err := p.open()
	if err != nil {
		return kept{}, failure{fmt.Errorf("the sessions cannot be kept in %s: %w", p.at, err)}
	}
	m, err := session.New(st, o.options)
	if err != nil {
		return kept{}, errors.Join(err, closeStore())
	}
	o.log.Info("sessions are kept in "+p.name, append([]any{"at", p.at}, p.with...)...)
	warn(st, p.name, o.log)
	return kept{sessions: m, store: st, close: closeStore}, nil
}

// warn says what is wrong with the servers. That is no reason not to start.
func warn(st store.Store, name string, log *slog.Logger) {
	type checker interface {
		store.Store
		Check(context.Context) error
	}
	c, ok := store.As[checker](st)
	if !ok {
		return
	}
	if err := c.Check(context.Background()); err != nil {
		for _, fault := range parts(err) {
			log.Warn(name+" is not as it should be", "err", fault)
		}
	}
}

// parts returns the errors that were joined.
func parts(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []error
		for _, part := range joined.Unwrap() {
			all = append(all, parts(part)...)
		}
		return all
	}
	return []error{err}
}

// path returns the file of -store name:PATH.
func (d *demoFlags) path(name string) (string, error) {
	path := strings.TrimPrefix(strings.TrimPrefix(d.store, name), ":")
	switch {
	case path == "":
		return "", fmt.Errorf("-store %s: a path has to follow, as in %s:sessions.db", name, name)
	case strings.HasPrefix(path, "//"):
		return "", fmt.Errorf("-store %s: the path follows the colon, without //, as in %s:/tmp/sessions.db", name, name)
	}
	return path, nil
}

// address returns the address that -store gives, or, if it is a word, the
// environment, and which of the two it was.
func (d *demoFlags) address(word, variable, example string) (raw, from string, err error) {
	if d.store != word {
		return d.store, "-store", nil
	}
	if raw = os.Getenv(variable); raw == "" {
		err = fmt.Errorf("-store %s: $%s has to hold the address, such as %s", word, variable, example)
	}
	return raw, "$" + variable, err
}

// shown returns a word of the command line for an error. What looks like an
// address, in whatever form, may have a password in it; a path has none.
func shown(word string) string {
	file := inSQLite().takes(word) || inBolt().takes(word)
	if !file && strings.ContainsAny(word, "@/:=") {
		return "something with an address in it, which is not shown here"
	}
	return strconv.Quote(word)
}
