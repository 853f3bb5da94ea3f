package sqlstore

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sojourn-go/session/store"
)

// Load implements [store.Store]: one SELECT by id, which is one round trip. In
// PostgreSQL loads that come while four are under way share one. In a
// transaction (see [WithTx]) it reads what the transaction has written, if the
// transaction has a QueryRowContext as *sql.Tx has, or one that returns a [Row];
// else it reads beside it.
func (s *Store) Load(ctx context.Context, id string) (rec store.Record, err error) {
	ctx, end, err := s.begin(ctx, id)
	if err != nil {
		return rec, err
	}
	defer end()
	load := s.loadRow
	if s.loaders != nil && transaction(ctx) == nil {
		load = s.loadShared
	}
	r, err := heed(ctx, s.deaf, func() (row, error) { return load(ctx, id) })
	if errors.Is(err, sql.ErrNoRows) {
		return rec, store.ErrNotFound
	}
	if err != nil {
		return rec, s.fail(ctx, "load", err)
	}
	return r.record(time.Now())
}

// Save implements [store.Store]. It is one round trip: an UPDATE of the row that
// has the version, or an INSERT if the version is 0. Only in MySQL, where a
// record of that id is there already, the INSERT is followed by an UPDATE that
// replaces it if it has expired, and once more by the INSERT if it is gone by then.
// With pgx, Saves of records that are there share a statement if they come while
// four are under way, each with a verdict of its own; one that it passes over,
// because its version is another or its row is locked, is sent by itself then.
//
// Nothing is sent again whose answer was lost: only what the database says it has
// undone, because it could not serialize it with others or to end a deadlock, is
// tried a few times, and is store.ErrConflict in the end. In a transaction (see
// [WithTx]) it is part of that, and is tried once.
func (s *Store) Save(ctx context.Context, id string, rec store.Record) (uint64, error) {
	ctx, end, err := s.begin(ctx, id)
	if err != nil {
		return 0, err
	}
	defer end()
	if why := badOwner(rec.Owner); why != "" {
		return 0, errors.New("sqlstore: " + why)
	}
	leave, err := s.enter(ctx)
	if err != nil {
		return 0, s.fail(ctx, "save", err)
	}
	defer leave()
	w := write{s: s, id: id, version: 1 + rand.Int64N(math.MaxInt64), rec: &rec, now: time.Now().UnixMilli()}
	if s.deaf {
		w.rec.Data = bytes.Clone(w.rec.Data)
	}
	done, err := heed(ctx, s.deaf, func() (bool, error) { return w.save(ctx) })
	switch {
	case err != nil && s.lost(ctx, err):
		return 0, fmt.Errorf("sqlstore: save: %w: %w", store.ErrConflict, err)
	case err != nil:
		return 0, s.fail(ctx, "save", err)
	case !done:
		return 0, store.ErrConflict
	}
	return uint64(w.version), nil
}

// A write is one Save on its way to the database.
type write struct {
	s       *Store
	id      string
	version int64 // of 63 random bits, so two that meet under one id are out of the question
	rec     *store.Record
	now     int64 // ms
}

// do sends what it takes, and reports whether the record was written.
func (w *write) do(ctx context.Context) (bool, error) {
	expires := expiryOf(w.rec.Expires)
	values := []any{w.version, expires, w.rec.Owner, w.bytes()}
	update := func(s *statement, id any, where ...any) (bool, error) {
		return w.exec(ctx, s, append(append(values[:len(values):len(values)], id), where...)...)
	}
	if w.rec.Version != 0 {
		return update(w.s.update, w.id, int64(w.rec.Version), w.now)
	}
	insert := func() (bool, error) {
		return w.exec(ctx, w.s.insert, append([]any{w.id}, values...)...)
	}
	if w.s.d.replace == "" { // the INSERT replaces what has expired, too
		return w.exec(ctx, w.s.insert, append(append([]any{w.id}, values...), w.now)...)
	}
	done, err := insert()
	if err == nil || w.s.d.classify(err) != taken {
		return done, err
	}
	if done, err = update(w.s.replace, w.id, w.now); done || err != nil {
		return done, err
	}
	if done, err = insert(); err != nil && w.s.d.classify(err) == taken {
		return false, nil
	}
	return done, err
}

// bytes returns the data, which is never NULL.
func (w *write) bytes() []byte {
	if w.rec.Data == nil {
		return []byte{}
	}
	return w.rec.Data
}

func (w *write) exec(ctx context.Context, st *statement, args ...any) (done bool, err error) {
	err = w.s.again(ctx, tries, func() error {
		r, err := w.s.execOnce(ctx, st, args...)
		if err == nil {
			done, err = w.changed(ctx, r)
		}
		return err
	})
	return done, err
}

// Delete implements [store.Store]: one DELETE by id, which is one round trip.
// In a transaction (see [WithTx]) it is part of that.
func (s *Store) Delete(ctx context.Context, id string) error {
	ctx, end, err := s.begin(ctx, id)
	if err != nil {
		return err
	}
	defer end()
	leave, err := s.enter(ctx)
	if err != nil {
		return s.fail(ctx, "delete", err)
	}
	defer leave()
	_, err = heed(ctx, s.deaf, func() (r sql.Result, err error) {
		err = s.again(ctx, tries, func() error {
			r, err = s.exec(ctx, s.remove, id)
			return err
		})
		return r, err
	})
	if err != nil {
		return s.fail(ctx, "delete", err)
	}
	return nil
}

// badOwner says why no record has that owner, or "".
func badOwner(owner string) string {
	switch {
	case len(owner) > maxOwner:
		return fmt.Sprintf("the owner has %d bytes, and may have %d", len(owner), maxOwner)
	case !utf8.ValidString(owner):
		return fmt.Sprintf("the owner %q is not UTF-8", owner)
	case strings.ContainsRune(owner, 0):
		return fmt.Sprintf("the owner %q has a NUL", owner)
	}
	return ""
}
