package memstore

import "encoding/binary"

// A record is the slot of a block in which a session lies:
//
//	 0  version
//	 8  end (48 bits), length of the owner (8), length of the id - 1 (7), loaded (1)
//	16  next, previous: the neighbours in the bucket of a wheel
//	24  length of the data, or 0xffff if that lies in shard.large
//	26  id, owner, data
//
// The owner and the data come after the id so that a record can be replaced
// where it lies.
type record []byte

const (
	headLen = 26
	outside = 0xffff

	loadedBit = 1 << 63
)

var le = binary.LittleEndian

func (r record) version() uint64 { return le.Uint64(r) }
func (r record) end() int64      { return int64(le.Uint64(r[8:]) & uint64(never)) }
func (r record) loaded() bool    { return le.Uint64(r[8:])&loadedBit != 0 }
func (r record) setLoaded()      { le.PutUint64(r[8:], le.Uint64(r[8:])|loadedBit) }
func (r record) next() ref       { return ref(le.Uint32(r[16:])) }
func (r record) prev() ref       { return ref(le.Uint32(r[20:])) }
func (r record) setNext(n ref)   { le.PutUint32(r[16:], uint32(n)) }
func (r record) setPrev(p ref)   { le.PutUint32(r[20:], uint32(p)) }
func (r record) owned() bool     { return r[14] != 0 }
func (r record) isOutside() bool { return le.Uint16(r[24:]) == outside }

func (r record) id() []byte {
	return r[headLen : headLen+1+int(r[15]&0x7f)]
}

// tail returns the owner and the data, one after the other; no data if that
// lies outside.
func (r record) tail() (both []byte, ownerLen int) {
	start, ownerLen := headLen+1+int(r[15]&0x7f), int(r[14])
	end := start + ownerLen
	if !r.isOutside() {
		end += int(le.Uint16(r[24:]))
	}
	return r[start:end], ownerLen
}

// put writes all but the links.
func (r record) put(w *write, version uint64, loaded bool) {
	word := uint64(w.end) | uint64(len(w.owner))<<48 | uint64(len(w.id)-1)<<56
	if loaded {
		word |= loadedBit
	}
	le.PutUint64(r, version)
	le.PutUint64(r[8:], word)
	n := headLen + copy(r[headLen:], w.id)
	n += copy(r[n:], w.owner)
	if w.large != nil {
		le.PutUint16(r[24:], outside)
		return
	}
	le.PutUint16(r[24:], uint16(len(w.data)))
	copy(r[n:], w.data)
}

// A kind is what a record is when room is wanted.
type kind int

const (
	fresh kind = iota // no owner, and never loaded since its creation
	known             // no owner
	kept              // somebody's: never given up
	kinds
)

func (r record) kind() kind {
	switch {
	case r.owned():
		return kept
	case r.loaded():
		return known
	}
	return fresh
}
