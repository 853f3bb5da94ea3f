package record

import "bytes"

// Patch returns base with changes applied as Build applies them, seen raised, never lowered, one more stamp and one more write: in the
// bytes that Build gives to base's header so changed, and without decoding it. Changed reports whether a value came, went, or is
// another: whether Same would tell the result from base. Patch panics as Build does.
func Patch(base Record, seen int64, stamp uint64, changes []Change) (r Record, changed bool) {
	switch len(changes) {
	case 0:
		end := len(base.bytesOrBlank())
		return splice(base, seen, stamp, end, end, nil), false
	case 1:
		c := &changes[0]
		if i, old, ok := base.Find(c.Name); ok && !c.Delete {
			return replace(base, seen, stamp, i, len(old), c.Value), !bytes.Equal(old, c.Value)
		}
	}
	return rebuild(base, seen, stamp, changes)
}

// rebuild is Patch for any changes.
func rebuild(base Record, seen int64, stamp uint64, changes []Change) (r Record, changed bool) {
	var few [8]step // on the stack
	steps := plan(few[:0], base, changes)
	n, size := total(base, changes, steps)
	w, data := base.head(), base.bytesOrBlank()
	from, table := w.secretAt(), base.headerSize()+stampRoom(w)
	out := make([]byte, table+entrySize*n+size)
	copy(out, data[:from])
	copy(out[from+stampRoom(w):], data[from:base.headerSize()])
	restamp(out, w.withValues(n), seen, stamp)
	merge(out[table:table+entrySize*n], out[table+entrySize*n:], base, changes, steps)
	return Record{data: out, table: uint32(table), n: uint32(n)}, differ(base, changes, steps)
}

// differ reports whether the steps make other values of base's.
func differ(base Record, changes []Change, steps []step) bool {
	for i := range steps {
		s := &steps[i]
		c := &changes[s.change]
		if s.found == c.Delete { // it goes, or comes
			return true
		}
		if s.found && !bytes.Equal(base.ValueAt(int(s.place)), c.Value) {
			return true
		}
	}
	return false
}

// replace is Patch for one value that is there already, of size bytes: all the others are copied where they lie, and what moves of
// the table is the ends from the i-th on.
func replace(base Record, seen int64, stamp uint64, i, size int, value []byte) Record {
	by := len(value) - size
	if uint64(base.start(base.Len())+by) > maxBody {
		panic("record: too large")
	}
	to := int(base.table) + entrySize*base.Len() + base.entry(i).end()
	r := splice(base, seen, stamp, to-size, to, value)
	if by != 0 {
		ends := r.entries(i, r.Len())
		shift(ends, ends, uint64(by))
	}
	return r
}

// splice returns a copy of base, restamped, with value in place of the bytes from from up to, but not including, to. The table is left
// as it is.
func splice(base Record, seen int64, stamp uint64, from, to int, value []byte) Record {
	w, data := base.head(), base.bytesOrBlank()
	room, done := stampRoom(w), 0
	out := make([]byte, len(data)+room+len(value)-(to-from))
	if room > 0 {
		done = w.secretAt()
		copy(out, data[:done])
	}
	copy(out[done+room:], data[done:from])
	copy(out[from+room:], value)
	copy(out[from+room+len(value):], data[to:])
	restamp(out, w, seen, stamp)
	return Record{data: out, table: uint32(base.headerSize() + room), n: base.n}
}

// stampRoom returns how many bytes one more stamp takes: none if the oldest makes room for it.
func stampRoom(w head) int {
	if w.stamps() == MaxStamps {
		return 0
	}
	return 8
}

// restamp writes w to a record that has the stamps which w counts, raises seen, counts one more write, and adds a stamp, for which there is
// room.
func restamp(out []byte, w head, seen int64, stamp uint64) {
	at := w.secretAt()
	if w.stamps() == MaxStamps {
		at -= 8
		copy(out[fixedSize:at], out[fixedSize+8:])
	} else {
		w += stampCount
	}
	fixed := out[:fixedSize]
	put64(fixed, uint64(w))
	put64(fixed[offSeen:], uint64(max(int64(le64(fixed[offSeen:])), seen)))
	put64(fixed[offWrites:], le64(fixed[offWrites:])+1)
	put64(out[at:], stamp)
}
