package seal

import (
	"errors"
	"math"
	"slices"
	"sync/atomic"
	"time"
)

// ErrSealed says that a text does not open, and not why: it was changed, cut, made up, sealed under a key that is retired, for
// another purpose or name, or too long ago. It is always this very value.
var ErrSealed = errors.New("seal: the text does not open")

// MaxText is how long a text may be: [Sealer.Open] refuses a longer one at once. A cookie has 4096 bytes at most.
const MaxText = 8192

const (
	nonceBytes = 12
	tagBytes   = 16
	minText    = headChars + ((nonceBytes+tagBytes)*8+5)/6

	hourSeconds = 3600
	ahead       = 5 * time.Minute
)

// Size returns how many characters the text for n bytes of plaintext has.
func Size(n int) int { return headChars + encodedLen(nonceBytes+n+tagBytes) }

// A Sealer seals and opens texts of one purpose and name: see [Keys.Sealer]. It is safe for use by many goroutines at once.
type Sealer struct {
	masters []master // the first seals
	binding []byte   // the context without the head
	longest time.Duration
	codec   *codec
	sealing atomic.Pointer[derived] // under which the last text was sealed: as a rule the next one will be, too
	cache   cache
}

func newSealer(keys []Key, purpose, name string, longest time.Duration) *Sealer {
	s := &Sealer{longest: longest, codec: base64url()}
	s.binding = append(s.binding, byte(len(purpose)))
	s.binding = append(s.binding, purpose...)
	s.binding = append(s.binding, byte(len(name)))
	s.binding = append(s.binding, name...)
	for _, k := range keys {
		s.masters = append(s.masters, masterOf(k))
	}
	return s
}

// Seal appends the text for plaintext to dst, and returns the whole. It is sealed in the hour of now: whoever handles a request
// passes the instant of its arrival to both methods. The two slices must not overlap. With [Size] of len(plaintext) characters to
// spare in dst nothing is allocated.
//
// A text of more than [MaxText] characters will not open.
func (s *Sealer) Seal(dst, plaintext []byte, now time.Time) []byte {
	d := s.forSealing(hourOf(now))
	start, size := len(dst), Size(len(plaintext))
	dst = slices.Grow(dst, size)[:start+size]
	text := dst[start:]
	copy(text, d.text[:])
	// The bytes go to the end of the room for their characters, and are encoded
	// from there: each group is read before its characters reach it.
	raw := text[size-nonceBytes-len(plaintext)-tagBytes:]
	d.aead.Seal(raw[:0:len(raw)], nil, plaintext, d.context)
	s.codec.encode(text[headChars:], raw)
	return dst
}

// forSealing returns the key for the hour, and derives it if this is the hour's first text.
func (s *Sealer) forSealing(hour uint32) *derived {
	if d := s.sealing.Load(); d != nil && d.hour == hour {
		return d
	}
	first := &s.masters[0]
	d := s.cache.find(first.id, hour)
	if d == nil {
		d = s.derive(first, head{first.id, hour})
		s.cache.keep(d, d)
	}
	s.sealing.Store(d)
	return d
}

// Open appends the plaintext of text to dst, and returns the whole; or it returns [ErrSealed] and nil, whatever the reason.
// What dst has to spare may be overwritten in both cases. With three quarters of len(text) to spare nothing is allocated.
func (s *Sealer) Open(dst []byte, text string, now time.Time) ([]byte, error) {
	if len(text) < minText || len(text) > MaxText {
		return nil, ErrSealed
	}
	h, ok := s.parseHead(text[:headChars])
	if !ok || !s.admits(h.hour, now) {
		return nil, ErrSealed
	}
	m := s.masterFor(h.id)
	if m == nil {
		return nil, ErrSealed
	}
	body, start := text[headChars:], len(dst)
	size := decodedLen(len(body))
	dst = slices.Grow(dst, size)
	raw := dst[start : start+size : start+size]
	if !s.codec.decode(raw, body) {
		return nil, ErrSealed
	}
	d := s.cache.find(h.id, h.hour)
	known := d != nil
	if !known {
		d = s.derive(m, h)
	}
	plain, err := d.aead.Open(raw[:0], nil, raw, d.context)
	if err != nil {
		return nil, ErrSealed
	}
	if !known {
		s.cache.keep(d, s.sealing.Load())
	}
	return dst[:start+len(plain)], nil
}

// admits reports whether a text of that hour can still be alive, or already.
func (s *Sealer) admits(hour uint32, now time.Time) bool {
	return hour >= hourOf(now.Add(-s.longest)) && hour <= hourOf(now.Add(ahead))
}

// hourOf returns the hour of an instant. A clock that stands before 1970 is as wrong as one that stands at 1970.
func hourOf(t time.Time) uint32 {
	return uint32(min(max(t.Unix(), 0)/hourSeconds, math.MaxUint32))
}
