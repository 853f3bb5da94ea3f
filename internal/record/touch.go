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
		string(p[offCreated:fixedSize]) == string(q[offCreated:fixedSize]) &&
		bytes.Equal(p[x.secretAt():], q[y.secretAt():])
}

// Touch returns base with seen raised, never lowered, and one more stamp: what Patch returns if there are no changes, in bytes.
func Touch(base Record, seen int64, stamp uint64) []byte {
	r, _ := Patch(base, seen, stamp, nil)
	return r.data
}
