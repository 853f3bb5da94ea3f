package seal

import (
	"encoding/binary"
	"sync"
)

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// A codec is base64url without padding. encoding/base64 has the same, at twice the time, which is more than the cipher takes; and
// it skips newlines, so that one text would have many spellings.
type codec struct {
	pairs [4096]uint16   // two characters for 12 bits
	bits  [4][256]uint32 // what a character means at each place of four, or bad
}

const bad = 1 << 31

// base64url returns the tables, 12 KB that are made when first needed.
var base64url = sync.OnceValue(func() *codec {
	c := new(codec)
	for i := range c.pairs {
		c.pairs[i] = uint16(alphabet[i>>6])<<8 | uint16(alphabet[i&63])
	}
	for place := range c.bits {
		for i := range c.bits[place] {
			c.bits[place][i] = bad
		}
		for i := range len(alphabet) {
			c.bits[place][alphabet[i]] = uint32(i) << (18 - 6*place)
		}
	}
	return c
})

func encodedLen(n int) int { return (n*8 + 5) / 6 }

func decodedLen(n int) int { return n * 6 / 8 }

// encode writes the characters of src to dst, which has encodedLen(len(src)). src may be the end of dst: every group is read
// before anything is written over it.
func (c *codec) encode(dst, src []byte) {
	for len(src) >= 8 && len(dst) >= 8 {
		x := binary.BigEndian.Uint64(src) // of which 6 bytes count
		binary.BigEndian.PutUint64(dst, uint64(c.pairs[x>>52])<<48|uint64(c.pairs[x>>40&0xFFF])<<32|
			uint64(c.pairs[x>>28&0xFFF])<<16|uint64(c.pairs[x>>16&0xFFF]))
		src, dst = src[6:], dst[8:]
	}
	for len(src) >= 3 {
		x := uint32(src[0])<<16 | uint32(src[1])<<8 | uint32(src[2])
		binary.BigEndian.PutUint32(dst, uint32(c.pairs[x>>12])<<16|uint32(c.pairs[x&0xFFF]))
		src, dst = src[3:], dst[4:]
	}
	switch len(src) {
	case 1:
		binary.BigEndian.PutUint16(dst, c.pairs[uint32(src[0])<<4])
	case 2:
		x := uint32(src[0])<<16 | uint32(src[1])<<8
		binary.BigEndian.PutUint16(dst, c.pairs[x>>12])
		dst[2] = alphabet[x>>6&63]
	}
}

// decode writes what src means to dst, which has decodedLen(len(src)), and reports whether src is the one spelling of it.
func (c *codec) decode(dst []byte, src string) bool {
	var seen uint32
	for len(src) >= 8 && len(dst) >= 8 {
		a := c.bits[0][src[0]] | c.bits[1][src[1]] | c.bits[2][src[2]] | c.bits[3][src[3]]
		b := c.bits[0][src[4]] | c.bits[1][src[5]] | c.bits[2][src[6]] | c.bits[3][src[7]]
		seen |= a | b
		binary.BigEndian.PutUint64(dst, uint64(a)<<40|uint64(b)<<16) // the last two bytes are written again
		src, dst = src[8:], dst[6:]
	}
	for len(src) >= 4 {
		x := c.bits[0][src[0]] | c.bits[1][src[1]] | c.bits[2][src[2]] | c.bits[3][src[3]]
		seen |= x
		dst[0], dst[1], dst[2] = byte(x>>16), byte(x>>8), byte(x)
		src, dst = src[4:], dst[3:]
	}
	switch len(src) {
	case 1:
		return false
	case 2:
		x := c.bits[0][src[0]] | c.bits[1][src[1]]
		seen |= x
		dst[0] = byte(x >> 16)
		return seen < bad && x&0xFFFF == 0
	case 3:
		x := c.bits[0][src[0]] | c.bits[1][src[1]] | c.bits[2][src[2]]
		seen |= x
		dst[0], dst[1] = byte(x>>16), byte(x>>8)
		return seen < bad && x&0xFF == 0
	}
	return seen < bad
}
