package record

import (
	"cmp"
	"slices"
)

// Change sets the value under a name, or deletes it.
type Change struct {
	Name   string // 1 to 65535 bytes
	Value  []byte
	Delete bool
}

// step is a change with its place in the base.
type step struct {
	key    uint32
	change int32 // which of the changes
	place  int32 // of the base's entry it replaces or removes, or before which it goes
	found  bool
}

// Build returns the bytes of what BuildRecord returns.
func Build(base Record, h Header, clear bool, changes []Change) []byte {
	return BuildRecord(base, &h, clear, changes).data
}

// BuildRecord returns a record of the values of base, none of them if clear, with changes applied, under h, which it does not change. Of
// several changes of one name the last one counts. Extensions and flags that this program does not know are kept: those of h if it has
// any, else base's.
//
// The bytes depend on the header and the resulting values alone, and share nothing with base, h and changes. BuildRecord panics if a name
// is empty or longer than 65535 bytes, or if the values exceed 4 GiB.
func BuildRecord(base Record, h *Header, clear bool, changes []Change) Record {
	if w := base.head(); h.fresh() && w&newerMask != 0 {
		kept := *h
		kept.flags = w.flags() &^ knownFlags
		if w.flags()&flagExt != 0 {
			kept.ext = base.data[w.extAt():base.table]
		}
		h = &kept
	}
	if clear {
		base = Record{}
	}
	var few [8]step // on the stack
	steps := plan(few[:0], base, changes)
	n, size := total(base, changes, steps)
	w := h.head(n)
	table := w.extAt() + len(h.ext)
	out := make([]byte, table+entrySize*n+size)
	h.encode(out, w)
	merge(out[table:table+entrySize*n], out[table+entrySize*n:], base, changes, steps)
	return Record{data: out, table: uint32(table), n: uint32(n)}
}

// plan appends to steps one step for every name in changes, in the record's order.
func plan(steps []step, base Record, changes []Change) []step {
	for i := range changes {
		name := changes[i].Name
		if name == "" || len(name) > maxName {
			panic("record: a name of no bytes, or of more than 65535")
		}
		steps = append(steps, step{key: keyOf(name), change: int32(i)})
	}
	if len(steps) > 1 {
		steps = lastOfEach(steps, changes)
	}
	if base.n > 0 {
		for i := range steps {
			s := &steps[i]
			place, found := base.search(s.key, changes[s.change].Name)
			s.place, s.found = int32(place), found
		}
	}
	return steps
}

// lastOfEach sorts steps and keeps the last of those of one name.
func lastOfEach(steps []step, changes []Change) []step {
	slices.SortFunc(steps, func(a, b step) int {
		if a.key != b.key {
			return cmp.Compare(a.key, b.key)
		}
		return cmp.Or(cmp.Compare(changes[a.change].Name, changes[b.change].Name), cmp.Compare(a.change, b.change))
	})
	kept := steps[:0]
	for i, s := range steps {
		if i+1 < len(steps) && s.key == steps[i+1].key && changes[s.change].Name == changes[steps[i+1].change].Name {
			continue
		}
		kept = append(kept, s)
	}
	return kept
}

// total returns how many values there will be, and the size of names and values together.
func total(base Record, changes []Change, steps []step) (n, size int) {
	n, size = base.Len(), base.start(base.Len())
	for i := range steps {
		s := &steps[i]
		if s.found {
			n--
			size -= base.start(int(s.place)+1) - base.start(int(s.place))
		}
		if c := &changes[s.change]; !c.Delete {
			n++
			size += len(c.Name) + len(c.Value)
		}
	}
	if n > maxValues || uint64(size) > maxBody {
		panic("record: too large")
	}
	return n, size
}

// merge writes entries and body: what lies between two steps is copied in one piece, its ends moved by as much as the steps before it grew.
func merge(entries, body []byte, base Record, changes []Change, steps []step) {
	from, end := 0, 0 // the base's entries before from are dealt with, and so is the body before end
	for i := range steps {
		s := &steps[i]
		if to := int(s.place); from < to {
			end = copyRun(entries, body, end, base, from, to)
			entries = entries[entrySize*(to-from):]
			from = to
		}
		if s.found {
			from++
		}
		if c := &changes[s.change]; !c.Delete {
			end += copy(body[end:], c.Name)
			end += copy(body[end:], c.Value)
			put64(entries, uint64(s.key)<<32|uint64(end))
			entries = entries[entrySize:]
		}
	}
	if from < base.Len() {
		copyRun(entries, body, end, base, from, base.Len())
	}
}

// copyRun copies base's values from i up to, but not including, j, so that the first begins at end, and returns where the last ends.
func copyRun(entries, body []byte, end int, base Record, i, j int) int {
	lo, hi := base.start(i), base.start(j)
	copy(body[end:], base.body()[lo:hi])
	shift(entries, base.entries(i, j), uint64(end-lo))
	return end + hi - lo
}

// shift copies the entries in src to dst, by bytes further on (or back, as a two's complement).
func shift(dst, src []byte, by uint64) {
	dst = dst[:len(src)]
	if by == 0 {
		copy(dst, src)
		return
	}
	for len(src) >= entrySize && len(dst) >= entrySize {
		put64(dst, le64(src)+by)
		dst, src = dst[entrySize:], src[entrySize:]
	}
}
