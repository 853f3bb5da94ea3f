package record

import "encoding/binary"

// Offsets of the fixed part. The first eight bytes are read in one load, as the head.
const (
	offSeen          = 8
	offWrites        = 16
	offCreated       = 24
	offAuthenticated = 32
	offEnd           = 40
	offIdle          = 48
	offLifetime      = 56
	offGeneration    = 64
	fixedSize        = 72

	secretSize   = 32
	replacedSize = 40
	entrySize    = 8
	maxName      = 1<<16 - 1
	maxValues    = 1<<24 - 1
	maxBody      = 1<<32 - 1
)

const (
	flagPersistent = 1 << iota
	flagSecret
	flagExt
	knownFlags = flagPersistent | flagSecret | flagExt
)

// magic is the first byte less the format. Of the formats it has room for, 6 and 7 are left out: gob begins with such bytes.
const (
	magic     = 0xF8
	maxFormat = 5
)

// head is the first eight bytes of a record.
type head uint64

func (h head) kind() Kind     { return Kind(h >> 8) }
func (h head) level() uint8   { return uint8(h >> 16) }
func (h head) flags() uint8   { return uint8(h >> 24) }
func (h head) stamps() int    { return int(h >> 32 & 0xF) }
func (h head) replaced() int  { return int(h >> 36 & 0xF) }
func (h head) values() int    { return int(h >> 40) }
func (h head) secretLen() int { return int(h.flags()&flagSecret) / flagSecret * secretSize }

// Where the parts of variable size begin; each follows the one before it.
func (h head) secretAt() int   { return fixedSize + 8*h.stamps() }
func (h head) replacedAt() int { return h.secretAt() + h.secretLen() }
func (h head) extAt() int      { return h.replacedAt() + replacedSize*h.replaced() }

// stampCount is what a head counts one stamp with, and stampMask where.
const (
	stampCount head = 1 << 32
	stampMask  head = 0xF << 32
)

// newerMask is where a head has what only a later program puts there.
const newerMask = (0xFF&^knownFlags | flagExt) << 24

// withValues returns h for n values.
func (h head) withValues(n int) head { return h&(1<<40-1) | head(n)<<40 }

// entry describes one value: tag and length of the name, and where name and value end.
type entry uint64

func (e entry) key() uint32  { return uint32(e >> 32) } // what entries are sorted by, before the name
func (e entry) nameLen() int { return int(e >> 32 & maxName) }
func (e entry) end() int     { return int(e & maxBody) }

var le = binary.LittleEndian

func le64(b []byte) uint64 { return le.Uint64(b) }

func put64(b []byte, v uint64) { le.PutUint64(b, v) }
