package sql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sojourn-go/session/adapter/boltstore"
	"github.com/sojourn-go/session/bench/crowd"
)

// fill puts all sessions into the database, in the order of chance, by the
// fastest way there is.
func (p *population) fill(h *host, s Subject) (err error) {
	switch s.Engine {
	case PostgreSQL:
		err = p.copyIn(h, s.Name)
	case MariaDB:
		err = p.insert(false)
	case SQLite:
		err = p.insert(true)
	case Bolt:
		err = p.save()
	}
	if err == nil {
		err = h.tidy(s.Engine, s.Name, p.table)
	}
	return err
}

var columns = []string{"id", "version", "expires", "owner", "data"}

// row returns the i-th row: those that have expired are between the others.
func (p *population) row(i int) []any {
	id, end := "", p.rec.Expires
	if i%10 == 0 {
		id, end = p.due[i/10], time.Now().Add(-time.Hour)
	} else {
		id = p.live[i-i/10-1]
	}
	return []any{id, 1 + rand.Int64N(math.MaxInt64), end.UnixMilli(), "", p.rec.Data}
}

func (p *population) len() int { return len(p.live) + len(p.due) }

func (p *population) copyIn(h *host, schema string) error {
	ctx := context.Background()
	dsn, err := h.postgresDSN(h.addr(), schema)
	if err != nil {
		return err
	}
	c, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	_, err = c.CopyFrom(ctx, pgx.Identifier{schema, p.table}, columns,
		pgx.CopyFromSlice(p.len(), func(i int) ([]any, error) { return p.row(i), nil }))
	return err
}

// insert fills a table with statements of many rows, in transactions of many
// statements.
func (p *population) insert(isSQLite bool) error {
	const rows, statements = 100, 100
	ctx := context.Background()
	c, err := p.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	if isSQLite { // memory for all of the table, since rows come in no order
		if _, err := c.ExecContext(ctx, "PRAGMA cache_size = -600000"); err != nil {
			return err
		}
	}
	for at := 0; at < p.len(); at += rows * statements {
		err := inTx(ctx, c, func(tx *sql.Tx) error {
			for from := at; from < min(at+rows*statements, p.len()); from += rows {
				if err := p.insertSome(tx, from, min(from+rows, p.len())); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	if !isSQLite {
		return nil
	}
	_, err = c.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	_, errCache := c.ExecContext(ctx, "PRAGMA cache_size = -2000")
	return errors.Join(err, errCache)
}

func inTx(ctx context.Context, c *sql.Conn, f func(*sql.Tx) error) error {
	tx, err := c.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

func (p *population) insertSome(tx *sql.Tx, from, to int) error {
	text := fmt.Sprintf("INSERT INTO %s (%s) VALUES %s", p.table, strings.Join(columns, ", "),
		strings.TrimSuffix(strings.Repeat("(?,?,?,?,?),", to-from), ","))
	var args []any
	for i := from; i < to; i++ {
		args = append(args, p.row(i)...)
	}
	_, err := tx.Exec(text, args...)
	return err
}

// save fills a bbolt through its store, which nobody syncs meanwhile. Those that
// are to expire come last, with an end that is some time away, and is awaited:
// what has expired already would not be kept.
func (p *population) save() error {
	db := p.store.(*boltstore.Store).DB()
	db.NoSync = true
	defer func() { db.NoSync = false }()
	all := func(ids []string, end time.Time) error {
		rec := p.rec
		rec.Expires = end
		return crowd.Parallel(len(ids), func() func(int) error {
			return func(i int) error {
				_, err := p.store.Save(context.Background(), ids[i], rec)
				return err
			}
		})
	}
	start := time.Now()
	if err := all(p.live, p.rec.Expires); err != nil {
		return err
	}
	due := time.Now().Add(200*time.Millisecond + time.Since(start)/2)
	if err := all(p.due, due); err != nil {
		return err
	}
	if !time.Now().Before(due) {
		return errors.New("it took longer to make the last tenth of the sessions than they had")
	}
	time.Sleep(time.Until(due) + 2*time.Millisecond)
	return db.Sync()
}

// disk returns how many bytes a session takes on disk, with the index.
func (p *population) disk(h *host, s Subject) (float64, error) {
	var size int64
	var err error
	stat := func(path string) {
		info, failed := os.Stat(path)
		if failed == nil {
			size = info.Size()
		}
		err = failed
	}
	switch s.Engine {
	case PostgreSQL:
		err = h.admin.QueryRow("SELECT pg_total_relation_size($1::text::regclass)", fmt.Sprintf(`"%s"."%s"`, s.Name, p.table)).Scan(&size)
	case MariaDB: // which writes a dash in file names so
		stat(filepath.Join(h.server.Dir(), "data", strings.ReplaceAll(s.Name, "-", "@002d"), p.table+".ibd"))
	default:
		stat(h.file(s.Name))
	}
	return float64(size) / float64(p.len()), err
}
