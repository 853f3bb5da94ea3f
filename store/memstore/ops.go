package memstore

import (
	"bytes"
	"context"
	"time"

	"github.com/sojourn-go/session/store"
)

// Load implements [store.Store]. It also notes that the record was loaded,
// which counts when the store is full.
func (s *Store) Load(ctx context.Context, id string) (rec store.Record, err error) {
	if err := check(ctx, id); err != nil {
		return rec, err
	}
	i, tag := s.locate(id)
	if !s.shards[i].load(&rec, id, tag, time.Now().UnixMilli(), true) {
		return rec, store.ErrNotFound
	}
	return rec, nil
}

// load makes rec a copy of the record under id, if there is one. If note is
// true it marks the record as loaded.
func (sh *shard) load(rec *store.Record, id string, tag uint32, now int64, note bool) bool {
	// What is short goes through the stack, so that nothing is allocated, and
	// no help asked of us by the garbage collector, under the lock.
	var short [512]byte
	var v view
	if !sh.view(&v, id, tag, now, note, short[:]) {
		return false
	}
	rec.Expires, rec.Version = toTime(v.end), v.version
	both := v.long
	if both == nil {
		both = short[:v.short]
	}
	if v.ownerLen > 0 {
		rec.Owner = string(both[:v.ownerLen])
	}
	switch {
	case v.large != nil:
		rec.Data = bytes.Clone(v.large)
	case v.long != nil:
		rec.Data = v.long[v.ownerLen:]
	default:
		rec.Data = bytes.Clone(short[v.ownerLen:v.short])
	}
	return true
}

// A view is what load needs of a record once the lock is released.
type view struct {
	version  uint64
	end      int64
	ownerLen int
	short    int    // the length of owner and data in load's buffer, or
	long     []byte // owner and data, if they did not fit
	large    []byte // the stored data itself, if it lies outside
}

func (sh *shard) view(v *view, id string, tag uint32, now int64, note bool, buf []byte) bool {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	r, rec := sh.find(id, tag)
	if rec == nil || rec.end() <= now {
		return false
	}
	if note && !rec.loaded() {
		sh.noteLoad(r, rec)
	}
	v.version, v.end = rec.version(), rec.end()
	if rec.isOutside() {
		v.large = sh.large[v.version]
	}
	both, ownerLen := rec.tail()
	v.ownerLen = ownerLen
	if len(both) <= len(buf) {
		v.short = copy(buf, both)
	} else {
		v.long = bytes.Clone(both)
	}
	return true
}

func (sh *shard) noteLoad(r ref, rec record) {
	if rec.owned() {
		rec.setLoaded()
		return
	}
	sh.unlink(rec)
	rec.setLoaded()
	sh.link(r, rec)
}

// Save implements [store.Store]. When the store is full it gives up others, as
// the package documentation says, or returns [store.ErrFull].
func (s *Store) Save(ctx context.Context, id string, rec store.Record) (uint64, error) {
	if err := check(ctx, id); err != nil {
		return 0, err
	}
	if err := checkOwner(rec.Owner); err != nil {
		return 0, err
	}
	i, tag := s.locate(id)
	w := newWrite(id, tag, &rec)
	for {
		now := time.Now().UnixMilli()
		version, missing, err := s.shards[i].save(&w, now)
		if w.lacks != (needs{}) {
			w.supply.provide(w.lacks)
			continue
		}
		if !missing.any() {
			return version, err
		}
		if !s.makeRoom(i, &w, missing, now) {
			s.room.refused.Add(1)
			return 0, store.ErrFull
		}
	}
}

func newWrite(id string, tag uint32, rec *store.Record) write {
	w := write{id: id, tag: tag, owner: rec.Owner, data: rec.Data, end: toEnd(rec.Expires), base: rec.Version}
	n := headLen + len(id) + len(rec.Owner)
	if n+len(rec.Data) > maxSlot {
		w.large = bytes.Clone(rec.Data)
		w.class = classOf(n)
	} else {
		w.class = classOf(n + len(rec.Data))
	}
	return w
}

// Delete implements [store.Store].
func (s *Store) Delete(ctx context.Context, id string) error {
	if err := check(ctx, id); err != nil {
		return err
	}
	i, tag := s.locate(id)
	s.shards[i].delete(id, tag)
	return nil
}

func (sh *shard) delete(id string, tag uint32) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if r, rec := sh.find(id, tag); rec != nil {
		sh.remove(r, rec, tag)
	}
}
