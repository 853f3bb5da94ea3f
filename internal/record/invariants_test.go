package record_test

import (
	"bytes"
	"testing"

	"github.com/sojourn-go/session/internal/record"
)

// checkInvariants checks what is true of every record that Parse accepts.
func checkInvariants(tb testing.TB, r record.Record) {
	tb.Helper()
	h := r.Header()
	if got := record.Build(r, h, false, nil); !bytes.Equal(got, r.Bytes()) {
		tb.Fatalf("not canonical: got\n%swant\n%s", dump(got), dump(r.Bytes()))
	}
	checkHeader(tb, r, h)
	last, n := "", 0
	for name, value := range r.All() {
		if name <= last {
			tb.Fatalf("All: %q comes after %q", name, last)
		}
		i, found, ok := r.Find(name)
		if !ok || !bytes.Equal(found, value) {
			tb.Fatalf("Find(%q): got %q, %v, want %q", name, found, ok, value)
		}
		if at, v := r.At(i); string(at) != name || !bytes.Equal(v, value) {
			tb.Fatalf("At(%d): got %q, %q, want %q, %q", i, at, v, name, value)
		}
		if !bytes.Equal(r.NameAt(i), []byte(name)) || !bytes.Equal(r.ValueAt(i), value) {
			tb.Fatalf("NameAt and ValueAt(%d) differ from At", i)
		}
		last, n = name, n+1
	}
	if n != r.Len() {
		tb.Fatalf("All yields %d of %d values", n, r.Len())
	}
	for _, name := range []string{"", "no such name", last + "x"} {
		if _, v, ok := r.Find(name); ok || v != nil {
			tb.Fatalf("Find(%q): got %q, want none", name, v)
		}
	}
	checkTouch(tb, r)
}

func checkHeader(tb testing.TB, r record.Record, h record.Header) {
	tb.Helper()
	if r.Kind() != h.Kind || r.Persistent() != h.Persistent || r.Level() != h.Level || r.Created() != h.Created ||
		r.Authenticated() != h.Authenticated || r.Seen() != h.Seen || r.End() != h.End || r.Idle() != h.Idle ||
		r.Lifetime() != h.Lifetime || r.Generation() != h.Generation || r.Writes() != h.Writes {
		tb.Fatalf("the accessors do not agree with the header %+v", h)
	}
	if got, want := r.SecretIs(&h.Secret), h.Secret != [32]byte{}; got != want {
		tb.Fatalf("SecretIs(its own secret): got %v, want %v", got, want)
	}
	other := h.Secret
	other[31] ^= 1
	if r.SecretIs(&other) {
		tb.Fatal("SecretIs recognises another secret")
	}
	for _, old := range h.Replaced() {
		if got, want := h.WasSecret(old.Hash, old.Until-1), old.Until-1 < old.Until; got != want {
			tb.Fatalf("WasSecret before %d: got %v", old.Until, got)
		}
	}
}

func checkTouch(tb testing.TB, r record.Record) {
	tb.Helper()
	touched, err := record.Parse(record.Touch(r, 1, 42))
	if err != nil {
		tb.Fatalf("a touched record: %v", err)
	}
	h := r.Header()
	h.Seen = max(h.Seen, 1)
	h.Stamp(42)
	if want := record.Build(r, h, false, nil); !bytes.Equal(touched.Bytes(), want) {
		tb.Fatalf("Touch: got\n%swant\n%s", dump(touched.Bytes()), dump(want))
	}
	if !record.Same(r, touched) || !record.Same(touched, r) {
		tb.Fatal("a touched record is not the same")
	}
}
