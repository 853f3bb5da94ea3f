package record_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/sojourn-go/session/internal/record"
)

func TestTheZeroRecordIsASessionWithoutValues(t *testing.T) {
	var r record.Record
	if r.Kind() != record.Session || r.Len() != 0 || r.Bytes() != nil || r.Seen() != 0 || r.SecretIs(&[32]byte{}) {
		t.Errorf("got %v with %d values", r.Kind(), r.Len())
	}
	if _, _, ok := r.Find("x"); ok {
		t.Error("it holds a value")
	}
	h := r.Header()
	if !record.Same(r, build(t, h, nil)) || !record.Same(build(t, record.Header{}, nil), r) {
		t.Error("it is not the same as a session without values")
	}
	touched := parse(t, record.Touch(r, 5, 6))
	if th := touched.Header(); touched.Seen() != 5 || !th.Stamped(6) || !record.Same(r, touched) {
		t.Error("it cannot be touched")
	}
	for range r.All() {
		t.Error("All yields a value")
	}
}

func TestAllMayBeLeftEarly(t *testing.T) {
	n := 0
	for range build(t, session(), values(3)).All() {
		if n++; n == 2 {
			break
		}
	}
	if n != 2 {
		t.Errorf("got %d values, want 2", n)
	}
}

func TestAPlaceOutOfRangePanics(t *testing.T) {
	r := build(t, session(), values(3))
	for _, i := range []int{-1, 3} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("At(%d) returns", i)
				}
			}()
			r.At(i)
		}()
	}
}

// Names of one tag can be made, here by a factor of zero in the hash. They must not make every look-up a search through all of them.

func TestNamesMadeToShareATagAreFound(t *testing.T) {
	changes := values(50)
	for i := range 300 {
		name := fmt.Sprintf("\x15\x7c\x4a\x7f\xb9\x79\x37\x9e%d", i*7919)
		changes = append(changes, record.Change{Name: name, Value: []byte(name)})
		data := record.Build(record.Record{}, record.Header{}, false, changes[len(changes)-1:])
		if tag := [2]byte(data[78:]); tag != [2]byte{} {
			t.Fatalf("the tag of %q: got %x, want 0", name, tag)
		}
	}
	r := build(t, session(), changes)
	checkInvariants(t, r)
	for i := range changes {
		without := parse(t, record.Build(r, r.Header(), false, []record.Change{{Name: changes[i].Name, Delete: true}}))
		if _, _, ok := without.Find(changes[i].Name); ok {
			t.Errorf("%q is found after it was deleted", changes[i].Name)
		}
		if again := record.Build(without, r.Header(), false, changes[i:i+1]); !bytes.Equal(again, r.Bytes()) {
			t.Errorf("%q comes back to another place", changes[i].Name)
		}
	}
}

func TestNamesOfEveryLengthAreFound(t *testing.T) {
	var changes []record.Change
	for n := 1; n <= 70; n++ {
		changes = append(changes, record.Change{Name: strings.Repeat("a", n)}, record.Change{Name: strings.Repeat("a", n-1) + "b"})
	}
	changes = append(changes, record.Change{Name: strings.Repeat("a", 65535), Value: []byte("v")})
	checkInvariants(t, build(t, session(), changes))
}

func TestAppendingToAValueDoesNotReachTheNextOne(t *testing.T) {
	r := build(t, session(), values(3))
	before := bytes.Clone(r.Bytes())
	for i := range r.Len() {
		name, value := r.At(i)
		_, found, _ := r.Find(string(name))
		_, _, _ = append(name, "overwritten"...), append(value, "overwritten"...), append(found, "overwritten"...)
	}
	if !bytes.Equal(r.Bytes(), before) {
		t.Error("the record has changed")
	}
}

func TestReadingAllocatesNothingAndWritingOnce(t *testing.T) {
	for _, n := range []int{3, 30} {
		base := build(t, session(), values(n))
		change := []record.Change{{Name: "visits", Value: []byte("1234567")}}
		for name, c := range map[string]struct {
			want float64
			f    func()
		}{
			"parse":  {0, func() { record.Parse(base.Bytes()) }},
			"find":   {0, func() { base.Find("visits") }},
			"header": {0, func() { h := base.Header(); h.Stamp(1); h.WasSecret(h.Secret, 0) }},
			"build":  {1, func() { record.Build(base, base.Header(), false, change) }},
			"patch":  {1, func() { record.Patch(base, 1, 1, change) }},
			"next":   {1, func() { h := base.Header(); record.Next(base, &h, 1, false, change) }},
			"touch":  {1, func() { record.Touch(base, 1, 1) }},
		} {
			if got := testing.AllocsPerRun(100, c.f); got > c.want {
				t.Errorf("%s of %d values: got %v allocations, want %v", name, n, got, c.want)
			}
		}
	}
}
