package record_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sojourn-go/session/internal/record"
)

var update = flag.Bool("update", false, "write testdata/*.golden anew: a change of the format")

// golden is a record that every later version must read, and this one writes in the same bytes.
type golden struct {
	name    string
	header  func(*record.Header)
	changes []record.Change
	newer   func([]byte) []byte // what a later program made of it
	refused bool                // as newer than this program
}

var goldens = []golden{
	{name: "empty session", header: func(*record.Header) {}},
	{name: "3 values", header: func(h *record.Header) { h.Stamp(1) }, changes: values(3)},
	{name: "30 values", header: func(h *record.Header) { h.Stamp(1) }, changes: values(30)},
	{name: "odd values", changes: []record.Change{
		{Name: "\x00"}, {Name: "\xff\xfe", Value: []byte{0}}, {Name: "größe", Value: []byte(`"é"`)},
		{Name: strings.Repeat("long ", 60), Value: bytes.Repeat([]byte("v"), 300)},
	}},
	{name: "sealed session", header: func(h *record.Header) { h.Secret = [32]byte{} }, changes: values(2)},
	{name: "tombstone", header: func(h *record.Header) { h.Kind = record.Ended; h.Stamp(1) }},
	{name: "owner record", header: func(h *record.Header) {
		*h = record.Header{Kind: record.Owner, Generation: 1<<62 + 12345, Writes: 3}
	}, changes: []record.Change{{Name: "AAAAAAAAAAAAAAAAAAAAAAAA", Value: []byte("1795300000000")}}},
	{name: "4 stamps", header: func(h *record.Header) {
		for s := range uint64(6) {
			h.Stamp(1<<63 + s)
		}
	}, changes: values(1)},
	{name: "4 replaced", header: func(h *record.Header) {
		for i := range byte(6) {
			h.Replace([32]byte{31: i + 1}, 1795270000000+int64(i), 0)
		}
	}, changes: values(1)},
	{name: "persistent and level", header: func(h *record.Header) { h.Persistent, h.Level = true, 3 }, changes: values(1)},
	{name: "never and negative", header: func(h *record.Header) { h.End, h.Idle, h.Created = 0, 0, -1 }},
	{name: "extensions and flags", header: func(h *record.Header) { h.Stamp(1) }, changes: values(3), newer: func(b []byte) []byte {
		return extend(b, 0x90, 1, "one", 7, "", 255, "more")
	}},
	{name: "newer format", changes: values(1), refused: true, newer: func(b []byte) []byte { b[0]++; return b }},
	{name: "newer kind", changes: values(1), refused: true, newer: func(b []byte) []byte { b[1] = 4; return b }},
}

// extend writes flags and extensions into a record without replaced secrets, as a later program would.
func extend(b []byte, flags byte, extensions ...any) []byte {
	var ext []byte
	for i := 0; i < len(extensions); i += 2 {
		text := extensions[i+1].(string)
		ext = append(ext, byte(extensions[i].(int)), byte(len(text)), 0)
		ext = append(ext, text...)
	}
	at := 72 + 8*int(b[4]&0xF) + 32*int(b[3]>>1&1)
	out := append(bytes.Clone(b[:at]), byte(len(ext)), 0)
	out = append(append(out, ext...), b[at:]...)
	out[3] |= flags | 4
	return out
}

func (g golden) bytes() []byte {
	h := record.Header{Kind: record.Session, Created: 1795266000000, Authenticated: 1795266060000, Seen: 1795266120000,
		End: 1795352460000, Idle: 1800000, Lifetime: 86400000, Generation: 2, Writes: 5}
	copy(h.Secret[:], "the SHA-256 of a secret, 32 byte")
	if g.header != nil {
		g.header(&h)
	}
	data := record.Build(record.Record{}, h, false, g.changes)
	if g.newer != nil {
		data = g.newer(data)
	}
	return data
}

func (g golden) read(t *testing.T) []byte {
	t.Helper()
	file := filepath.Join("testdata", strings.ReplaceAll(g.name, " ", "_")+".golden")
	if *update {
		if err := os.WriteFile(file, []byte(dump(g.bytes())), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	data, err := hex.DecodeString(strings.Join(strings.Fields(string(text)), ""))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// dump writes 8 bytes a line, the unit of the layout.
func dump(data []byte) string {
	var b strings.Builder
	for ; len(data) > 8; data = data[8:] {
		fmt.Fprintf(&b, "%x\n", data[:8])
	}
	return fmt.Sprintf("%s%x\n", b.String(), data)
}

func TestGoldenRecordsAreWrittenAsEver(t *testing.T) {
	for _, g := range goldens {
		t.Run(g.name, func(t *testing.T) {
			if want, got := g.read(t), g.bytes(); !bytes.Equal(got, want) {
				t.Errorf("the bytes written have changed: raise the format, or undo the change\ngot\n%swant\n%s", dump(got), dump(want))
			}
		})
	}
}

func TestGoldenRecordsAreRead(t *testing.T) {
	for _, g := range goldens {
		t.Run(g.name, func(t *testing.T) {
			data := g.read(t)
			r, err := record.Parse(data)
			if ve, ok := errors.AsType[*record.VersionError](err); ok != g.refused {
				t.Fatalf("Parse: got %v, want a VersionError: %v", err, g.refused)
			} else if ok {
				if ve.Format != record.Format+1 && ve.Kind != 4 {
					t.Errorf("got %+v, want format %d or kind 4", ve, record.Format+1)
				}
				return
			}
			if err != nil {
				t.Fatalf("Parse: %v", err)
			}
			checkInvariants(t, r)
			if r.Len() != len(g.changes) {
				t.Errorf("got %d values, want %d", r.Len(), len(g.changes))
			}
			for _, c := range g.changes {
				if _, v, ok := r.Find(c.Name); !ok || !bytes.Equal(v, c.Value) {
					t.Errorf("Find(%q): got %q, %v, want %q", c.Name, v, ok, c.Value)
				}
			}
		})
	}
}

// Whatever happens to a record on its way, Parse refuses it or makes sense of it.
func TestDamagedRecordsAreRefusedOrWellFormed(t *testing.T) {
	check := func(t *testing.T, data []byte) {
		r, err := record.Parse(data)
		if err == nil {
			checkInvariants(t, r)
			return
		}
		if _, ok := errors.AsType[*record.VersionError](err); !ok && !errors.Is(err, record.ErrCorrupt) {
			t.Fatalf("Parse: got %v, want ErrCorrupt or a VersionError", err)
		}
	}
	for _, g := range goldens {
		t.Run(g.name, func(t *testing.T) {
			data := g.read(t)
			for i := range data {
				for _, flip := range []byte{0x01, 0x80, 0xFF} {
					damaged := bytes.Clone(data)
					damaged[i] ^= flip
					check(t, damaged)
				}
				if _, err := record.Parse(data[:i:i]); err == nil {
					t.Errorf("a record cut to %d of %d bytes is accepted", i, len(data))
				}
				check(t, append(bytes.Clone(data[:i]), data[i+1:]...))
			}
			if _, err := record.Parse(append(bytes.Clone(data), 0)); err == nil {
				t.Error("a record with one more byte is accepted")
			}
		})
	}
}
