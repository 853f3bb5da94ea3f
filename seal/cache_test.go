package seal_test

import (
	"encoding/base64"
	"encoding/binary"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/sojourn-go/session/seal"
)

func hourOf(now time.Time) uint32 { return uint32(now.Unix() / 3600) }

// forge returns the text with another hour, or the same, and a broken tag.
func forge(t testing.TB, text string, hour uint32) string {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	binary.BigEndian.PutUint32(raw[5:], hour)
	raw[len(raw)-1] ^= 1
	return base64.RawURLEncoding.EncodeToString(raw)
}

func TestCache_AForgedHourIsNotKept(t *testing.T) {
	s := newSealer(t, newKeys(t, annText, bobText), "session", "sid", 1000*time.Hour)
	text := string(s.Seal(nil, []byte("hello"), noon))
	want := seal.CachedHours(s)
	for back := range uint32(1200) {
		fails(t, s, forge(t, text, hourOf(noon)+10-back), noon)
	}
	if got := seal.CachedHours(s); !slices.Equal(got, want) || len(got) != 1 {
		t.Errorf("after 1200 forged hours the cache holds %v, want %v", got, want)
	}
}

// A derivation allocates, so a refusal without allocations derives nothing.
func TestCache_WhatCannotOpenIsRefusedBeforeAnyDerivation(t *testing.T) {
	s := daySealer(t, annText)
	text := string(s.Seal(nil, []byte("hello"), noon))
	retired := string(daySealer(t, bobText).Seal(nil, []byte("hello"), noon))
	dst := make([]byte, 0, 1000)
	derivation := testing.AllocsPerRun(100, func() { _, _ = s.Open(dst, forge(t, text, hourOf(noon)-1), noon) }) -
		testing.AllocsPerRun(100, func() { forge(t, text, 0) })
	if derivation < 1 {
		t.Fatalf("a forged hour in the window costs %v allocations: this test measures nothing", derivation)
	}
	for name, bad := range map[string]string{
		"hour before the longest lifetime": forge(t, text, hourOf(noon)-25),
		"hour ahead":                       forge(t, text, hourOf(noon)+1),
		"hour of the far future":           forge(t, text, 1<<32-1),
		"hour zero":                        forge(t, text, 0),
		"key that is not there":            retired,
		"other version":                    "B" + text[1:],
		"no base64 in the head":            "*" + text[1:],
		"no base64 in an unknown hour":     forge(t, text, hourOf(noon)-1)[:40] + "*" + text[41:],
		"stray bits in an unknown hour":    forge(t, text, hourOf(noon)-1) + "B",
		"broken tag in a known hour":       forge(t, text, hourOf(noon)),
		"empty":                            "",
		"short":                            text[:49],
	} {
		if n := testing.AllocsPerRun(100, func() { _, _ = s.Open(dst, bad, noon) }); n != 0 {
			t.Errorf("%s: %v allocations, want 0", name, n)
		}
		fails(t, s, bad, noon)
	}
}

func TestCache_HoldsTheNewest64Hours(t *testing.T) {
	keys := newKeys(t, annText)
	s := newSealer(t, keys, "session", "sid", 1000*time.Hour)
	elsewhere := newSealer(t, keys, "session", "sid", 1000*time.Hour)
	opens(t, s, string(s.Seal(nil, []byte("now"), noon)), "now", noon)
	var texts []string
	for back := range 200 {
		texts = append(texts, string(elsewhere.Seal(nil, []byte("hello"), noon.Add(-time.Duration(back)*time.Hour))))
	}
	for round, order := range [][]string{texts, reversed(texts), texts} {
		for _, text := range order {
			opens(t, s, text, "hello", noon)
			if n := len(seal.CachedHours(s)); n > seal.MaxCached {
				t.Fatalf("the cache holds %d hours", n)
			}
		}
		got := seal.CachedHours(s)
		for i := range seal.MaxCached {
			if len(got) != seal.MaxCached || got[i] != hourOf(noon)-uint32(i) {
				t.Fatalf("round %d: the cache holds %v, want the 64 hours up to %d", round, got, hourOf(noon))
			}
		}
	}
	if seal.MaxCached != 64 {
		t.Errorf("at most %d are cached, want 64", seal.MaxCached)
	}
}

func reversed(texts []string) []string {
	texts = slices.Clone(texts)
	slices.Reverse(texts)
	return texts
}

func TestCache_TheHourOfSealingStaysEvenWhenTheClockWentBack(t *testing.T) {
	s := newSealer(t, newKeys(t, annText), "session", "sid", 1000*time.Hour)
	for ahead := 100; ahead > 0; ahead-- {
		s.Seal(nil, nil, noon.Add(time.Duration(ahead)*time.Hour))
	}
	text := string(s.Seal(nil, nil, noon))
	for back := range 3 {
		earlier := noon.Add(-time.Duration(back) * time.Hour)
		opens(t, s, string(newSealer(t, newKeys(t, annText), "session", "sid", time.Hour).Seal(nil, nil, earlier)), "", noon)
	}
	dst := make([]byte, 0, 100)
	if n := testing.AllocsPerRun(100, func() { _, _ = s.Open(dst, text, noon) }); n != 0 {
		t.Errorf("%v allocations to open what was sealed in the current hour, want 0", n)
	}
	if n := testing.AllocsPerRun(100, func() { s.Seal(dst, nil, noon) }); n != 0 {
		t.Errorf("%v allocations to seal in the current hour, want 0", n)
	}
	if n := len(seal.CachedHours(s)); n > seal.MaxCached {
		t.Errorf("the cache holds %d hours", n)
	}
}

func TestCache_ManyGoroutinesManyHours(t *testing.T) {
	keys := newKeys(t, annText, bobText)
	s, old := newSealer(t, keys, "session", "sid", 1000*time.Hour), newSealer(t, newKeys(t, bobText), "session", "sid", 1000*time.Hour)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 300 {
				now := noon.Add(time.Duration((i*7+g)%90) * time.Hour)
				opens(t, s, string(s.Seal(nil, []byte("new"), now)), "new", now)
				text := string(old.Seal(nil, []byte("old"), now))
				opens(t, s, text, "old", now)
				fails(t, s, forge(t, text, hourOf(now)-uint32(i)), now)
			}
		})
	}
	wg.Wait()
	if n := len(seal.CachedHours(s)); n > seal.MaxCached {
		t.Errorf("the cache holds %d hours", n)
	}
}

// P7: no allocation in the codec.
func TestAlloc_SealAndOpenAllocateNothing(t *testing.T) {
	s := daySealer(t, annText, bobText)
	older := string(daySealer(t, bobText).Seal(nil, make([]byte, 200), noon.Add(-3*time.Hour)))
	for _, size := range []int{0, 1, 100, 200, 1024, 3072} {
		plain := make([]byte, size)
		text := string(s.Seal(nil, plain, noon))
		sealed, opened := make([]byte, 0, seal.Size(size)), make([]byte, 0, len(text)*3/4)
		if n := testing.AllocsPerRun(100, func() { s.Seal(sealed, plain, noon) }); n != 0 {
			t.Errorf("Seal of %d bytes: %v allocations, want 0", size, n)
		}
		if n := testing.AllocsPerRun(100, func() { _, _ = s.Open(opened, text, noon) }); n != 0 {
			t.Errorf("Open of %d bytes: %v allocations, want 0", size, n)
		}
	}
	dst := make([]byte, 0, len(older))
	if n := testing.AllocsPerRun(100, func() { _, _ = s.Open(dst, older, noon) }); n != 0 {
		t.Errorf("Open of an older text: %v allocations, want 0", n)
	}
}
