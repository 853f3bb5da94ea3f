package boltstore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/sojourn-go/session/store"
)

// The value under an id.
//
//	0       format, 'A'
//	1..8    version, random; never 0
//	9..14   when it expires: Unix time in ms, big-endian; 0: never
//	15      length of the owner
//	16..    owner, then data
const (
	format     = 'A'
	headLen    = 16
	mostExpiry = 1<<48 - 1 // of the year 10889
	maxOwner   = 255
)

var (
	errForeign = errors.New("the value is not a session's: something else uses the bucket")
	errNewer   = errors.New("the value is of a newer format: a newer program has written it")
)

var epoch, farAway = time.UnixMilli(0), time.UnixMilli(mostExpiry)

// expiryOf returns what the head says of a record that ends at t: 0 for never.
// A time that does not fit stays in the past, or in the future.
func expiryOf(t time.Time) int64 {
	switch {
	case t.IsZero():
		return 0
	case t.After(farAway):
		return mostExpiry
	case t.Before(epoch):
		return 1
	}
	return max(1, t.UnixMilli())
}

// encode returns the value of a record.
func encode(version uint64, rec *store.Record) []byte {
	expires := expiryOf(rec.Expires)
	v := make([]byte, headLen, headLen+len(rec.Owner)+len(rec.Data))
	v[0] = format
	binary.BigEndian.PutUint64(v[1:], version)
	binary.BigEndian.PutUint32(v[9:], uint32(expires>>16))
	binary.BigEndian.PutUint16(v[13:], uint16(expires))
	v[15] = byte(len(rec.Owner))
	return append(append(v, rec.Owner...), rec.Data...)
}

// A head is the part of a value that decides about a Save.
type head struct {
	version uint64
	expires int64
	owner   int // its length
}

// exists reports whether the record is there at a time in ms.
func (h head) exists(now int64) bool {
	return h.version != 0 && (h.expires == 0 || now < h.expires)
}

// headOf reads the head of a value. That of no value is the zero head.
func headOf(v []byte) (h head, err error) {
	switch {
	case v == nil:
		return h, nil
	case len(v) >= headLen && v[0] > format && v[0] <= 'Z':
		return h, errNewer
	case len(v) < headLen || v[0] != format || len(v) < headLen+int(v[15]):
		return h, errForeign
	}
	h.version = binary.BigEndian.Uint64(v[1:])
	h.expires = int64(binary.BigEndian.Uint32(v[9:]))<<16 | int64(binary.BigEndian.Uint16(v[13:]))
	h.owner = int(v[15])
	if h.version == 0 {
		return h, errForeign
	}
	return h, nil
}

// decode returns the record of a value, in bytes of its own: the value is
// bbolt's. No record, or an expired one, is ErrNotFound.
func decode(v []byte, now time.Time) (rec store.Record, err error) {
	h, err := headOf(v)
	if err != nil {
		return rec, err
	}
	if !h.exists(now.UnixMilli()) {
		return rec, store.ErrNotFound
	}
	if h.expires != 0 {
		rec.Expires = time.UnixMilli(h.expires)
	}
	rec.Version = h.version
	rec.Owner = string(v[headLen : headLen+h.owner])
	rec.Data = bytes.Clone(v[headLen+h.owner:])
	return rec, nil
}

// newVersion returns a number that no other state of any record has: of 64
// random bits, two that meet under one id are out of the question.
func newVersion() uint64 {
	for {
		if v := rand.Uint64(); v != 0 {
			return v
		}
	}
}
