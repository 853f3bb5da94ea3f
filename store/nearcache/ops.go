package nearcache

import (
	"context"
	"errors"

	"github.com/sojourn-go/session/store"
)

// LoadCached implements [store.Cached]. When it answers from memory, and how
// old that may be, the package documentation says.
func (s *Store) LoadCached(ctx context.Context, id string) (store.Record, error) {
	if err := ctx.Err(); err != nil {
		return store.Record{}, err
	}
	if store.TransactionOf(ctx) != nil {
		return s.inner.Load(ctx, id)
	}
	p := s.place(id)
	if rec, ok := s.recall(id); ok {
		p.stripe.hits.Add(1)
		return rec, nil
	}
	p.stripe.misses.Add(1)
	q := s.ask(p)
	rec, err := s.inner.Load(ctx, id)
	s.settle(&q, id, &rec, err)
	return rec, err
}

// Load implements [store.Store]: it asks the store inside. What was kept and
// is another state than the one returned is forgotten.
func (s *Store) Load(ctx context.Context, id string) (store.Record, error) {
	rec, err := s.inner.Load(ctx, id)
	if store.TransactionOf(ctx) != nil {
		return rec, err // it may be what nobody else is to see yet
	}
	s.settle(&question{place: s.place(id)}, id, &rec, err)
	return rec, err
}

// settle takes note of an answer before it is returned: from then on nothing
// older may come from memory, nor from a question that is still on its way. It
// keeps the answer, if that is allowed. Errors other than ErrNotFound say
// nothing about the record.
func (s *Store) settle(q *question, id string, rec *store.Record, err error) {
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return
	}
	var kept store.Record
	keep := err == nil && q.keep && q.pack(&kept, rec) // allocates: before the lock
	st := q.place.stripe
	st.mu.Lock()
	defer st.mu.Unlock()
	keep = keep && *q.place.epoch == q.epoch
	*q.place.epoch++
	switch {
	case keep:
		s.put(id, kept)
	case err != nil || !s.holds(id, rec.Version):
		s.drop(id)
	}
}

// Save implements [store.Store]: the store inside saves. Whatever comes of
// it, what was kept before is forgotten.
func (s *Store) Save(ctx context.Context, id string, rec store.Record) (version uint64, err error) {
	s.Forget(id)
	defer s.Forget(id)
	return s.inner.Save(ctx, id, rec)
}

// Delete implements [store.Store]: the store inside deletes. Whatever comes
// of it, what was kept before is forgotten.
func (s *Store) Delete(ctx context.Context, id string) error {
	s.Forget(id)
	defer s.Forget(id)
	return s.inner.Delete(ctx, id)
}
