package redisstore

import (
	"encoding/binary"
	"errors"
	"strings"
	"time"

	"github.com/sojourn-go/session/store"
)

// The string under a key. The scripts know it too.
//
//	0       format, 'A'
//	1..8    version, random; never 0
//	9..14   when it expires: Unix time in ms, big-endian; 0: never
//	15      length of the owner
//	16..    owner, then data
const (
	format     = 'A'
	lengthAt   = 15
	headLen    = 16
	mostExpiry = 1<<48 - 1 // of the year 10889
	maxOwner   = 255
)

var (
	errForeign = errors.New("the value is not a session's: something else uses the prefix")
	errNewer   = errors.New("the value is of a newer format: a newer program has written it")
	errOwner   = errors.New("the owner is longer than 255 bytes")
)

var farAway = time.UnixMilli(mostExpiry)

// expiryOf returns what the head says of a record that ends at t, and how long
// it has from now on, in ms. Without an end both are 0; if the end is past, the
// second is negative.
func expiryOf(t, now time.Time) (at, left int64) {
	if t.IsZero() {
		return 0, 0
	}
	at = mostExpiry
	if t.Before(farAway) { // or its milliseconds may not fit into 64 bits
		at = t.UnixMilli()
	}
	left = at - now.UnixMilli()
	if !t.After(now) || left <= 0 {
		return 0, -1
	}
	return at, left
}

// encode returns the string of a record.
func encode(version uint64, expires int64, rec *store.Record) string {
	var head [headLen]byte
	binary.BigEndian.PutUint64(head[1:], version)
	binary.BigEndian.PutUint32(head[9:], uint32(expires>>16))
	binary.BigEndian.PutUint16(head[13:], uint16(expires))
	head[0], head[lengthAt] = format, byte(len(rec.Owner))
	var b strings.Builder
	b.Grow(headLen + len(rec.Owner) + len(rec.Data))
	b.Write(head[:])
	b.WriteString(rec.Owner)
	b.Write(rec.Data)
	return b.String()
}

// versionText is how a version stands in the string.
func versionText(version uint64) string {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], version)
	return string(b[:])
}

// decode returns the record of a string, whose bytes it takes over. One that
// has expired is ErrNotFound.
func decode(value []byte, now time.Time) (rec store.Record, err error) {
	if len(value) == 0 || value[0] != format {
		if len(value) >= headLen && value[0] > format && value[0] <= 'Z' {
			return rec, errNewer
		}
		return rec, errForeign
	}
	if len(value) < headLen || len(value) < headLen+int(value[lengthAt]) {
		return rec, errForeign
	}
	rec.Version = binary.BigEndian.Uint64(value[1:])
	if rec.Version == 0 {
		return rec, errForeign
	}
	if at := int64(binary.BigEndian.Uint32(value[9:]))<<16 | int64(binary.BigEndian.Uint16(value[13:])); at != 0 {
		if at <= now.UnixMilli() {
			return store.Record{}, store.ErrNotFound
		}
		rec.Expires = time.UnixMilli(at)
	}
	owner := int(value[lengthAt])
	rec.Owner = string(value[headLen : headLen+owner])
	rec.Data = value[headLen+owner:]
	return rec, nil
}
