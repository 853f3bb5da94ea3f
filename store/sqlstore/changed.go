package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"time"
)

// How many rows a statement has changed, a sql.Result tells under the lock of the
// connection, and the pool has given that to somebody else by then. If it is busy
// with a statement that takes long, or waits for a row, so long does the count, and
// no context ends that. So rows are counted while the connection is ours. Only a
// statement that the pool has prepared gives it back by itself.

// counted counts the rows at once. It is for a connection that is still ours.
func counted(r sql.Result, err error) (sql.Result, error) {
	n, err := affected(r, err)
	return driver.RowsAffected(n), err
}

func affected(r sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// changed reports whether a statement has changed a row. Where somebody else has
// the connection already, and keeps it, it looks: no other Save writes this
// version. If another one is there, ours may have been before, and it waits for
// the count, but not for longer than ctx allows.
func (w *write) changed(ctx context.Context, r sql.Result) (bool, error) {
	if n, ok := r.(driver.RowsAffected); ok {
		return n > 0, nil
	}
	type answer struct {
		n   int64
		err error
	}
	told := make(chan answer, 1)
	go func() {
		n, err := r.RowsAffected()
		told <- answer{n, err}
	}()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case a := <-told:
		return a.n > 0, a.err
	case <-timer.C:
	case <-ctx.Done():
	}
	if row, err := w.s.loadRow(ctx, w.id); err == nil && row.version == w.version {
		return true, nil
	}
	select {
	case a := <-told:
		return a.n > 0, a.err
	case <-ctx.Done():
		return false, ctx.Err()
	}
}
