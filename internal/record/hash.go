package record

import "math/bits"

// The constants of the tag: odd, with as many ones as zeros, and of no other meaning.
const (
	tagA = 0x9E3779B97F4A7C15
	tagB = 0xD1B54A32D192ED03
)

// keyOf returns the tag and the length of a name, of 1 to maxName bytes, as an entry has them.
//
// The tag is part of the format. It is not a keyed hash: names that share a tag can be found, and cost whoever finds them a
// search by halves instead of by interpolation.
func keyOf[S string | []byte](name S) uint32 {
	var a, b uint64
	h, s := uint64(len(name)), name
	for len(s) > 16 {
		h = fold(load64(s)^tagA, load64(s[8:])^h^tagB)
		s = s[16:]
	}
	switch n := len(s); {
	case n >= 8: // the two loads overlap, so that no length between needs a loop
		a, b = load64(s), load64(s[n-8:])
	case n >= 4:
		a, b = load32(s), load32(s[n-4:])
	case n > 0:
		a = uint64(s[0]) | uint64(s[n/2])<<8 | uint64(s[n-1])<<16
	}
	h = fold(a^tagA, b^h^tagB)
	return uint32(h>>48)<<16 | uint32(len(name))
}

func fold(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

func load64[S string | []byte](s S) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

func load32[S string | []byte](s S) uint64 {
	_ = s[3]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24
}
