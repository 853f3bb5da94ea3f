package sqlstore

import (
	"database/sql"
	"errors"
	"time"

	"github.com/sojourn-go/session/store"
)

// A row is a record in the table: version, expires (Unix time in ms; NULL is
// never), owner and data, under its id.
type row struct {
	version int64
	expires sql.NullInt64
	owner   string
	data    []byte
}

// The instants that are kept as they are. Of what is before or after, the
// nearest of them is kept.
var (
	earliest = time.UnixMilli(0)
	latest   = time.Date(9999, 12, 31, 23, 59, 59, 999e6, time.UTC)
)

// expiryOf returns what is kept of the end of a record.
func expiryOf(t time.Time) any {
	switch {
	case t.IsZero():
		return nil
	case t.Before(earliest): // its milliseconds may not fit into 64 bits
		t = earliest
	case t.After(latest):
		t = latest
	}
	return t.UnixMilli()
}

// fields is where the columns go.
func (r *row) fields() []any { return []any{&r.version, &r.expires, &r.owner, &r.data} }

var errNoVersion = errors.New("sqlstore: the row has version 0, which no session has: something else writes to the table")

// record returns the record of the row, whose bytes it takes over. One that has
// expired is ErrNotFound.
func (r *row) record(now time.Time) (store.Record, error) {
	rec := store.Record{Data: r.data, Owner: r.owner, Version: uint64(r.version)}
	if r.expires.Valid {
		if r.expires.Int64 <= now.UnixMilli() {
			return store.Record{}, store.ErrNotFound
		}
		rec.Expires = time.UnixMilli(r.expires.Int64)
	}
	if r.version == 0 {
		return store.Record{}, errNoVersion
	}
	return rec, nil
}
