package alone_test

import (
	"testing"

	"github.com/sojourn-go/session/bench/alone"
	"github.com/sojourn-go/session/bench/measure"
)

func cases(t testing.TB) []measure.Case {
	t.Helper()
	sealing, err := alone.Sealing()
	if err != nil {
		t.Fatal(err)
	}
	records, err := alone.Records()
	if err != nil {
		t.Fatal(err)
	}
	return append(sealing, records...)
}

func TestEveryPartDoesItsWorkWithoutAnError(t *testing.T) {
	for _, c := range cases(t) {
		do, err := c.Start()
		if err == nil {
			err = do()
		}
		if err != nil {
			t.Errorf("%s %s: %v", c.Group, c.Name, err)
		}
	}
}

func TestATextIsAsLongAsItsContentsDemand(t *testing.T) {
	got, err := alone.Lengths()
	if err != nil {
		t.Fatal(err)
	}
	if got.Own < 200*4/3 || got.Own >= got.SecureRaw || got.SecureRaw < 400 {
		t.Errorf("got %+v", got)
	}
}

// BenchmarkAlone is for a look by hand.
func BenchmarkAlone(b *testing.B) {
	for _, c := range cases(b) {
		b.Run(c.Group+"/"+c.Name, func(b *testing.B) {
			do, err := c.Start()
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if err := do(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
