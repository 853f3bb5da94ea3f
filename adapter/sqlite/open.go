package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"time"

	modernc "modernc.org/sqlite"

	"github.com/sojourn-go/session/store/sqlstore"
)

const (
	// connections is how many sessions are read at once; others wait for a
	// moment. One of them may be writing, and one sweeping, without a reader
	// having to wait. Each holds up to 2 MB of the file in memory.
	connections = 8

	// openTime bounds what Open may take: waiting for locks, and making good
	// what a process that crashed has left.
	openTime = 30 * time.Second
)

// A Store is a store.Store, with a file that is its own to close. Make one with
// [Open].
type Store struct {
	*sqlstore.Store
	sessions *sql.DB
	others   *sql.DB
}

// Open opens a file, or makes it, as the package documentation tells. The folder
// has to be there, and to be writable: other files come and go beside it. The
// path is that of a file and nothing else: there is no ":memory:", which is what
// package memstore is for, and no "file:" with options. Options.Schema stays
// empty, since a file has no other.
func Open(path string, o sqlstore.Options) (*Store, error) {
	f, err := newFile(path)
	if err := errors.Join(err, f.check(o)); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), openTime)
	defer cancel()
	s, err := f.open(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %s: %w", path, explain(err))
	}
	return s, nil
}

// check returns what is wrong with the options. It does not touch the file.
func (f *file) check(o sqlstore.Options) error {
	var faults []error
	if o.Schema != "" && o.Schema != "main" {
		faults = append(faults, fmt.Errorf("sqlite: Options.Schema is %q: only \"main\" is in the file", o.Schema))
	}
	db, err := f.database() // which connects to nothing yet
	if err == nil {
		_, err = sqlstore.SQLite(db, o)
		err = errors.Join(err, db.Close())
	}
	return errors.Join(append(faults, err)...)
}

// open makes the file fit for sessions, and opens it.
func (f *file) open(ctx context.Context, o sqlstore.Options) (*Store, error) {
	if err := f.make(); err != nil {
		return nil, err
	}
	if err := f.prepare(ctx, o); err != nil {
		return nil, err
	}
	sessions, err := f.database("journal_mode(WAL)", "synchronous(FULL)")
	if err != nil {
		return nil, err
	}
	sessions.SetMaxOpenConns(connections)
	sessions.SetMaxIdleConns(connections)
	if err := inWAL(ctx, sessions); err != nil {
		return nil, errors.Join(err, sessions.Close())
	}
	st, err := sqlstore.SQLite(sessions, o)
	if err != nil {
		return nil, errors.Join(err, sessions.Close())
	}
	others, err := f.database("journal_mode(WAL)", "synchronous(FULL)")
	if err != nil {
		return nil, errors.Join(err, sessions.Close())
	}
	return &Store{Store: st, sessions: sessions, others: others}, nil
}

// database returns a pool of connections, each begun with these pragmas. None is
// opened yet.
func (f *file) database(pragmas ...string) (*sql.DB, error) {
	c, err := modernc.NewConnector(f.uri(pragmas))
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector{c}), nil
}

// inWAL makes sure of the journal: SQLite says nothing where a file system has no
// shared memory, and goes on without.
func inWAL(ctx context.Context, db *sql.DB) error {
	var mode string
	if err := db.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&mode); err != nil {
		return err
	}
	if mode != "wal" {
		return fmt.Errorf("the journal is %q and cannot be made WAL here: is it on a network file system?", mode)
	}
	return nil
}

// prepare opens the file as it is, has sqlstore look at the table, or make it,
// and closes it. Before that nothing is changed, the journal neither.
func (f *file) prepare(ctx context.Context, o sqlstore.Options) (err error) {
	db, err := f.database()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := writable(ctx, db); err != nil {
		return err
	}
	if err := f.whole(ctx, db); err != nil {
		return err
	}
	st, err := sqlstore.SQLite(db, o)
	if err != nil {
		return err
	}
	return st.Migrate(ctx)
}

// errReadOnly is what SQLite would say at the first write only.
var errReadOnly = errors.New("it can be read, but not written to")

func writable(ctx context.Context, db *sql.DB) error {
	c, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	return c.Raw(func(raw any) error {
		readOnly, err := raw.(interface{ IsReadOnly(string) (bool, error) }).IsReadOnly("main")
		if err == nil && readOnly {
			return errReadOnly
		}
		return err
	})
}

// errCutOff is what SQLite says at the first read of a page that is missing, and
// of half a page not even then.
var errCutOff = errors.New("it has been cut off: there is less of it than it says itself")

// whole makes sure that the file is as long as it says. It may not be while pages
// of it are in the journal.
func (f *file) whole(ctx context.Context, db *sql.DB) error {
	// While it reads, nobody makes the file shorter.
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // it has written nothing
	var pages, size int64
	if err := tx.QueryRowContext(ctx, "SELECT page_count, page_size FROM pragma_page_count, pragma_page_size").Scan(&pages, &size); err != nil {
		return err
	}
	journal, err := os.Stat(f.path + "-wal")
	if err == nil && journal.Size() > 0 {
		return nil
	}
	info, err := os.Stat(f.path)
	if err != nil {
		return cause(err)
	}
	if info.Size() < pages*size {
		return errCutOff
	}
	return nil
}

// DB returns the same file for the application's own tables, and for
// transactions in which a session is saved by way of sqlstore's WithTx. Its
// connections are apart from those of sessions: as many transactions as may wait
// for one another here, sessions are read meanwhile. Its pool may be set as is
// good for the application; Close closes it.
func (s *Store) DB() *sql.DB { return s.others }

// Close closes the file, which is then one file again unless another process has
// it open. What is under way may still be finished; what comes later ends with an
// error. Close may be called again, which does nothing.
func (s *Store) Close() error { return errors.Join(s.others.Close(), s.sessions.Close()) }
