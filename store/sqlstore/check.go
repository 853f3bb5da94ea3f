package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// A checker asks a database what is wrong with a table that is there, besides its
// columns, and with itself.
type checker func(*Store, context.Context) ([]string, error)

// Check asks the database whether it is fit to keep sessions, and returns all
// that is wrong, as advice for operators:
//
//   - The table is missing, or lacks columns, or they are of other types, or of a
//     collation that takes different owners for the same.
//   - The connection lacks a right upon the table, or cannot write at all: to a
//     replica, or to a file that is read-only.
//   - A crash of the server would empty the table, or lose its newest rows: it is
//     UNLOGGED, or TEMPORARY, or not of InnoDB; or SQLite's synchronous is OFF.
//   - Each write is dearer than it need be, because there is an index on what it
//     changes.
//   - PostgreSQL: the database's encoding is not UTF8, and so not every owner can
//     be kept. MySQL: max_allowed_packet is less than 4 MiB, which bounds a
//     session; autocommit is off, so that each call is three round trips. SQLite:
//     the journal is not WAL, so that readers wait for writers; there is no busy
//     time-out.
//   - It does not say, or cannot be reached.
//
// It is for the start of a program, as a warning: a Store works, or fails, the
// same without it. It is a few round trips.
func (s *Store) Check(ctx context.Context) error {
	have, err := s.look(ctx)
	if err != nil {
		return err
	}
	if len(have) == 0 {
		return fmt.Errorf("sqlstore: table %s is missing: Create makes it, from the statements of Schema", s.d.name())
	}
	faults, missing := s.d.compare(have)
	for _, name := range missing {
		faults = append(faults, fmt.Errorf("table %s: column %s is missing: Migrate adds it", s.d.name(), name))
	}
	err = s.step(ctx, func(ctx context.Context) error {
		more, err := s.d.check(s, ctx)
		for _, text := range more {
			faults = append(faults, errors.New(text))
		}
		return err
	})
	if err != nil {
		faults = append(faults, fmt.Errorf("not all of it could be asked: %w", err))
	}
	for i, fault := range faults {
		faults[i] = fmt.Errorf("sqlstore: %w", fault)
	}
	return errors.Join(faults...)
}

// asked is a question to which each row of the answer is a fault.
func (s *Store) asked(ctx context.Context, faults *[]string, text string, args ...any) error {
	return s.ask(ctx, text, func(rows *sql.Rows) error {
		var fault string
		err := rows.Scan(&fault)
		*faults = append(*faults, fault)
		return err
	}, args...)
}

func checkPostgres(s *Store, ctx context.Context) (faults []string, err error) {
	return faults, s.asked(ctx, &faults, `WITH t AS (SELECT * FROM pg_class WHERE oid = to_regclass($1::text))
SELECT 'table ' || $1::text || ' is UNLOGGED: a crash of the server empties it' FROM t WHERE relpersistence = 'u'
UNION ALL SELECT 'table ' || $1::text || ' is TEMPORARY: it ends with the connection' FROM t WHERE relpersistence = 't'
UNION ALL SELECT 'table ' || $1::text || ' is not an ordinary table (pg_class.relkind is ' || relkind::text || '): Sweep fails' FROM t WHERE relkind <> 'r'
UNION ALL SELECT 'the right to ' || p || ' is lacking' FROM t, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) p
	WHERE NOT has_table_privilege(t.oid, p)
UNION ALL SELECT 'the server is a replica, and refuses what sessions write: connect to its primary' WHERE pg_is_in_recovery()
UNION ALL SELECT 'transactions are read-only (default_transaction_read_only)'
	WHERE NOT pg_is_in_recovery() AND current_setting('transaction_read_only') = 'on'
UNION ALL SELECT 'the encoding of the database is ' || current_setting('server_encoding') || ': owners with other characters are refused'
	WHERE current_setting('server_encoding') <> 'UTF8'
UNION ALL SELECT 'column ' || a.attname || ' is in index ' || i.indexrelid::regclass || ', which each write has to keep: no update is HOT'
	FROM t JOIN pg_index i ON i.indrelid = t.oid JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = ANY (i.indkey)
	WHERE a.attname IN ('version', 'expires', 'data')
UNION ALL SELECT 'column ' || a.attname || ' is not of COLLATE "C": an upgrade of the operating system may spoil its index'
	FROM t JOIN pg_attribute a ON a.attrelid = t.oid JOIN pg_collation c ON c.oid = a.attcollation
	WHERE a.attname = 'id' AND c.collname NOT IN ('C', 'POSIX', 'ucs_basic')`, s.d.name())
}

func checkMySQL(s *Store, ctx context.Context) (faults []string, err error) {
	err = s.asked(ctx, &faults, `SELECT CONCAT('max_allowed_packet is ', @@max_allowed_packet, ' bytes: a session of more than about that cannot be saved')
FROM DUAL WHERE @@max_allowed_packet < 4194304
UNION ALL SELECT 'autocommit is off: each call is three round trips' FROM DUAL WHERE @@autocommit = 0
UNION ALL SELECT 'the server is read-only: a replica?' FROM DUAL WHERE @@GLOBAL.read_only <> 0`)
	if err != nil {
		return faults, err
	}
	var name, text string
	err = s.ask(ctx, "SHOW CREATE TABLE "+s.d.name(), func(rows *sql.Rows) error { return rows.Scan(&name, &text) })
	if err != nil {
		return append(faults, "SHOW CREATE TABLE is refused: "+err.Error()), nil
	}
	tail := text[strings.LastIndex(text, "\n")+1:]
	if _, engine, ok := strings.Cut(tail, "ENGINE="); ok && !strings.HasPrefix(engine, "InnoDB") {
		engine, _, _ = strings.Cut(engine, " ")
		faults = append(faults, "table "+s.d.name()+" is of the engine "+engine+", and has neither transactions nor a safe place on disk: ENGINE=InnoDB has")
	}
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "KEY ") {
			continue
		}
		for _, column := range []string{"version", "expires", "data"} {
			if strings.Contains(line, "`"+column+"`") {
				faults = append(faults, "column "+column+" is in an index, which each write has to keep: "+strings.TrimSuffix(line, ","))
			}
		}
	}
	return append(faults, s.lackingMySQL(ctx)...), nil
}

// lackingMySQL tries each right on no row.
func (s *Store) lackingMySQL(ctx context.Context) (faults []string) {
	for _, text := range []string{
		"UPDATE %s SET version = 1, expires = 1, owner = '', data = '' WHERE id = ''",
		"INSERT INTO %[1]s (" + columns + ") SELECT " + columns + " FROM %[1]s WHERE id = ''",
		"DELETE FROM %s WHERE id = ''",
	} {
		err := s.within(ctx, nil, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, fmt.Sprintf(text, s.d.name()))
			return err
		})
		if err != nil {
			verb, _, _ := strings.Cut(text, " ")
			faults = append(faults, verb+" is refused: "+err.Error())
		}
	}
	return faults
}

func checkSQLite(s *Store, ctx context.Context) (faults []string, err error) {
	prefix := "PRAGMA "
	if s.d.schema != "" {
		prefix += s.d.quote(s.d.schema) + "."
	}
	var journal string
	var synchronous, busy int
	for text, into := range map[string]any{prefix + "journal_mode": &journal, prefix + "synchronous": &synchronous, "PRAGMA busy_timeout": &busy} {
		if err := s.db.QueryRowContext(ctx, text).Scan(into); err != nil {
			return nil, err
		}
	}
	if journal != "wal" {
		faults = append(faults, "journal_mode is "+journal+": readers wait for writers; wal is better")
	}
	if synchronous == 0 {
		faults = append(faults, "synchronous is OFF: a loss of power may spoil the file")
	}
	if busy == 0 {
		faults = append(faults, "busy_timeout is 0: what another process is writing makes calls fail at once")
	}
	return append(faults, s.lackingSQLite(ctx)...), nil
}

// lackingSQLite asks for the lock that a writer takes, which a read-only file
// refuses.
func (s *Store) lackingSQLite(ctx context.Context) []string {
	leave, err := s.enter(ctx)
	if err == nil {
		defer leave()
		err = s.within(ctx, nil, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, "DELETE FROM "+s.d.name()+" WHERE id = ''")
			return err
		})
	}
	if err != nil {
		return []string{"it cannot be written: " + err.Error()}
	}
	return nil
}
