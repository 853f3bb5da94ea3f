package cookie

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/sojourn-go/session/seal"
)

// A sealedText is what there is to a Sealed whatever its type. The plaintext is the end, in milliseconds since 1970 in 8 bytes,
// big-endian, and the value: package seal counts in hours.
type sealedText struct {
	name     string
	sealer   *seal.Sealer
	lifetime int64  // in milliseconds
	attrs    string // what follows the value
	removal  string // the Set-Cookie that removes it
}

const (
	// Sessions are sealed for "session": nobody's choice of a purpose must meet that.
	sealedPrefix = "cookie:"
	maxSealed    = 255 // bytes of a name and of a purpose: package seal's limit

	endBytes = 8

	// With more texts than this none is tried: nobody comes by so many in good faith.
	maxTried = 3
)

func newSealedText(keys seal.Keys, name string, o SealedOptions, more error) (sealedText, error) {
	_, keysFault := keys.Sealer(sealedPrefix, "any", time.Hour)
	err := errors.Join(append(faultsOf(name, o.Attrs), longNameFault(name), purposeFault(o.Purpose), lifetimeFault(o.Lifetime),
		endFault(o.Attrs), keysFault, more)...)
	if err != nil {
		return sealedText{}, err
	}
	sealer, err := keys.Sealer(sealedPrefix+o.Purpose, name, o.Lifetime)
	if err != nil {
		return sealedText{}, err // unreachable: the same was found above
	}
	c := sealedText{name: name, sealer: sealer, lifetime: o.Lifetime.Milliseconds()}
	c.removal = string(Append(nil, name, "", removing(o.Attrs)))
	if o.Persistent {
		o.Attrs.MaxAge = o.Lifetime
	}
	c.attrs = string(appendAttrs(nil, o.Attrs))
	return c, nil
}

func longNameFault(name string) error {
	if len(name) > maxSealed {
		return fault("the name has %d bytes: that of a sealed cookie at most %d", len(name), maxSealed)
	}
	return nil
}

func purposeFault(purpose string) error {
	switch most := maxSealed - len(sealedPrefix); {
	case purpose == "":
		return fault(`Purpose is empty: say what the cookie is for, as in "checkout"`)
	case len(purpose) > most:
		return fault("Purpose has %d bytes: at most %d", len(purpose), most)
	}
	return nil
}

func lifetimeFault(d time.Duration) error {
	switch {
	case d == 0:
		return fault("Lifetime is zero: say how long the value holds, a millisecond to 400 days")
	case d < 0:
		return fault("Lifetime %v is negative: a sealed cookie cannot be revoked, so it has to end: use a millisecond to 400 days", d)
	case d < time.Millisecond:
		return fault("Lifetime %v is less than a millisecond: nothing would ever open", d)
	case d > maxAge:
		return fault("Lifetime %v is more than 400 days, to which browsers shorten it: use at most %v", d, maxAge)
	}
	return nil
}

func endFault(a Attrs) error {
	if a.MaxAge != 0 || !a.Expires.IsZero() {
		return fault("MaxAge and Expires of a sealed cookie follow from Lifetime: leave them zero, and set Persistent")
	}
	return nil
}

// typeFault tells of a type that can never be encoded. Any other error may be one of the zero value alone.
func typeFault(zero any) error {
	_, err := json.Marshal(zero)
	if unsupported, ok := errors.AsType[*json.UnsupportedTypeError](err); ok {
		return fault("a value of this type cannot be sealed: %w", unsupported)
	}
	return nil
}

// line returns the Set-Cookie for the value. It is measured before it is sealed: a megabyte costs no cipher.
func (c *sealedText) line(value []byte, now time.Time) (string, error) {
	plainLen := endBytes + len(value)
	size := len(c.name) + len("=") + seal.Size(plainLen) + len(c.attrs)
	if err := sizeFault(c.name, size); err != nil {
		return "", err
	}
	// One allocation for both: the plaintext lies behind the room for the line.
	room := make([]byte, size, size+plainLen)
	plain := binary.BigEndian.AppendUint64(room[size:], uint64(now.UnixMilli()+c.lifetime))
	plain = append(plain, value...)
	line := append(append(room[:0:size], c.name...), '=')
	line = c.sealer.Seal(line, plain, now)
	return string(append(line, c.attrs...)), nil
}

// open returns the value that the one good text of a request holds. Nothing is known of it but that it was sealed by us.
func (c *sealedText) open(h http.Header, now time.Time) (value []byte, ok bool) {
	var buf [maxTried + 1]string
	texts := c.texts(buf[:0], h)
	if len(texts) > maxTried {
		return nil, false
	}
	opened := 0
	for i, text := range texts {
		if slices.Contains(texts[:i], text) {
			continue
		}
		if v, ok := c.openOne(text, now); ok {
			value = v
			opened++
		}
	}
	if opened != 1 {
		return nil, false
	}
	return value, true
}

// texts appends what may be sealed texts of the cookie, up to one more than are tried. Others cost nothing, and count for nothing.
func (c *sealedText) texts(buf []string, h http.Header) []string {
	for text := range Values(h, c.name) {
		if len(text) >= seal.Size(endBytes) && len(text) <= maxLine && len(buf) <= maxTried {
			buf = append(buf, text)
		}
	}
	return buf
}

func (c *sealedText) openOne(text string, now time.Time) (value []byte, ok bool) {
	plain, err := c.sealer.Open(nil, text, now)
	if err != nil || len(plain) < endBytes { // the second is unreachable: texts leaves out what is too short
		return nil, false
	}
	end := int64(binary.BigEndian.Uint64(plain))
	return plain[endBytes:], now.UnixMilli() < end
}
