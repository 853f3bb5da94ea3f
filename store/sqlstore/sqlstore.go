package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/sojourn-go/session/store"
)

var (
	_ store.Lister        = (*Store)(nil)
	_ store.Sweeper       = (*Store)(nil)
	_ store.Transactional = (*Store)(nil)
)

// Options say how sessions are kept. Their zero value is good for a database
// that belongs to the application.
type Options struct {
	_ [0]func() // keyed literals only

	// Table is the name of the table. Zero is "sojourn_sessions". Any name will
	// do that the database takes, and it stands there exactly as it is here:
	// quoted, with its case, dots and spaces.
	Table string

	// Schema is where the table is: a schema of PostgreSQL, a database of MySQL,
	// an attached database of SQLite. Zero leaves it to the connection
	// (search_path, the database of the DSN, "main").
	Schema string

	// Direct sends each statement together with its arguments, and prepares
	// none. It is for drivers and poolers that are better off so: lib/pq with
	// binary_parameters=yes through PgBouncer in transaction mode, go-sql-driver
	// with interpolateParams=true, pgx behind a driver that wraps it. With pgx
	// itself it is always so, since pgx prepares by itself.
	Direct bool

	// Grace is how long a record must have been expired, by the database's
	// clock, before Sweep removes it. It has to be longer than the clocks of
	// processes and database are apart, or Sweep removes what a process still
	// sees. Zero is 5 minutes; for none at all, give a nanosecond. Whole
	// milliseconds count.
	Grace time.Duration

	// Timeout limits calls whose context has no deadline; of List, Sweep, Create,
	// Migrate and Check each of their steps. Zero is 5 s. Calls of sessions
	// have one (session.Options.Timeout).
	Timeout time.Duration
}

const (
	defaultTable   = "sojourn_sessions"
	defaultGrace   = 5 * time.Minute
	defaultTimeout = 5 * time.Second
	maxID          = 128
	maxOwner       = 255
)

// A Store is a [store.Store] in a table of a database. Make one with
// [Postgres], [MySQL] or [SQLite]; it is meant to live as long as its *sql.DB,
// which keeps its prepared statements, and needs no Close of its own.
type Store struct {
	db     *sql.DB
	opts   Options
	d      *dialect
	direct bool // prepare nothing
	safe   bool // the driver itself never has a Save sent again
	deaf   bool // the driver may not heed a context: see heed
	gate   chan struct{}

	load, update, insert, replace, remove, page *statement

	// Calls that may share a round trip; nil: each goes by itself.
	loaders        *crowd[lookup]
	updaters       *crowd[saving]
	loads, updates *statement

	commits atomic.Int32 // of MySQL's connections, see commitMode
}

// Postgres returns a store in PostgreSQL 14 or later: before that, Sweep reads the
// whole table for each mebibyte of it. It sends nothing itself, and db stays the
// caller's. The error names all that is wrong.
func Postgres(db *sql.DB, o Options) (*Store, error) { return open(db, o, postgres) }

// MySQL returns a store in MySQL 8.0.1 or later, or MariaDB 10.6 or later. It
// sends nothing itself, and db stays the caller's. The error names all that is
// wrong.
func MySQL(db *sql.DB, o Options) (*Store, error) { return open(db, o, mysql) }

// SQLite returns a store in SQLite 3.37 or later. It sends nothing itself, and
// db stays the caller's. The error names all that is wrong. Several processes on
// one file need a busy time-out (PRAGMA busy_timeout) on each connection, which
// is the driver's affair; adapter/sqlite is a store that has seen to all this.
func SQLite(db *sql.DB, o Options) (*Store, error) { return open(db, o, sqlite) }

func open(db *sql.DB, o Options, kind func(schema, table string) *dialect) (*Store, error) {
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("sqlstore: "+format, args...))
	}
	if db == nil {
		fault("the *sql.DB is nil")
	}
	if o.Table == "" {
		o.Table = defaultTable
	}
	d := kind(o.Schema, o.Table)
	if why := d.badTable(o.Table); why != "" {
		fault("Options.Table is %.300q: %s", o.Table, why)
	}
	if why := d.badName(o.Schema); o.Schema != "" && why != "" {
		fault("Options.Schema is %.300q: %s", o.Schema, why)
	}
	if o.Grace < 0 {
		fault("Options.Grace is %v: leave it 0 for %v, or give a nanosecond for none", o.Grace, defaultGrace)
	}
	if o.Timeout < 0 {
		fault("Options.Timeout is %v: leave it 0 for %v", o.Timeout, defaultTimeout)
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	if o.Grace == 0 {
		o.Grace = defaultGrace
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	s := &Store{db: db, opts: o, d: d, safe: isPgx(db), deaf: isDeaf(db)}
	s.direct = o.Direct || s.safe
	if d.oneWriter {
		s.gate = make(chan struct{}, 1)
	}
	if d.loads != "" {
		s.loaders, s.loads = &crowd[lookup]{}, newStatement(d.loads)
	}
	if d.updates != "" && s.safe {
		s.updaters, s.updates = &crowd[saving]{}, newStatement(d.updates)
	}
	s.load, s.update, s.insert = newStatement(d.load), newStatement(d.update), newStatement(d.insert)
	s.replace, s.remove, s.page = newStatement(d.replace), newStatement(d.remove), newStatement(d.page)
	return s, nil
}

// isPgx reports whether db speaks through pgx. It keeps prepared statements for
// each connection by itself; one of database/sql's would cost two more round
// trips over an application's pgxpool. And it lets database/sql send again only
// what has not left.
func isPgx(db *sql.DB) bool { return drives(db, "github.com/jackc/pgx") }

// begin is what every call about a record begins with. The caller calls end.
func (s *Store) begin(ctx context.Context, id string) (c context.Context, end func(), err error) {
	if err := cmp.Or(ctx.Err(), foreign(ctx)); err != nil {
		return nil, nil, err
	}
	if !isID(id) {
		return nil, nil, fmt.Errorf("sqlstore: %.140q is no id", id)
	}
	c, end = s.limited(ctx)
	return c, end, nil
}

// limited returns a context that has a deadline.
func (s *Store) limited(ctx context.Context) (context.Context, func()) {
	if _, ok := ctx.Deadline(); ok {
		return ctx, nothing
	}
	return context.WithTimeout(ctx, s.opts.Timeout)
}

func nothing() {}

// isID refuses what is no id, so that nobody's text becomes a key.
func isID(id string) bool {
	ok := len(id) > 0 && len(id) <= maxID
	for i := 0; ok && i < len(id); i++ {
		c := id[i]
		ok = c-'0' < 10 || c|0x20-'a' < 26 || c == '-' || c == '_' || c == '.'
	}
	return ok
}
