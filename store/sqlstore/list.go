package sqlstore

import (
	"context"
	"database/sql"
	"iter"
	"time"

	"github.com/sojourn-go/session/store"
)

// List implements [store.Lister], for operators: it goes through the table by id,
// 128 records a round trip, and holds no connection while the caller looks at
// them. A transaction (see [WithTx]) makes no difference to it. It passes over
// rows with ids that no session can have.
func (s *Store) List(ctx context.Context) iter.Seq2[store.Entry, error] {
	return func(yield func(store.Entry, error) bool) {
		for last, more := "", true; more; {
			page, err := s.readPage(ctx, last)
			if err != nil {
				yield(store.Entry{}, err)
				return
			}
			more = len(page) == pageSize
			for i := range page {
				r := &page[i]
				last = r.id
				rec, err := r.record(time.Now())
				if err == store.ErrNotFound || !isID(r.id) { // it has expired since the page was read
					continue
				}
				if !yield(store.Entry{ID: r.id, Record: rec}, err) || err != nil {
					return
				}
			}
		}
	}
}

// A listed is a row with its id.
type listed struct {
	id string
	row
}

func (s *Store) readPage(ctx context.Context, last string) (page []listed, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	ctx, end := s.limited(ctx)
	defer end()
	err = s.again(ctx, 0, func() error {
		page = page[:0]
		return s.each(ctx, s.page, func(rows *sql.Rows) error {
			var r listed
			err := rows.Scan(append([]any{&r.id}, r.fields()...)...)
			page = append(page, r)
			return err
		}, last, time.Now().UnixMilli())
	})
	if err != nil {
		return nil, s.fail(ctx, "list", err)
	}
	return page, nil
}
