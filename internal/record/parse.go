package record

import (
	"bytes"
	"errors"
	"fmt"
)

// ErrCorrupt is what Parse returns, with the fault, for bytes that are no record.
var ErrCorrupt = errors.New("record: corrupt")

// VersionError is returned by Parse for a record that a newer program wrote: of a newer format, or of a kind that this one does not
// know. Such a record must be left as it is.
type VersionError struct {
	Format int
	Kind   Kind // 0 if the format is the newer part
}

func (e *VersionError) Error() string {
	if e.Kind != 0 {
		return fmt.Sprintf("record: kind %d is newer than this program", e.Kind)
	}
	return fmt.Sprintf("record: format %d is newer than this program's %d", e.Format, Format)
}

// Parse returns a view of data, after which no method of the Record panics, whatever data was. It keeps data: the caller must not
// change it any more. The error is ErrCorrupt or a *VersionError.
func Parse(data []byte) (Record, error) {
	if len(data) == 0 {
		return Record{}, corrupt("empty")
	}
	switch f := int(data[0]) - magic; {
	case f < Format || f > maxFormat:
		return Record{}, corrupt("not a record")
	case f > Format:
		return Record{}, &VersionError{Format: f}
	case len(data) < fixedSize:
		return Record{}, corrupt("size")
	}
	h := head(le64(data))
	if err := checkKind(h.kind()); err != nil {
		return Record{}, err
	}
	table, err := checkHeader(data, h)
	if err != nil {
		return Record{}, err
	}
	n := h.values()
	if n > (len(data)-table)/entrySize {
		return Record{}, corrupt("count of values")
	}
	r := Record{data: data, table: uint32(table), n: uint32(n)}
	if err := r.checkValues(); err != nil {
		return Record{}, err
	}
	return r, nil
}

// Again returns the view of bytes that Parse has accepted before, for those that have room for the bytes alone.
func Again(data []byte) Record {
	if len(data) == 0 {
		return Record{}
	}
	h := head(le64(data))
	table := h.extAt()
	if h.flags()&flagExt != 0 {
		table += extSize(data[table:])
	}
	return Record{data: data, table: uint32(table), n: uint32(h.values())}
}

func corrupt(what string) error { return fmt.Errorf("%w: %s", ErrCorrupt, what) }

func checkKind(k Kind) error {
	switch {
	case k == 0:
		return corrupt("kind")
	case k > Owner:
		return &VersionError{Format: Format, Kind: k}
	}
	return nil
}

// checkHeader checks the header's parts of variable size, and returns where they end.
func checkHeader(data []byte, h head) (int, error) {
	at := h.extAt()
	switch {
	case h.stamps() > MaxStamps || h.replaced() > MaxReplaced || at > len(data):
		return 0, corrupt("header")
	case h.flags()&flagSecret != 0 && [secretSize]byte(data[h.secretAt():]) == [secretSize]byte{}:
		return 0, corrupt("secret")
	case h.flags()&flagExt == 0:
		return at, nil
	}
	end := at + extSize(data[at:])
	if end > len(data) || !extOK(data[min(at+2, len(data)):end]) {
		return 0, corrupt("extensions")
	}
	return end, nil
}

// extSize returns how many bytes the extensions take that b begins with, their length included.
func extSize(b []byte) int {
	if len(b) < 2 {
		return 2
	}
	return 2 + int(b[0]) + int(b[1])<<8
}

// extOK reports whether fields are one or more extensions in order of tag.
func extOK(fields []byte) bool {
	for last := -1; ; {
		if len(fields) < 3 || int(fields[0]) <= last {
			return false
		}
		size := 3 + int(fields[1]) + int(fields[2])<<8
		if size >= len(fields) {
			return size == len(fields)
		}
		last, fields = int(fields[0]), fields[size:]
	}
}

// checkValues is the one pass over the values: they lie without a gap, in order, each once, under the right tags.
func (r Record) checkValues() error {
	entries, body := r.entries(0, r.Len()), r.body()
	var last uint32
	var lastName []byte
	start := 0
	for ; len(entries) >= entrySize; entries = entries[entrySize:] {
		e := entry(le64(entries))
		mid, end := start+e.nameLen(), e.end()
		if mid == start || mid > end || end > len(body) {
			return corrupt("values")
		}
		name := body[start:mid]
		switch key := e.key(); {
		case key != keyOf(name):
			return corrupt("tag of a name")
		case key < last || key == last && bytes.Compare(lastName, name) >= 0:
			return corrupt("order of values")
		default:
			last = key
		}
		start, lastName = end, name
	}
	if start != len(body) {
		return corrupt("size of values")
	}
	return nil
}
