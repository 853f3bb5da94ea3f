package sqlstore

import (
	"context"
	"database/sql"
)

// Whether statements commit themselves. With autocommit=0 (in the DSN, or as the
// server's default) MySQL would never commit what we write, and would answer
// loads from a snapshot that grows old.
const (
	commitUnknown = iota
	commitItself
	commitByHand
)

// commitMode returns which of the two it is. MySQL is asked once.
func (s *Store) commitMode(ctx context.Context) (int32, error) {
	if s.d.askCommits == "" {
		return commitItself, nil
	}
	if mode := s.commits.Load(); mode != commitUnknown {
		return mode, nil
	}
	var auto int
	if err := s.db.QueryRowContext(ctx, s.d.askCommits).Scan(&auto); err != nil {
		return 0, err
	}
	mode := int32(commitItself)
	if auto == 0 {
		mode = commitByHand
	}
	s.commits.Store(mode)
	return mode, nil
}

// within runs f in a transaction of its own.
func (s *Store) within(ctx context.Context, o *sql.TxOptions, f func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, o)
	if err != nil {
		return err
	}
	defer tx.Rollback() // nothing, after the Commit
	if err := f(tx); err != nil {
		return err
	}
	return tx.Commit()
}

func (s *Store) execByHand(ctx context.Context, text string, args []any) (r sql.Result, err error) {
	err = s.within(ctx, nil, func(tx *sql.Tx) error {
		r, err = counted(tx.ExecContext(ctx, text, args...))
		return err
	})
	return r, err
}

func (s *Store) eachByHand(ctx context.Context, text string, f func(*sql.Rows) error, args []any) error {
	return s.within(ctx, nil, func(tx *sql.Tx) error {
		return scan(f)(tx.QueryContext(ctx, text, args...))
	})
}
