package record_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/sojourn-go/session/internal/record"
)

func TestForeignDataIsCorruptAndNotOfANewerVersion(t *testing.T) {
	for _, data := range []string{"", "{", `{"user_id":42}`, "\x80", "\xff\x82", "\xfe\x01\x02", "\x1f\x8b", "\xf9", "\xf8", strings.Repeat("\x00", 100)} {
		if _, err := record.Parse([]byte(data)); !errors.Is(err, record.ErrCorrupt) {
			t.Errorf("Parse(%q): got %v, want ErrCorrupt", data, err)
		}
	}
}

func TestANewerVersionSaysWhich(t *testing.T) {
	data := build(t, session(), nil).Bytes()
	for _, c := range []struct {
		at   int
		b    byte
		want string
	}{
		{0, 0xFA, "record: format 2 is newer than this program's 1"},
		{1, 9, "record: kind 9 is newer than this program"},
	} {
		newer := bytes.Clone(data)
		newer[c.at] = c.b
		if _, err := record.Parse(newer); err == nil || err.Error() != c.want || errors.Is(err, record.ErrCorrupt) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
	// Of a newer format nothing is known, how short it may be neither.
	if _, err := record.Parse([]byte{0xFA}); errors.Is(err, record.ErrCorrupt) {
		t.Errorf("got %v, want a VersionError", err)
	}
}

func TestMalformedExtensionsAreCorrupt(t *testing.T) {
	data := build(t, session(), values(1)).Bytes()
	for name, bad := range map[string][]byte{
		"none":       extend(bytes.Clone(data), 0),
		"unsorted":   extend(bytes.Clone(data), 0, 2, "", 1, ""),
		"duplicated": extend(bytes.Clone(data), 0, 1, "", 1, ""),
	} {
		if _, err := record.Parse(bad); !errors.Is(err, record.ErrCorrupt) {
			t.Errorf("%s: got %v, want ErrCorrupt", name, err)
		}
	}
}

func TestValuesOutOfOrderOrTwiceAreCorrupt(t *testing.T) {
	data := build(t, record.Header{}, []record.Change{{Name: "a"}, {Name: "b"}}).Bytes()
	keys, names := [2][]byte{data[76:80], data[84:88]}, data[88:]
	write := func(first, second int) []byte {
		b := bytes.Clone(data)
		copy(b[76:], keys[first])
		copy(b[84:], keys[second])
		b[88], b[89] = names[first], names[second]
		return b
	}
	if _, err := record.Parse(write(0, 1)); err != nil {
		t.Errorf("in order: %v", err)
	}
	for _, bad := range [][]byte{write(1, 0), write(0, 0), write(1, 1)} {
		if _, err := record.Parse(bad); !errors.Is(err, record.ErrCorrupt) {
			t.Errorf("got %v, want ErrCorrupt", err)
		}
	}
}
