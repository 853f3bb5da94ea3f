package sqlstore

import (
	"context"
	"database/sql"
	"sync"
)

// A statement is a text, and what the pool has prepared of it.
type statement struct {
	text string
	turn chan struct{} // whose it is to prepare

	mu    sync.Mutex
	ready *prepared // nil: nothing yet
}

// A prepared is a statement of the pool's. When another is to take its place, it
// is closed by its last user.
type prepared struct {
	*sql.Stmt
	users int // the statement's mu guards it
}

func newStatement(text string) *statement {
	return &statement{text: text, turn: make(chan struct{}, 1)}
}

// use calls f with the statement, which is prepared at its first use. That is one
// round trip more, as is the first use on each connection. If the database does
// not take it any more, the next use prepares another.
func (s *Store) use(ctx context.Context, st *statement, f func(*sql.Stmt) error) (err error) {
	p, err := s.prepared(ctx, st)
	if err != nil {
		return err
	}
	defer func() { st.release(p, stale(err)) }()
	return f(p.Stmt)
}

func (s *Store) prepared(ctx context.Context, st *statement) (*prepared, error) {
	if p := st.acquire(nil); p != nil {
		return p, nil
	}
	select {
	case st.turn <- struct{}{}:
		defer func() { <-st.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if p := st.acquire(nil); p != nil {
		return p, nil
	}
	p, err := s.db.PrepareContext(ctx, st.text)
	if err != nil {
		return nil, err
	}
	return st.acquire(&prepared{Stmt: p}), nil
}

// acquire returns what is ready, or new if nothing is. Its user releases it.
func (st *statement) acquire(new *prepared) *prepared {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.ready == nil {
		st.ready = new
	}
	if st.ready != nil {
		st.ready.users++
	}
	return st.ready
}

// release ends a use of p, which nobody gets any more if it is stale.
func (st *statement) release(p *prepared, stale bool) {
	st.mu.Lock()
	p.users--
	if stale && st.ready == p {
		st.ready = nil
	}
	last := p.users == 0 && st.ready != p
	st.mu.Unlock()
	if last {
		p.Close() // which may speak to the server
	}
}
