package memstore

import "math/bits"

const (
	blockLen = 32 << 10
	chunked  = 16   // a chunk is one block for so many that are there
	maxSlot  = 4096 // larger records keep their data outside
	classes  = 110  // class 0 is none: so no ref is 0
)

// A ref is the place of a record in an arena, class<<24 | slot, or 0 for none.
// Its top bit is free.
type ref uint32

// slotLen and perBlock are the lengths of the classes, and how many slots of
// it make a block.
var slotLen, perBlock = func() (size, per [classes]uint32) {
	for c, n := 1, uint32(32); c < classes; c++ {
		size[c], per[c] = n, blockLen/n
		if n < 512 {
			n += 8
		} else {
			n += 1 << bits.Len32(n) / 32
		}
	}
	return size, per
}()

// classOf returns the class of a record of n bytes, headLen < n <= maxSlot.
func classOf(n int) int {
	if n <= 512 {
		return max(1, (n+7)/8-3)
	}
	octave := bits.Len(uint(n-1)) - 10
	return 61 + 16*octave + (n-512<<octave+32<<octave-1)>>(5+octave)
}

// An arena holds records in blocks, those of a class in slots of one length.
// The slots in use are always the first ones of their class: so an arena has
// no holes, and its memory goes back when its records go.
//
// The more blocks a class has, the more of them are made at once, in chunks of
// a sixteenth of what is there: the garbage collector has less to count. A
// block's capacity reaches to the end of its chunk.
type arena struct {
	class [classes]slots
}

type slots struct {
	blocks [][]byte
	used   uint32
}

// rest is the block that follows the last one in its chunk, nil for none. It
// is the same memory again after the blocks there have been given up.
func (cl *slots) rest() []byte {
	if n := len(cl.blocks); n > 0 && cap(cl.blocks[n-1]) > blockLen {
		return cl.blocks[n-1][blockLen : 2*blockLen]
	}
	return nil
}

// at returns the slot of r. It is good until the next alloc or free.
func (a *arena) at(r ref) record {
	c, i := r>>24, uint32(r&(1<<24-1))
	n, per := slotLen[c], perBlock[c]
	off := i % per * n
	return record(a.class[c].blocks[i/per][off : off+n : off+n])
}

// needs returns how long a block alloc will want for a slot of class c, and
// how long a list of blocks; 0 is none.
func (a *arena) needs(c int) (block, blocks int) {
	cl := &a.class[c]
	b, need := int(cl.used/perBlock[c]), int((cl.used%perBlock[c]+1)*slotLen[c])
	have := 0
	if b < len(cl.blocks) {
		have = len(cl.blocks[b])
	} else if b == cap(cl.blocks) {
		blocks = b + b/4 + 1
	}
	if need <= have || b == len(cl.blocks) && cl.rest() != nil {
		return 0, blocks
	}
	if chunk := b / chunked; chunk > 1 {
		return chunk * blockLen, blocks
	}
	// The last block begins small, for the stores that have but few records
	// of a length.
	block = max(1024, 2*have)
	for block < need {
		block *= 2
	}
	return block, blocks
}

// alloc returns a slot of class c with arbitrary content.
func (a *arena) alloc(c int, from *supply) ref {
	cl := &a.class[c]
	block, blocks := a.needs(c)
	b, rest := int(cl.used/perBlock[c]), cl.rest()
	if blocks > 0 {
		list := take(&from.blocks, blocks)
		cl.blocks = list[:copy(list, cl.blocks)]
	}
	if b == len(cl.blocks) {
		cl.blocks = append(cl.blocks, nil)
	}
	if block > 0 {
		larger := take(&from.block, block)
		copy(larger, cl.blocks[b])
		cl.blocks[b] = larger[:min(len(larger), blockLen)]
	} else if cl.blocks[b] == nil {
		cl.blocks[b] = rest
	}
	r := ref(uint32(c)<<24 | cl.used)
	cl.used++
	return r
}

// free gives up the slot of r. If r was not the last of its class, the last
// one now lies at r, and was at moved; else moved is 0.
func (a *arena) free(r ref) (moved ref) {
	c := r >> 24
	cl := &a.class[c]
	if last := c<<24 | ref(cl.used-1); last != r {
		copy(a.at(r), a.at(last))
		moved = last
	}
	cl.used--
	if cl.used%perBlock[c] == 0 {
		last := len(cl.blocks) - 1
		cl.blocks[last] = nil
		cl.blocks = cl.blocks[:last]
	}
	return moved
}
