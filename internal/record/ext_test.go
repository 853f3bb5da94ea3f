package record_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/sojourn-go/session/internal/record"
)

func TestExtensionsAreWhatWasPutLast(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var h record.Header
		want := map[byte][]byte{}
		base := record.Record{}
		for range r.IntN(20) {
			tag, data := byte(1+r.IntN(4)), bytes.Repeat([]byte{byte(r.Uint32())}, r.IntN(3)*r.IntN(200))
			h.Extend(tag, data)
			want[tag] = data
			if r.IntN(3) == 0 {
				base = record.BuildRecord(base, &h, false, nil)
				h = base.Header()
			}
		}
		got := build(t, h, nil).Header()
		for tag := range byte(5) {
			if !bytes.Equal(got.Extension(tag), want[tag]) {
				t.Fatalf("tag %d: got %q, want %q", tag, got.Extension(tag), want[tag])
			}
		}
	}
}

func TestThoseOfALaterProgramStay(t *testing.T) {
	newer := parse(t, extend(build(t, record.Header{Seen: 1}, values(2)).Bytes(), 0x40, 2, "two", 9, "nine"))
	h := newer.Header()
	h.Extend(record.ExtClient, []byte("first"))
	h.Extend(2, nil)
	next := record.BuildRecord(newer, &h, false, nil)
	got := parse(t, next.Bytes()).Header()
	if string(got.Extension(9)) != "nine" || string(got.Extension(1)) != "first" || got.Extension(2) != nil {
		t.Errorf("got %q, %q, %q", got.Extension(1), got.Extension(2), got.Extension(9))
	}
}

func TestTheLastExtensionCanBeRemoved(t *testing.T) {
	h := record.Header{Seen: 1}
	h.Extend(1, []byte("text"))
	with := build(t, h, values(3))
	h = with.Header()
	h.Extend(1, nil)
	next, _ := record.Next(with, &h, 1, false, nil)
	for name, r := range map[string]record.Record{
		"Build": record.BuildRecord(with, &h, false, nil),
		"Next":  next,
	} {
		got := parse(t, r.Bytes()).Header()
		if got.Extension(1) != nil {
			t.Errorf("%s: it is still there", name)
		}
		if record.Same(r, with) {
			t.Errorf("%s: Same sees no difference", name)
		}
	}
}

func TestAnExtensionChangesWithNext(t *testing.T) {
	h := record.Header{Seen: 1}
	h.Extend(1, []byte("text"))
	base := build(t, h, values(3))
	h = base.Header()
	h.Extend(1, []byte("tent"))
	next, changed := record.Next(base, &h, 7, false, nil)
	got := next.Header()
	if !changed || string(got.Extension(1)) != "tent" {
		t.Errorf("got %q, changed %v", got.Extension(1), changed)
	}
}

func TestAHeaderTakesTheExtensionsOfAnother(t *testing.T) {
	var with, without record.Header
	with.Extend(3, []byte("x"))
	a, b := build(t, with, nil).Header(), build(t, without, nil)
	h := b.Header()
	h.CopyExtensions(&a)
	if string(h.Extension(3)) != "x" {
		t.Error("not taken")
	}
	r := build(t, with, nil)
	h = r.Header()
	h.CopyExtensions(&without)
	got := record.BuildRecord(r, &h, false, nil)
	if head := got.Header(); head.Extension(3) != nil {
		t.Error("those of before are still there")
	}
}

func TestExtensionsHaveNoRoomForMoreThan64KiB(t *testing.T) {
	var h record.Header
	h.Extend(1, make([]byte, 40<<10))
	h.Extend(2, make([]byte, 40<<10))
	h.Extend(3, make([]byte, 20<<10))
	got := build(t, h, nil).Header()
	if len(got.Extension(1)) != 40<<10 || got.Extension(2) != nil || len(got.Extension(3)) != 20<<10 {
		t.Error("want the first and the third")
	}
}
