package record

import (
	"bytes"
	"crypto/subtle"
	"iter"
	"slices"
)

// Record is a view of immutable bytes. The zero Record is an anonymous session without values.
//
// It is four words, the most that the compiler keeps in registers: with one more, reading a value takes three times as long.
type Record struct {
	data  []byte
	table uint32 // where the entries begin
	n     uint32 // how many values
}

// Bytes returns the record as it is stored; nil for the zero Record. The caller must not change it.
func (r Record) Bytes() []byte { return r.data }

func (r Record) head() head {
	if len(r.data) < fixedSize {
		return head(magic+Format) | head(Session)<<8
	}
	return head(le64(r.data))
}

func (r Record) field(off int) uint64 {
	if len(r.data) < fixedSize {
		return 0
	}
	return le64(r.data[off:])
}

// Kind returns what the record stands for. It and its neighbours read one field
// each, for what is asked of every record; Header has them all.
func (r Record) Kind() Kind           { return r.head().kind() }
func (r Record) Persistent() bool     { return r.head().flags()&flagPersistent != 0 }
func (r Record) Level() uint8         { return r.head().level() }
func (r Record) Created() int64       { return int64(r.field(offCreated)) }
func (r Record) Authenticated() int64 { return int64(r.field(offAuthenticated)) }
func (r Record) Seen() int64          { return int64(r.field(offSeen)) }
func (r Record) End() int64           { return int64(r.field(offEnd)) }
func (r Record) Idle() int64          { return int64(r.field(offIdle)) }
func (r Record) Lifetime() int64      { return int64(r.field(offLifetime)) }
func (r Record) Generation() uint64   { return r.field(offGeneration) }
func (r Record) Writes() uint64       { return r.field(offWrites) }

// SecretIs reports whether hash is that of the present secret, in constant time. A record without a secret has none that fits.
func (r Record) SecretIs(hash *[32]byte) bool {
	h := r.head()
	if h.flags()&flagSecret == 0 {
		return false
	}
	at := h.secretAt()
	return subtle.ConstantTimeCompare(r.data[at:at+secretSize], hash[:]) == 1
}

// Extended reports whether there is an extension.
func (r Record) Extended() bool { return r.head().flags()&flagExt != 0 }

// Extension returns what is there under a tag, which the caller must not change; nil if there is nothing.
func (r Record) Extension(tag byte) []byte {
	if !r.Extended() {
		return nil
	}
	h := Header{ext: r.data[r.head().extAt():r.table]}
	return h.Extension(tag)
}

// Len returns how many values there are.
func (r Record) Len() int { return int(r.n) }

// NameAt returns the name of the i-th value, in the record's own order. It panics unless 0 <= i < Len.
func (r Record) NameAt(i int) []byte {
	name, _ := r.At(i)
	return name
}

// ValueAt returns the i-th value, in the record's own order. It panics unless 0 <= i < Len.
func (r Record) ValueAt(i int) []byte {
	_, value := r.At(i)
	return value
}

// At returns the i-th name and value, in the record's own order. It panics unless 0 <= i < Len. The caller must not change them.
func (r Record) At(i int) (name, value []byte) {
	e, body := r.entry(i), r.body()
	start := r.start(i)
	mid, end := start+e.nameLen(), e.end()
	return body[start:mid:mid], body[mid:end:end]
}

// All returns every name and value in order of name. The values must not be changed.
func (r Record) All() iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		order := make([]int, r.n)
		for i := range order {
			order[i] = i
		}
		slices.SortFunc(order, func(i, j int) int { return bytes.Compare(r.NameAt(i), r.NameAt(j)) })
		for _, i := range order {
			name, value := r.At(i)
			if !yield(string(name), value) {
				return
			}
		}
	}
}

func (r Record) entry(i int) entry {
	if uint(i) >= uint(r.n) {
		panic("record: no such value")
	}
	return entry(le64(r.data[int(r.table)+entrySize*i:]))
}

// headerSize returns where the entries begin, also in the blank that stands for the zero Record.
func (r Record) headerSize() int { return max(int(r.table), fixedSize) }

// entries returns the entries of the values from i up to, but not including, j.
func (r Record) entries(i, j int) []byte {
	return r.data[int(r.table)+entrySize*i : int(r.table)+entrySize*j]
}

func (r Record) body() []byte { return r.data[int(r.table)+entrySize*int(r.n):] }

// start returns where the i-th name begins in the body: where the value before it ends. start(n) is the length of the body.
func (r Record) start(i int) int {
	if i == 0 {
		return 0
	}
	return r.entry(i - 1).end()
}
