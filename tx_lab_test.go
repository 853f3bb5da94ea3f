package session_test

import (
	"context"
	"maps"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/store"
)

// A rowStore is a store with transactions, as a database has them: what is
// saved in one is seen by nobody else until it is committed.
type rowStore struct {
	mu   sync.Mutex
	rows map[string]store.Record
	last uint64
}

func newRowStore() *rowStore { return &rowStore{rows: map[string]store.Record{}} }

type transaction struct {
	st   *rowStore
	rows map[string]store.Record
}

func (st *rowStore) begin() *transaction {
	return &transaction{st, map[string]store.Record{}}
}

func (tx *transaction) with(ctx context.Context) context.Context {
	return store.WithTransaction(ctx, tx)
}

func (tx *transaction) commit() {
	tx.st.mu.Lock()
	defer tx.st.mu.Unlock()
	maps.Copy(tx.st.rows, tx.rows)
}

// An alias is another name of a transaction.
type alias struct{ tx *transaction }

func (tx *transaction) byAnotherName(ctx context.Context) context.Context {
	return store.WithTransaction(ctx, &alias{tx})
}

func txOf(ctx context.Context) (*transaction, bool) {
	switch tx := store.TransactionOf(ctx).(type) {
	case *transaction:
		return tx, true
	case *alias:
		return tx.tx, true
	}
	return nil, false
}

func (st *rowStore) Transactional() bool { return true }

func (st *rowStore) look(ctx context.Context, id string) (store.Record, bool) {
	if tx, ok := txOf(ctx); ok {
		if rec, ok := tx.rows[id]; ok {
			return rec, true
		}
	}
	rec, ok := st.rows[id]
	if !ok || !rec.Expires.IsZero() && !time.Now().Before(rec.Expires) {
		return store.Record{}, false
	}
	rec.Data = append([]byte(nil), rec.Data...)
	return rec, true
}

func (st *rowStore) Load(ctx context.Context, id string) (store.Record, error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if rec, ok := st.look(ctx, id); ok {
		return rec, nil
	}
	return store.Record{}, store.ErrNotFound
}

func (st *rowStore) Save(ctx context.Context, id string, rec store.Record) (uint64, error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if cur, _ := st.look(ctx, id); cur.Version != rec.Version {
		return 0, store.ErrConflict
	}
	st.last++
	rec.Version, rec.Durable, rec.Data = st.last, false, append([]byte(nil), rec.Data...)
	if tx, ok := txOf(ctx); ok {
		tx.rows[id] = rec
	} else {
		st.rows[id] = rec
	}
	return rec.Version, nil
}

func (st *rowStore) Delete(_ context.Context, id string) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	delete(st.rows, id)
	return nil
}

// A txLab is a lab over a store with transactions.
type txLab struct {
	*lab
	st *rowStore
}

func newTxLab(t *testing.T, o session.Options) *txLab {
	st := newRowStore()
	return &txLab{newLabOn(t, strictStore{st}, o), st}
}

// within has a request of the visitor change its session by f, commit that in
// a transaction, and end the transaction.
func (l *txLab) within(v *visitor, kept bool, f func(s *session.Session)) *http.Response {
	l.t.Helper()
	return v.does("POST", func(s *session.Session) {
		tx := l.st.begin()
		f(s)
		want(l.t, "Commit in the transaction", s.Commit(tx.with(l.t.Context())), nil)
		if kept {
			tx.commit()
		}
	})
}

func cookies(res *http.Response) int { return len(res.Cookies()) }
