package record_test

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/sojourn-go/session/internal/record"
)

func FuzzParse(f *testing.F) {
	for _, g := range goldens {
		f.Add(g.bytes())
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		before := bytes.Clone(data)
		r, err := record.Parse(data)
		if err != nil {
			return
		}
		checkInvariants(t, r)
		if !bytes.Equal(data, before) {
			t.Fatal("reading has changed the data")
		}
	})
}

// FuzzBuild reads data as a header and a story of changes, and holds every record against a map.
func FuzzBuild(f *testing.F) {
	f.Add([]byte("a header of some bytes, and then changes"), uint64(1))
	f.Add(bytes.Repeat([]byte{1, 2, 3, 5, 8, 13, 21}, 40), uint64(2))
	f.Add(bytes.Repeat([]byte{0}, 300), uint64(3))
	f.Fuzz(func(t *testing.T, data []byte, seed uint64) {
		in := &input{data}
		rnd := rand.New(rand.NewPCG(seed, 0))
		var base record.Record
		model := map[string]string{}
		for range 6 {
			h := in.header()
			clear, changes := in.byte()&7 == 7, in.changes()
			if clear {
				model = map[string]string{}
			}
			apply(model, changes)
			base = parse(t, record.Build(base, h, clear, changes))
			got := base.Header()
			if want := build(t, h, nil); !record.Same(build(t, got, nil), want) || got.Seen != h.Seen || got.Writes != h.Writes {
				t.Fatalf("the header does not come back: got %+v, want %+v", got, h)
			}
			compare(t, base, model)
			checkInvariants(t, base)

			fresh := make([]record.Change, 0, len(model))
			for name, value := range model {
				fresh = append(fresh, record.Change{Name: name, Value: []byte(value)})
			}
			rnd.Shuffle(len(fresh), func(i, j int) { fresh[i], fresh[j] = fresh[j], fresh[i] })
			if again := record.Build(record.Record{}, h, false, fresh); !bytes.Equal(again, base.Bytes()) {
				t.Fatalf("the bytes depend on how the values came there: got\n%swant\n%s", dump(base.Bytes()), dump(again))
			}
		}
	})
}

// FuzzPatch reads data as a record, with extensions if it is to have some, and changes of it.
func FuzzPatch(f *testing.F) {
	f.Add([]byte("a header of some bytes, and then changes"), int64(1), uint64(1), "")
	f.Add(bytes.Repeat([]byte{1, 2, 3, 5, 8, 13, 21}, 40), int64(-1), uint64(2), "kept")
	f.Add(bytes.Repeat([]byte{0}, 300), int64(0), uint64(3), "")
	f.Fuzz(func(t *testing.T, data []byte, seen int64, stamp uint64, ext string) {
		in := &input{data}
		h := in.header()
		base := build(t, h, in.changes())
		if ext != "" && len(ext) < 200 && len(h.Replaced()) == 0 {
			base = parse(t, extend(bytes.Clone(base.Bytes()), ext[0]&^7, 9, ext))
		}
		for range 6 {
			checkPatch(t, base, seen, stamp, in.changes())
			if base.Len() > 0 {
				name := string(base.NameAt(int(in.byte()) % base.Len()))
				changes := []record.Change{{Name: name, Value: in.bytes(int(in.byte() & 31))}}
				checkPatch(t, base, seen, stamp, changes)
				base, _ = record.Patch(base, seen, stamp, changes)
			}
		}
	})
}

func apply(model map[string]string, changes []record.Change) {
	for _, c := range changes {
		if c.Delete {
			delete(model, c.Name)
		} else {
			model[c.Name] = string(c.Value)
		}
	}
}

func compare(t *testing.T, r record.Record, model map[string]string) {
	t.Helper()
	got := map[string]string{}
	for name, value := range r.All() {
		got[name] = string(value)
	}
	if !maps.Equal(got, model) {
		t.Fatalf("got %q, want %q", got, model)
	}
}

// input gives out the bytes of a fuzzer's data, and zeros when they are used up.
type input struct{ data []byte }

func (in *input) byte() byte {
	if len(in.data) == 0 {
		return 0
	}
	b := in.data[0]
	in.data = in.data[1:]
	return b
}

func (in *input) bytes(n int) []byte {
	n = min(n, len(in.data))
	b := in.data[:n]
	in.data = in.data[n:]
	return slices.Clone(b)
}

// number is small, or of any size and sign.
func (in *input) number() int64 {
	b := in.byte()
	n := int64(int8(b))
	for range b & 7 {
		n = n<<8 | int64(in.byte())
	}
	return n
}

func (in *input) header() record.Header {
	flags := in.byte()
	h := record.Header{
		Kind: record.Kind(flags%3) + 1, Persistent: flags&8 != 0, Level: in.byte(), Created: in.number(), Authenticated: in.number(),
		Seen: in.number(), End: in.number(), Idle: in.number(), Lifetime: in.number(),
		Generation: uint64(in.number()), Writes: uint64(in.number()),
	}
	for range in.byte() & 7 {
		h.Stamp(uint64(in.number()))
		h.Replace([32]byte(append(in.bytes(2), make([]byte, 32)...)), in.number(), in.number())
	}
	return h
}

func (in *input) changes() []record.Change {
	var changes []record.Change
	for range in.byte() & 63 {
		b := in.byte()
		name := append(in.bytes(int(b>>4)), 'a'+b&15)
		if b == 255 {
			name = bytes.Repeat(name, 17)
		}
		changes = append(changes, record.Change{Name: string(name), Value: in.bytes(int(in.byte() & 31)), Delete: b&3 == 3})
	}
	return changes
}
