package memstore

import (
	"context"
	"iter"
	"time"

	"github.com/sojourn-go/session/store"
)

// List implements [store.Lister]. It holds no lock while it yields. It does
// not count as loading.
func (s *Store) List(ctx context.Context) iter.Seq2[store.Entry, error] {
	return func(yield func(store.Entry, error) bool) {
		var names []byte
		for i := range s.shards {
			sh := &s.shards[i]
			for from := uint64(0); from <= 1<<32-1; {
				names, from = sh.names(names[:0], uint32(from))
				if !s.listNamed(ctx, names, yield) {
					return
				}
			}
		}
	}
}

// listNamed yields those of the named records that still exist. It reports
// whether to go on.
func (s *Store) listNamed(ctx context.Context, names []byte, yield func(store.Entry, error) bool) bool {
	if err := ctx.Err(); err != nil {
		yield(store.Entry{}, err)
		return false
	}
	for len(names) > 0 {
		n := 1 + int(names[0])
		id := string(names[1:n])
		names = names[n:]
		i, tag := s.locate(id)
		var rec store.Record
		if !s.shards[i].load(&rec, id, tag, time.Now().UnixMilli(), false) {
			continue
		}
		if err := ctx.Err(); err != nil {
			yield(store.Entry{}, err)
			return false
		}
		if !yield(store.Entry{ID: id, Record: rec}, nil) {
			return false
		}
	}
	return true
}

// names appends to buf the ids of one segment of the index, those whose tags
// are not below from, each after its length, and returns the tag with which
// the next segment begins.
//
// Tags stand still while records are moved and segments split: whoever goes
// through all tags in order meets every id once.
func (sh *shard) names(buf []byte, from uint32) (names []byte, next uint64) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	g := sh.index.segment(from)
	for _, p := range g.places {
		if p == 0 || uint32(p>>32) < from {
			continue
		}
		id := sh.arena.at(ref(p)).id()
		buf = append(append(buf, byte(len(id))), id...)
	}
	width := uint64(1) << (32 - g.depth)
	return buf, uint64(from)&^(width-1) + width
}
