package record

import "bytes"

// blank is the zero Record in bytes.
var blank = Build(Record{}, Header{}, false, nil)

func (r Record) bytesOrBlank() []byte {
	if len(r.data) == 0 {
		return blank
	}
	return r.data
}

// Same reports whether a and b are equal leaving aside seen, writes and stamps. Then nothing need be written.
func Same(a, b Record) bool {
	x, y := a.head(), b.head()
	p, q := a.bytesOrBlank(), b.bytesOrBlank()
	return x&^stampMask == y&^stampMask &&
		bytes.Equal(p[offCreated:fixedSize], q[offCreated:fixedSize]) &&
		bytes.Equal(p[x.secretAt():], q[y.secretAt():])
}

// Touch returns base with seen raised, never lowered, and one more stamp.
func Touch(base Record, seen int64, stamp uint64) []byte {
	w, data := base.head(), base.bytesOrBlank()
	stamps, rest := data[fixedSize:w.secretAt()], data[w.secretAt():]
	if w.stamps() == MaxStamps {
		stamps = stamps[8:]
	} else {
		w += stampCount
	}
	out := make([]byte, 0, w.secretAt()+len(rest))
	out = append(out, data[:fixedSize]...)
	put64(out, uint64(w))
	put64(out[offSeen:], uint64(max(base.Seen(), seen)))
	put64(out[offWrites:], base.Writes()+1)
	out = append(out, stamps...)
	out = le.AppendUint64(out, stamp)
	return append(out, rest...)
}
