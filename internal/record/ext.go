package record

import "slices"

// The extensions that this program knows. A program that does not know one keeps it as it is.
const (
	ExtClient   = 1 // what the client of the login said of itself
	ExtStale    = 2 // since when the login is no recent one, whenever it was
	ExtRotation = 3 // how the present secret came about, and what became of the one before
)

// Extension returns what h has under a tag, a part of the record it was read from; nil if there is nothing. Tag is not 0.
func (h *Header) Extension(tag byte) []byte {
	for t, data := range extensions(h.ext) {
		if t == tag {
			return data
		}
	}
	return nil
}

// Extend puts data, which it copies, under a tag in place of what was there; no data removes it. Data that leaves no room, of 64 KiB for
// all extensions, is left out.
func (h *Header) Extend(tag byte, data []byte) {
	if len(data) == 0 && h.Extension(tag) == nil {
		return
	}
	next := []byte{0, 0}
	add := func(tag byte, data []byte) {
		next = append(append(next, tag, byte(len(data)), byte(len(data)>>8)), data...)
	}
	size := 2
	for t, old := range extensions(h.ext) {
		if t != tag {
			size += 3 + len(old)
		}
	}
	placed := len(data) == 0 || size+3+len(data) > 1<<16
	for t, old := range extensions(h.ext) {
		if t >= tag && !placed {
			add(tag, data)
			placed = true
		}
		if t != tag {
			add(t, old)
		}
	}
	if !placed {
		add(tag, data)
	}
	if len(next) == 2 {
		h.ext = next[:0] // not nil: h has none, whatever the base of a record under it has
		return
	}
	next[0], next[1] = byte(len(next)-2), byte((len(next)-2)>>8)
	h.ext = slices.Clip(next)
}

// extensions yields the tag and the bytes of each extension in ext, as a header has them.
func extensions(ext []byte) func(yield func(byte, []byte) bool) {
	return func(yield func(byte, []byte) bool) {
		if len(ext) < 2 {
			return
		}
		for b := ext[2:]; len(b) >= 3; {
			end := 3 + int(b[1]) + int(b[2])<<8
			if !yield(b[0], b[3:end:end]) {
				return
			}
			b = b[end:]
		}
	}
}

// CopyExtensions has h the extensions of another header.
func (h *Header) CopyExtensions(of *Header) {
	h.ext = of.ext
	if h.ext == nil {
		h.ext = []byte{}
	}
}
