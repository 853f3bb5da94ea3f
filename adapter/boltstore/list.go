package boltstore

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/sojourn-go/session/store"
)

const (
	pageLen     = 256     // records of List read at once,
	pageBytes   = 1 << 20 // or bytes
	sweepLooks  = 8192    // records looked at in one read transaction
	sweepDelete = 500     // records removed in one commit
)

// List implements [store.Lister], in the order of the ids. It reads a few
// hundred records at a time, and yields them when the transaction has ended, so
// that yield may take its time, and save. A value that is no session ends it
// with an error.
func (s *Store) List(ctx context.Context) iter.Seq2[store.Entry, error] {
	return func(yield func(store.Entry, error) bool) {
		var page []store.Entry
		for last, more := []byte(nil), true; more; {
			err := ctx.Err()
			if err == nil {
				page, last, more, err = s.page(page[:0], last)
				err = s.fail("list", err)
			}
			for _, e := range page {
				if !yield(e, nil) {
					return
				}
			}
			if err != nil {
				yield(store.Entry{}, err)
				return
			}
			clear(page) // they are the caller's
		}
	}
}

// page appends the records behind the key last to page, and returns the key
// that it came to.
func (s *Store) page(page []store.Entry, last []byte) (_ []store.Entry, next []byte, more bool, err error) {
	size, now := 0, time.Now()
	next, more, err = s.scan(last, func(k, v []byte) (bool, error) {
		rec, err := decode(v, now)
		if err == store.ErrNotFound {
			return true, nil
		}
		if err != nil {
			return false, fmt.Errorf("%q: %w", k, err)
		}
		page = append(page, store.Entry{ID: string(k), Record: rec})
		size += len(v)
		return len(page) < pageLen && size < pageBytes, nil
	})
	return page, next, more, err
}

// scan calls f with what comes behind the key last, until f returns false or an
// error, in one read transaction, and with no more than sweepLooks records. It
// returns the last key, and whether there may be more behind it.
func (s *Store) scan(last []byte, f func(k, v []byte) (bool, error)) (next []byte, more bool, err error) {
	next = last
	err = guarded(func() error {
		return s.view(func(b *bolt.Bucket) error {
			c := b.Cursor()
			k, v := c.First()
			if last != nil {
				if k, v = c.Seek(last); bytes.Equal(k, last) {
					k, v = c.Next()
				}
			}
			var at []byte
			var failed error
			for looks := 0; k != nil; k, v = c.Next() {
				if v == nil {
					return fmt.Errorf("%q: %w", k, errForeign) // a bucket in the bucket
				}
				at = k
				var goOn bool
				goOn, failed = f(k, v)
				if looks++; failed != nil || !goOn || looks == sweepLooks {
					more = failed == nil
					break
				}
			}
			if at != nil {
				next = bytes.Clone(at)
			}
			return failed
		})
	})
	return next, more, err
}

// Sweep implements [store.Sweeper]. It looks for what has expired in short read
// transactions, and removes it some at a time, together with what others write
// just then; it goes through all records once. A Sweep that ends with an error
// returns how many it has removed before.
func (s *Store) Sweep(ctx context.Context) (removed int, err error) {
	for last, more := []byte(nil), true; more; {
		if err := ctx.Err(); err != nil {
			return removed, err
		}
		j := &job{op: opSweep}
		now := time.Now().UnixMilli()
		last, more, err = s.scan(last, func(k, v []byte) (bool, error) {
			h, err := headOf(v)
			if err == nil && !h.exists(now) { // what is not a session's is not swept either
				j.ids = append(j.ids, string(k))
			}
			return len(j.ids) < sweepDelete, nil
		})
		if err == nil && len(j.ids) > 0 {
			j.id = j.ids[0]
			if err = s.do(ctx, j); err == nil {
				removed += j.removed
			}
		}
		if err != nil {
			return removed, s.fail("sweep", err)
		}
	}
	return removed, nil
}
