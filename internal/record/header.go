package record

import (
	"crypto/subtle"
	"slices"
)

// Format is the format written. A reader refuses greater ones.
const Format = 1

// Kind is what a record stands for.
type Kind uint8

// The kinds of records. A new kind needs no new format: an older program refuses what it does not know.
const (
	Session Kind = 1 // a session
	Ended   Kind = 2 // a tombstone: the session is over, and cannot come back
	Owner   Kind = 3 // an owner record
)

// What a header remembers at most, so that it does not grow with the age of its session.
const (
	MaxStamps   = 4
	MaxReplaced = 4
)

// Replaced is a secret that a record no longer accepts. Until that instant it is still recognised.
type Replaced struct {
	Hash  [32]byte
	Until int64
}

// Header is everything that is decided without decoding a value. Times are Unix milliseconds, durations milliseconds; 0 in
// End and in Idle is never. The zero Header is that of an anonymous session; Kind 0 is written as Session.
//
// A Header shares bytes with the record it was read from, which none of its methods changes.
type Header struct {
	Kind          Kind
	Persistent    bool // the cookie is persistent, and Idle ends freshness only
	Level         uint8
	Created       int64
	Authenticated int64
	Seen          int64
	End           int64
	Idle          int64
	Lifetime      int64 // as given at login
	Generation    uint64
	Writes        uint64   // how many stamped Saves there were
	Secret        [32]byte // the SHA-256 of the secret; zero: there is none

	stamps   [MaxStamps]uint64 // the oldest first
	nstamps  uint8
	flags    uint8  // those unknown to this program
	replaced []byte // as the record has them, and like ext a part of it: so that a Header is cheap to pass on
	ext      []byte // the extensions, as a later program of this format wrote them
}

// fresh reports whether h has nothing of a later program's: then a record under it keeps what its base has.
func (h *Header) fresh() bool { return h.flags == 0 && h.ext == nil }

// Stamp counts one more Save, and makes s the newest of at most MaxStamps stamps.
func (h *Header) Stamp(s uint64) {
	h.Writes++
	if h.nstamps == MaxStamps {
		copy(h.stamps[:], h.stamps[1:])
		h.nstamps--
	}
	h.stamps[h.nstamps] = s
	h.nstamps++
}

// Latest returns the newest stamp; 0 if there is none.
func (h *Header) Latest() uint64 {
	if h.nstamps == 0 {
		return 0
	}
	return h.stamps[h.nstamps-1]
}

// Stamped reports whether s is one of the stamps.
func (h *Header) Stamped(s uint64) bool {
	return slices.Contains(h.stamps[:h.nstamps], s)
}

// Replace makes secret the present one. The one it replaces is recognised until then, and those whose time is over are forgotten;
// of more than MaxReplaced the oldest is.
func (h *Header) Replace(secret [32]byte, until, now int64) {
	live := make([]byte, 0, (MaxReplaced+1)*replacedSize)
	for b := h.replaced; len(b) >= replacedSize; b = b[replacedSize:] {
		if int64(le64(b[secretSize:])) > now {
			live = append(live, b[:replacedSize]...)
		}
	}
	if h.Secret != [32]byte{} && until > now {
		live = append(live, h.Secret[:]...)
		live = le.AppendUint64(live, uint64(until))
	}
	h.replaced = live[max(0, len(live)-MaxReplaced*replacedSize):]
	h.Secret = secret
}

// WasSecret reports whether hash is that of a replaced secret still recognised at now. It takes the same time whichever it is.
func (h *Header) WasSecret(hash [32]byte, now int64) bool {
	was := 0
	for b := h.replaced; len(b) >= replacedSize; b = b[replacedSize:] {
		if until := int64(le64(b[secretSize:])); until > now { // when it expires is no secret
			was |= subtle.ConstantTimeCompare(b[:secretSize], hash[:])
		}
	}
	return was == 1
}

// Replaced returns a copy of the replaced secrets, the oldest first.
func (h *Header) Replaced() []Replaced {
	var all []Replaced
	for b := range slices.Chunk(h.replaced, replacedSize) {
		all = append(all, Replaced{[32]byte(b), int64(le64(b[secretSize:]))})
	}
	return all
}
