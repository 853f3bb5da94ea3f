package session

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/sojourn-go/session/internal/record"
	"github.com/sojourn-go/session/store"
)

// All yields every live session in the store, for operators. It needs a store
// that is a [store.Lister]; with another one it yields an error that wraps
// [errors.ErrUnsupported]. Records that cannot be read are passed over.
func (m *Manager) All(ctx context.Context) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		if err := m.stored(); err != nil {
			yield(Info{}, err)
			return
		}
		for e, err := range store.All(ctx, m.queues.store) {
			if err != nil {
				yield(Info{}, err)
				return
			}
			var cur saved
			if err := cur.parse(&e.Record); err != nil || !cur.exists || isOwnerID(e.ID) {
				continue
			}
			head := cur.rec.Header()
			if head.Kind != record.Session || over(&head, time.Now().UnixMilli()) {
				continue
			}
			if !yield(cur.info(e.ID), nil) {
				return
			}
		}
	}
}

// EndID ends a session, whoever's it is, for operators. It is ErrNotFound if
// there is none.
func (m *Manager) EndID(ctx context.Context, id string) error {
	if err := errors.Join(m.stored(), ctx.Err()); err != nil {
		return err
	}
	ended, err := m.endOne(ctx, id, "", anybodys)
	if ended {
		m.emit(ctx, Event{Kind: Ended, ID: id})
	}
	return err
}

// EndBefore ends every session that was created, and whose owner was last
// recognised, before t, and returns how many. It needs what All needs. After an
// error some may be left: call it again.
func (m *Manager) EndBefore(ctx context.Context, t time.Time) (int, error) {
	n := 0
	for info, err := range m.All(ctx) {
		if err != nil {
			return n, err
		}
		if !info.Created.Before(t) || !info.Authenticated.Before(t) {
			continue
		}
		switch err := m.EndID(ctx, info.ID); {
		case err == nil:
			n++
		case !errors.Is(err, ErrNotFound):
			return n, err
		}
	}
	return n, nil
}
