package memstore

import (
	"hash/maphash"
	"sync"

	"github.com/sojourn-go/session/store"
)

// A shard holds the records whose ids hash to it.
type shard struct {
	seed maphash.Seed
	room *room

	mu       sync.Mutex
	index    index
	arena    arena
	wheels   [kinds]wheel
	large    map[uint64][]byte // by version: data that is too long for a slot; never written to
	versions uint64            // the last one given; it never starts again
	touched  byte              // of no meaning, see find
}

func (sh *shard) init(seed maphash.Seed, m *room, now int64) {
	sh.seed, sh.room = seed, m
	sh.index.init()
	for k := range sh.wheels {
		sh.wheels[k].init(now)
	}
	sh.large = make(map[uint64][]byte)
}

// find returns the record under id, expired or not, or 0 and nil.
func (sh *shard) find(id string, tag uint32) (ref, record) {
	g := sh.index.segment(tag)
	if g.used == 0 {
		return 0, nil
	}
	for i := g.home(tag); g.places[i] != 0; i = g.after(i) {
		if uint32(g.places[i]>>32) != tag {
			continue
		}
		r := ref(g.places[i])
		rec := sh.arena.at(r)
		// Its later cache lines are asked for now, not when the first one has
		// told where the data begins: they come together.
		sh.touched = rec[len(rec)/2] ^ rec[len(rec)-1]
		if string(rec.id()) == id {
			return r, rec
		}
	}
	return 0, nil
}

// A write is a Save on its way.
type write struct {
	id    string
	tag   uint32
	owner string
	data  []byte
	large []byte // a copy of data, if that is too long for a slot
	end   int64
	base  uint64 // the version it is based on
	class int

	before size   // what was there when there was no room
	supply supply // what add may want
	lacks  needs  // what it lacks, if anything
}

// size is what the record counts towards MaxBytes.
func (w *write) size() size {
	return sizeOf(w.class, len(w.large), w.owner != "")
}

func (sh *shard) size(r ref, rec record) size {
	outside := 0
	if rec.isOutside() {
		outside = len(sh.large[rec.version()])
	}
	return sizeOf(int(r>>24), outside, rec.owned())
}

// save applies w. If there is no room, it changes nothing and says how much
// is missing. If memory has to be supplied first, it changes nothing, and sets
// w.lacks.
func (sh *shard) save(w *write, now int64) (version uint64, missing shortage, err error) {
	sh.mu.Lock()
	defer sh.mu.Unlock()

	w.lacks = needs{}
	sh.expire(now, stepsOfSave)
	r, old := sh.find(w.id, w.tag)
	if old != nil && old.end() <= now {
		sh.remove(r, old, w.tag)
		sh.room.expired.Add(1)
		r, old = 0, nil
	}
	var have uint64
	if old != nil {
		have = old.version()
	}
	if have != w.base {
		return 0, missing, store.ErrConflict
	}
	if w.end <= now {
		// It would be gone before anyone could load it.
		if old != nil {
			sh.remove(r, old, w.tag)
		}
		sh.versions++
		return sh.versions, missing, nil
	}
	w.before = size{}
	if old != nil {
		w.before = sh.size(r, old)
	}
	if old == nil || int(r>>24) != w.class {
		if w.lacks = w.supply.lacks(sh.needs(w.class, w.tag)); w.lacks != (needs{}) {
			return 0, missing, nil
		}
	}
	if missing = sh.room.change(w.before, w.size()); missing.any() {
		return 0, missing, nil
	}
	sh.versions++
	if old != nil {
		sh.replace(r, old, w)
	} else {
		sh.add(w, false)
	}
	return sh.versions, missing, nil
}

// add makes a record of w. Room has been taken for it.
func (sh *shard) add(w *write, loaded bool) {
	r := sh.arena.alloc(w.class, &w.supply)
	rec := sh.arena.at(r)
	rec.put(w, sh.versions, loaded)
	if w.large != nil {
		sh.large[sh.versions] = w.large
	}
	sh.link(r, rec)
	sh.index.insert(w.tag, r, &w.supply)
}

func (sh *shard) replace(r ref, rec record, w *write) {
	if int(r>>24) != w.class {
		loaded := rec.loaded()
		sh.drop(r, rec, w.tag)
		sh.add(w, loaded)
		return
	}
	if rec.isOutside() {
		delete(sh.large, rec.version())
	}
	if w.large != nil {
		sh.large[sh.versions] = w.large
	}
	if stays := rec.end() == w.end && rec.owned() == (w.owner != ""); stays {
		rec.put(w, sh.versions, rec.loaded())
		return
	}
	sh.unlink(rec)
	rec.put(w, sh.versions, rec.loaded())
	sh.link(r, rec)
}

// remove drops a record and gives its room back.
func (sh *shard) remove(r ref, rec record, tag uint32) {
	sh.room.change(sh.size(r, rec), size{})
	sh.drop(r, rec, tag)
}

func (sh *shard) drop(r ref, rec record, tag uint32) {
	if rec.isOutside() {
		delete(sh.large, rec.version())
	}
	sh.unlink(rec)
	sh.index.remove(tag, r)
	if moved := sh.arena.free(r); moved != 0 {
		rec := sh.arena.at(r)
		sh.relink(r, rec)
		sh.index.replace(sh.tag(rec), moved, r)
	}
}

func (sh *shard) tag(rec record) uint32 {
	return uint32(maphash.Bytes(sh.seed, rec.id()))
}
