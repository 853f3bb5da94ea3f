package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"
)

// A sweeper removes what has expired, and says of how many rows it knows that
// they are gone.
type sweeper func(*Store, context.Context) (int, error)

const (
	sweepRows  = 1000 // looked at in one statement, of MySQL and SQLite
	sweepPages = 128  // looked at in one statement, of PostgreSQL: 1 MiB
)

// Sweep implements [store.Sweeper]. It removes what has been expired for
// Options.Grace by the database's clock (SQLite has the process's), and returns
// how many records that were, even if there is an error.
//
// It goes through the whole table, for there is no index to find the expired
// ones by (each write would have to keep it), with a statement for each
// mebibyte or thousand records, so nobody waits for it for long; nor does it wait
// for a row that a transaction has locked: that is left for the next Sweep. All
// replicas of a program may sweep, but one is enough. A transaction (see
// [WithTx]) makes no difference to it.
func (s *Store) Sweep(ctx context.Context) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	n, err := s.d.sweep(s, ctx)
	if err != nil {
		return n, s.fail(ctx, "sweep", err)
	}
	return n, nil
}

// sweepPostgres goes through the pages of the table. A window of them is found
// by ctid, without an index.
func sweepPostgres(s *Store, ctx context.Context) (total int, err error) {
	var pages int64
	err = s.step(ctx, func(ctx context.Context) error {
		var kind string
		err := s.db.QueryRowContext(ctx, `SELECT pg_relation_size(oid) / current_setting('block_size')::bigint, relkind::text
FROM pg_class WHERE oid = $1::text::regclass`, s.d.name()).Scan(&pages, &kind)
		if err == nil && kind != "r" {
			err = fmt.Errorf("%s is not an ordinary table (pg_class.relkind is %q)", s.d.name(), kind)
		}
		return err
	})
	text := fmt.Sprintf(`DELETE FROM %[1]s WHERE ctid = ANY (ARRAY(
	SELECT ctid FROM %[1]s WHERE ctid >= $1::text::tid AND ctid < $2::text::tid
	AND expires <= (SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint - $3::bigint)
	FOR UPDATE SKIP LOCKED))`, s.d.name())
	for at := int64(0); err == nil && at < pages; at += sweepPages {
		err = s.step(ctx, func(ctx context.Context) error {
			from, to := fmt.Sprintf("(%d,0)", at), fmt.Sprintf("(%d,0)", at+sweepPages)
			var n int64
			// By default it may be SERIALIZABLE, and then those of others would undo it.
			err := s.within(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted}, func(tx *sql.Tx) (err error) {
				n, err = affected(tx.ExecContext(ctx, text, from, to, s.opts.Grace.Milliseconds()))
				return err
			})
			if err == nil {
				total += int(n)
			}
			return err
		})
	}
	return total, err
}

// sweepByID goes through the table by id. now is the time in SQL, with its
// arguments.
func (s *Store) sweepByID(ctx context.Context, now string, args []any, remove func(ctx context.Context, ids []any) (int, error)) (total int, err error) {
	end := fmt.Sprintf("SELECT COUNT(*), COALESCE(MAX(id), X'') FROM (SELECT id FROM %s WHERE id > %s ORDER BY id LIMIT %d) AS w",
		s.d.name(), s.d.text("?"), sweepRows)
	expired := fmt.Sprintf("SELECT id FROM %s WHERE id > %s AND id <= ? AND expires <= %s", s.d.name(), s.d.text("?"), now)
	for last, count := any(""), sweepRows; err == nil && count == sweepRows; {
		err = s.step(ctx, func(ctx context.Context) error {
			var until string
			count = 0
			err := s.ask(ctx, end, func(rows *sql.Rows) error { return rows.Scan(&count, &until) }, last)
			if err != nil || count == 0 {
				return err
			}
			var ids []any
			err = s.ask(ctx, expired, func(rows *sql.Rows) error {
				var id string
				err := rows.Scan(&id)
				ids = append(ids, id)
				return err
			}, append([]any{last, until}, args...)...)
			if err == nil && len(ids) > 0 {
				var n int
				n, err = remove(ctx, ids)
				total += n
			}
			if err == nil {
				last = until
			}
			return err
		})
	}
	return total, err
}

// sweepMySQL finds what has expired without a lock, and then takes the locks of
// those rows that nobody else has.
func sweepMySQL(s *Store, ctx context.Context) (int, error) {
	now, grace := mysqlNow+" - ?", s.opts.Grace.Milliseconds()
	return s.sweepByID(ctx, now, []any{grace}, func(ctx context.Context, ids []any) (n int, err error) {
		err = s.within(ctx, nil, func(tx *sql.Tx) error {
			lock := fmt.Sprintf("SELECT id FROM %s WHERE id IN (%s) AND expires <= %s FOR UPDATE SKIP LOCKED", s.d.name(), marks(len(ids)), now)
			var locked []any
			err := scan(func(rows *sql.Rows) error {
				var id string
				err := rows.Scan(&id)
				locked = append(locked, id)
				return err
			})(tx.QueryContext(ctx, lock, append(ids, grace)...))
			if err != nil || len(locked) == 0 {
				return err
			}
			var deleted int64
			deleted, err = affected(tx.ExecContext(ctx, fmt.Sprintf("DELETE FROM %s WHERE id IN (%s)", s.d.name(), marks(len(locked))), locked...))
			n = int(deleted)
			return err
		})
		if err != nil {
			n = 0
		}
		return n, err
	})
}

// sweepSQLite takes the lock of the database only where something has expired.
func sweepSQLite(s *Store, ctx context.Context) (int, error) {
	now := time.Now().Add(-s.opts.Grace).UnixMilli()
	return s.sweepByID(ctx, "?", []any{now}, func(ctx context.Context, ids []any) (int, error) {
		leave, err := s.enter(ctx)
		if err != nil {
			return 0, err
		}
		defer leave()
		n, err := affected(s.execAlone(ctx, fmt.Sprintf("DELETE FROM %s WHERE id IN (%s) AND expires <= ?", s.d.name(), marks(len(ids))),
			append(ids, now)))
		return int(n), err
	})
}

func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?,", n), ",") }
