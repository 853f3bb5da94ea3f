package record_test

import (
	"fmt"
	"testing"

	"github.com/sojourn-go/session/internal/record"
)

// values returns n values as an application keeps them: names of 6 to 12 bytes, 2 KB for 30 values.
func values(n int) []record.Change {
	names := []string{"user_id", "visits", "cart", "locale", "last_seen", "flash", "csrf_token", "theme", "return_to", "roles"}
	changes := make([]record.Change, n)
	for i := range changes {
		name := names[i%len(names)]
		if i >= len(names) {
			name = fmt.Sprint(name, "_", i)
		}
		changes[i] = record.Change{Name: name, Value: fmt.Appendf(nil, `{"value":%d,"text":"%0*d"}`, i, 10+i%10*6, i)}
	}
	return changes
}

// session is the header of a session that has been used for a while.
func session() record.Header {
	h := record.Header{Kind: record.Session, Created: 1e12, Seen: 1e12 + 5, End: 1e12 + 864e5, Idle: 18e5, Lifetime: 864e5, Generation: 3}
	h.Secret[0] = 7
	for s := range uint64(4) {
		h.Stamp(s + 1)
	}
	return h
}

func build(tb testing.TB, h record.Header, changes []record.Change) record.Record {
	tb.Helper()
	return parse(tb, record.Build(record.Record{}, h, false, changes))
}

func parse(tb testing.TB, data []byte) record.Record {
	tb.Helper()
	r, err := record.Parse(data)
	if err != nil {
		tb.Fatalf("Parse: %v", err)
	}
	return r
}

var sizes = []int{3, 30, 1000, 20000}

func BenchmarkParse(b *testing.B) {
	for _, n := range sizes {
		data := build(b, session(), values(n)).Bytes()
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := record.Parse(data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkFind looks for one name after the other, so that no branch predictor learns where one stands.
func BenchmarkFind(b *testing.B) {
	for _, n := range sizes {
		changes := values(n)
		r := build(b, session(), changes)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if _, _, ok := r.Find(changes[i].Name); !ok {
					b.Fatal("a value is not found")
				}
				if i += 7; i >= n {
					i %= n
				}
			}
		})
		b.Run(fmt.Sprint(n, "/same"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r.Find("visits")
			}
		})
		b.Run(fmt.Sprint(n, "/none"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r.Find("nowhere")
			}
		})
	}
}

func BenchmarkBuild(b *testing.B) {
	for _, n := range sizes {
		base := build(b, session(), values(n))
		for _, c := range []struct {
			name   string
			change record.Change
		}{
			{"set", record.Change{Name: "visits", Value: []byte("12345")}},
			{"add", record.Change{Name: "nowhere", Value: []byte("12345")}},
			{"delete", record.Change{Name: "visits", Delete: true}},
		} {
			b.Run(fmt.Sprint(n, "/", c.name), func(b *testing.B) {
				b.ReportAllocs()
				changes := []record.Change{c.change}
				for b.Loop() {
					h := base.Header()
					h.Stamp(9)
					record.Build(base, h, false, changes)
				}
			})
		}
		b.Run(fmt.Sprint(n, "/all"), func(b *testing.B) {
			b.ReportAllocs()
			changes := values(n)
			for b.Loop() {
				record.Build(record.Record{}, session(), false, changes)
			}
		})
	}
}

// BenchmarkPatch is a commit as most are: one value of another length, and a header that nobody else has changed.
func BenchmarkPatch(b *testing.B) {
	for _, n := range sizes {
		base := build(b, session(), values(n))
		changes := []record.Change{{Name: "visits", Value: []byte("12345")}}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				record.Patch(base, 2e12, 9, changes)
			}
		})
		b.Run(fmt.Sprint(n, "/next"), func(b *testing.B) {
			b.ReportAllocs()
			h := base.Header()
			h.Seen++
			for b.Loop() {
				record.Next(base, &h, 9, false, changes)
			}
		})
	}
}

func BenchmarkHeader(b *testing.B) {
	r := build(b, session(), values(3))
	b.Run("all", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			h := r.Header()
			_ = h.Seen
		}
	})
	b.Run("deadlines", func(b *testing.B) {
		b.ReportAllocs()
		var sum int64
		for b.Loop() {
			sum += r.Seen() + r.Idle() + r.End()
		}
	})
	b.Run("secret", func(b *testing.B) {
		b.ReportAllocs()
		hash := [32]byte{7}
		for b.Loop() {
			if !r.SecretIs(&hash) {
				b.Fatal("the secret is not recognised")
			}
		}
	})
}

func BenchmarkTouch(b *testing.B) {
	for _, n := range sizes[:2] {
		base := build(b, session(), values(n))
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				record.Touch(base, 2e12, 5)
			}
		})
	}
}

func BenchmarkSame(b *testing.B) {
	base := build(b, session(), values(30))
	touched := parse(b, record.Touch(base, 2e12, 5))
	b.ReportAllocs()
	for b.Loop() {
		if !record.Same(base, touched) {
			b.Fatal("a touch made a difference")
		}
	}
}
