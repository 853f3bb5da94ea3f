package sqlstore

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"
)

// What calls that share a round trip have in common, in PostgreSQL: loads with
// every driver, Saves of records that are there with pgx, which knows how to send
// arrays of bytes. A Save of a new record waits for a transaction that has made one
// of that id, and no statement can pass over it: so it goes by itself.

// patience is how long a call waits for others before it goes by itself: a few may
// be held up, by a row that is locked or a connection that is dead, and then the
// rest must not be.
const patience = 50 * time.Millisecond

// A lookup is a load in a crowd.
type lookup struct {
	id    string
	row   row
	found bool
}

// loadShared returns the row under id, perhaps by a query that others share.
func (s *Store) loadShared(ctx context.Context, id string) (row, error) {
	m := &member[lookup]{call: lookup{id: id}}
	switch s.loaders.join(ctx, m, patience) {
	case first:
		defer s.loaders.pass()
	case leads:
		defer s.loaders.pass()
		return s.loadAll(ctx, m)
	case served:
		if !m.call.found {
			return row{}, sql.ErrNoRows
		}
		return m.call.row, nil
	}
	return s.loadRow(ctx, id)
}

// loadAll asks for the row of m, and those of all that wait. An error is that of
// m alone: it may be its context, and so the others ask by themselves.
func (s *Store) loadAll(ctx context.Context, m *member[lookup]) (row, error) {
	all := s.loaders.gather(m)
	if len(all) == 1 {
		return s.loadRow(ctx, m.call.id)
	}
	t := alone
	defer func() { // also if a driver panics
		for _, other := range all[1:] {
			other.turn <- t
		}
	}()
	rows, err := s.loadRows(ctx, all)
	if err != nil {
		return s.loadRow(ctx, m.call.id)
	}
	for i, other := range all {
		c := &other.call
		if c.row, c.found = rows[c.id]; i > 0 {
			c.row.data = bytes.Clone(c.row.data) // of one id there may be two
		}
	}
	t = served
	if !m.call.found {
		return row{}, sql.ErrNoRows
	}
	return m.call.row, nil
}

// loadRow returns the row under id, or sql.ErrNoRows.
func (s *Store) loadRow(ctx context.Context, id string) (r row, err error) {
	for range 2 {
		err = s.again(ctx, 0, func() error { return s.first(ctx, s.load, r.fields(), id) })
		if err == nil || err == sql.ErrNoRows || s.d.classify(err) != unknown || ctx.Err() != nil || transaction(ctx) != nil {
			return r, err
		}
		r = row{} // the connection was lost, perhaps while it was idle
	}
	return r, err
}

// loadRows returns the rows that there are.
func (s *Store) loadRows(ctx context.Context, all []*member[lookup]) (map[string]row, error) {
	ids := make([]byte, 0, 32*len(all)) // an array, as PostgreSQL reads one; there is nothing in an id to be escaped
	for i, m := range all {
		ids = append(ids, "{,"[min(i, 1)], '"')
		ids = append(ids, m.call.id...)
		ids = append(ids, '"')
	}
	rows := make(map[string]row, len(all))
	err := s.again(ctx, 0, func() error {
		clear(rows)
		return s.each(ctx, s.loads, func(r *sql.Rows) error {
			var l listed
			err := r.Scan(append([]any{&l.id}, l.fields()...)...)
			rows[l.id] = l.row
			return err
		}, string(append(ids, '}')))
	})
	return rows, err
}

const (
	mostOfOne  = 64 << 10    // bytes of a record that goes with others
	timeToLead = time.Second // that a call must have left if others are to depend on it
)

// A saving is a Save in a crowd.
type saving struct {
	*write
	done bool
	err  error
}

// shares reports whether a Save may go with others.
func (w *write) shares(ctx context.Context) bool {
	return w.s.updaters != nil && w.rec.Version != 0 && transaction(ctx) == nil && len(w.rec.Data) <= mostOfOne
}

// save sends what it takes, perhaps together with others, and reports whether
// the record was written.
func (w *write) save(ctx context.Context) (bool, error) {
	if !w.shares(ctx) {
		return w.do(ctx)
	}
	crowd := w.s.updaters
	// Who leaves may change its bytes at once, while they are being sent.
	w.rec.Data = bytes.Clone(w.rec.Data)
	m := &member[saving]{call: saving{write: w}}
	t := crowd.join(ctx, m, patience)
	if t == gone { // somebody has it under way: to send it too would be to send it twice
		select {
		case t = <-m.turn:
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
	switch t {
	case first:
		defer crowd.pass()
	case leads:
		if w.s.saveAll(ctx, m) {
			return m.call.done, m.call.err
		}
	case served:
		return m.call.done, m.call.err
	}
	return w.do(ctx)
}

// saveAll saves the records of m and of all that wait, and passes the lane on.
// It reports whether it is known what became of m: those that the statement passes
// over go by themselves, for there is another version, or somebody holds the row,
// or it has expired. So do all, if the database says that it has undone the
// statement: it may be the fault of one.
func (s *Store) saveAll(ctx context.Context, m *member[saving]) (settled bool) {
	defer s.updaters.pass()
	deadline, ok := ctx.Deadline()
	if !ok || time.Until(deadline) < timeToLead {
		return false
	}
	all := s.updaters.gather(m)
	if len(all) == 1 {
		return false
	}
	// That its own caller has gone away is no reason to leave the others in doubt.
	shared, cancel := context.WithDeadline(context.WithoutCancel(ctx), deadline)
	defer cancel()
	saved, err := map[int64]bool(nil), errPanicked
	defer func() {
		for i, member := range all {
			o := &member.call
			o.done, o.err = err == nil && saved[o.version], nil // rows come before the commit, which may fail
			t := alone
			switch {
			case o.done:
				t = served
			case err != nil && !undone(err):
				t, o.err = served, err
			}
			if i == 0 {
				settled = t == served
			} else {
				member.turn <- t
			}
		}
	}()
	saved, err = s.saveRows(shared, all)
	return false
}

var errPanicked = errors.New("the driver panicked: it is not known whether the record was kept")

// undone reports whether the database says that a statement has done nothing.
func undone(err error) bool {
	state := sqlState(err)
	for _, prefix := range []string{"08", "57P", "58", "XX"} { // it may be the connection that ended
		if strings.HasPrefix(state, prefix) {
			return false
		}
	}
	return state != ""
}

// saveRows returns the versions that were saved.
func (s *Store) saveRows(ctx context.Context, all []*member[saving]) (map[int64]bool, error) {
	n := len(all)
	ids, owners, data := make([]string, n), make([]string, n), make([][]byte, n)
	numbers := make([]int64, 3*n)
	versions, expires, bases := numbers[:n], numbers[n:2*n], numbers[2*n:]
	for i, m := range all {
		w := m.call
		ids[i], owners[i], data[i] = w.id, w.rec.Owner, w.bytes()
		versions[i], bases[i] = w.version, int64(w.rec.Version)
		expires[i] = never
		if at, ok := expiryOf(w.rec.Expires).(int64); ok {
			expires[i] = at
		}
	}
	saved := make(map[int64]bool, n)
	err := s.again(ctx, tries, func() error {
		clear(saved)
		return s.each(ctx, s.updates, func(r *sql.Rows) error {
			var version int64
			err := r.Scan(&version)
			saved[version] = true
			return err
		}, ids, versions, expires, owners, data, bases, time.Now().UnixMilli())
	})
	return saved, err
}

// never is an expiry in an array: NULL in the table.
const never = -1
