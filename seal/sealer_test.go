package seal_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session/seal"
)

func TestSealer_WhatItSealsItOpens(t *testing.T) {
	s := daySealer(t, annText)
	for n := range 300 {
		plain := strings.Repeat("x", n)
		opens(t, s, string(s.Seal(nil, []byte(plain), noon)), plain, noon)
	}
}

func TestSealer_BothMethodsAppend(t *testing.T) {
	s := daySealer(t, annText)
	for _, spare := range []int{0, 5, 50, 500} {
		text := s.Seal(append(make([]byte, 0, 7+spare), "session"...), []byte("hello"), noon)
		if !bytes.HasPrefix(text, []byte("session")) {
			t.Fatalf("Seal wrote over what was there: %q", text)
		}
		plain, err := s.Open(append(make([]byte, 0, 3+spare), "oh "...), string(text[7:]), noon)
		if err != nil || string(plain) != "oh hello" {
			t.Errorf("Open = %q, %v; want \"oh hello\"", plain, err)
		}
	}
}

func TestSealer_EqualPlaintextsHaveUnequalTexts(t *testing.T) {
	s, seen := daySealer(t, annText), map[string]bool{}
	for range 10_000 {
		text := string(s.Seal(nil, []byte("hello"), noon))
		if nonce := text[12:28]; seen[nonce] {
			t.Fatalf("the nonce %s twice", nonce)
		}
		seen[text[12:28]] = true
	}
}

func TestSealer_EveryBitOfEveryCharacterCounts(t *testing.T) {
	for n := range 4 { // all lengths modulo 3
		s := daySealer(t, annText, bobText)
		text := s.Seal(nil, []byte("hello"[:n]), noon)
		for i := range text {
			for bit := range 8 {
				text[i] ^= 1 << bit
				fails(t, s, string(text), noon)
				text[i] ^= 1 << bit
			}
		}
		opens(t, s, string(text), "hello"[:n], noon)
	}
}

func TestSealer_EveryOtherCharacterFails(t *testing.T) {
	s := daySealer(t, annText)
	text := s.Seal(nil, []byte("hello"), noon)
	for i, right := range text {
		for c := range 256 {
			if text[i] = byte(c); byte(c) != right {
				fails(t, s, string(text), noon)
			}
		}
		text[i] = right
	}
}

func TestSealer_EveryOtherLengthFails(t *testing.T) {
	s := daySealer(t, annText)
	text := string(s.Seal(nil, []byte("hello, world"), noon))
	for i := range text {
		fails(t, s, text[:i], noon)
		fails(t, s, text[i+1:], noon)
		fails(t, s, text[:i]+text[i+1:], noon)
		for _, more := range []string{"A", "AAAA", "=", "\n", "\r\n", " "} {
			fails(t, s, text[:i]+more+text[i:], noon)
			fails(t, s, text+more+text[:i], noon)
		}
	}
	fails(t, s, text+text, noon)
}

func TestSealer_PartsOfTwoTextsMakeNone(t *testing.T) {
	s := daySealer(t, annText)
	a := string(s.Seal(nil, []byte("hello, world"), noon))
	b := string(s.Seal(nil, []byte("goodbye, ann"), noon))
	c := string(s.Seal(nil, []byte("hello, world"), noon.Add(-time.Hour)))
	for i := 1; i < len(a); i++ {
		for _, text := range []string{a[:i] + b[i:], b[:i] + a[i:], a[:i] + c[i:], c[:i] + a[i:]} {
			if text != a && text != b && text != c {
				fails(t, s, text, noon)
			}
		}
	}
}

func TestSealer_OtherPurposesAndNamesOpenNothing(t *testing.T) {
	bindings := [][2]string{
		{"session", "sid"}, {"session", "sie"}, {"session", "si"}, {"sessions", "id"}, {"sessio", "nsid"}, {"cookie", "sid"},
		{"sid", "session"}, {"session\x03", "sid"}, {"session", "\x03sid"}, {"Session", "sid"}, {"session", "sid\x00"},
		{strings.Repeat("p", 255), "n"}, {"p", strings.Repeat("p", 254) + "n"},
	}
	for _, from := range bindings {
		text := string(newSealer(t, newKeys(t, annText), from[0], from[1], time.Hour).Seal(nil, []byte("hello"), noon))
		for _, to := range bindings {
			s := newSealer(t, newKeys(t, annText), to[0], to[1], time.Hour)
			if from == to {
				opens(t, s, text, "hello", noon)
			} else {
				fails(t, s, text, noon)
			}
		}
	}
}

func TestSealer_ATextThatIsTooLongIsRefusedBeforeItCosts(t *testing.T) {
	s := daySealer(t, annText)
	longest := 0
	for seal.Size(longest+1) <= seal.MaxText {
		longest++
	}
	opens(t, s, string(s.Seal(nil, make([]byte, longest), noon)), string(make([]byte, longest)), noon)
	text := string(s.Seal(nil, make([]byte, longest+1), noon))
	fails(t, s, text, noon)
	if n := testing.AllocsPerRun(100, func() { _, _ = s.Open(nil, text, noon) }); n != 0 {
		t.Errorf("%v allocations for a text that is too long", n)
	}
}

func TestSealer_MustBeBoundToSomething(t *testing.T) {
	long := strings.Repeat("x", 256)
	for _, c := range []struct {
		keys          seal.Keys
		purpose, name string
		longest       time.Duration
		want          string
	}{
		{seal.Keys{}, "p", "n", time.Hour, "seal: there is no key in the zero Keys: NewKeys makes them"},
		{newKeys(t, annText), "", "n", time.Hour, "seal: a purpose has 1 to 255 bytes, this one has 0"},
		{newKeys(t, annText), long, "n", time.Hour, "seal: a purpose has 1 to 255 bytes, this one has 256"},
		{newKeys(t, annText), "p", "", time.Hour, "seal: a name has 1 to 255 bytes, this one has 0"},
		{newKeys(t, annText), "p", long, time.Hour, "seal: a name has 1 to 255 bytes, this one has 256"},
		{newKeys(t, annText), "p", "n", 0, "seal: the longest lifetime is 0s: nothing would ever open"},
		{newKeys(t, annText), "p", "n", -1, "seal: the longest lifetime is -1ns: nothing would ever open"},
	} {
		if s, err := c.keys.Sealer(c.purpose, c.name, c.longest); s != nil || err == nil || err.Error() != c.want {
			t.Errorf("Sealer = %v, %v; want the error %s", s, err, c.want)
		}
	}
	_, err := seal.Keys{}.Sealer("", "", 0)
	if err == nil || strings.Count(err.Error(), "\n") != 3 {
		t.Errorf("got %v, want all four faults", err)
	}
}

func TestHours_ATextOpensForItsLifetimeAndNoMoreThanAnHourLonger(t *testing.T) {
	for _, longest := range []time.Duration{time.Nanosecond, time.Minute, time.Hour, 90 * time.Minute, 24 * time.Hour, 400 * 24 * time.Hour} {
		for _, at := range []time.Duration{0, time.Nanosecond, 29 * time.Minute, time.Hour - 1} {
			s := newSealer(t, newKeys(t, annText), "session", "sid", longest)
			text := string(s.Seal(nil, []byte("hello"), noon.Add(at)))
			opens(t, s, text, "hello", noon.Add(at+longest))
			opens(t, s, text, "hello", noon.Add(longest+time.Hour-1)) // the hour's last instant, and the lifetime
			fails(t, s, text, noon.Add(longest+time.Hour))
			fails(t, s, text, noon.Add(longest+1000*time.Hour))
		}
	}
}

func TestHours_AClockMayBeFiveMinutesAhead(t *testing.T) {
	for _, opener := range []*seal.Sealer{daySealer(t, annText), nil} {
		s := daySealer(t, annText)
		text := string(s.Seal(nil, []byte("hello"), noon))
		if opener == nil {
			opener = s // which has the derived key already
		}
		fails(t, opener, text, noon.Add(-5*time.Minute-1))
		opens(t, opener, text, "hello", noon.Add(-5*time.Minute))
		fails(t, opener, text, noon.Add(-5*time.Minute-1)) // cached or not
		fails(t, opener, text, noon.Add(-24*time.Hour))
	}
}

func TestHours_NeverIsALifetimeToo(t *testing.T) {
	s := newSealer(t, newKeys(t, annText), "session", "sid", 1<<63-1)
	opens(t, s, string(s.Seal(nil, []byte("hello"), noon)), "hello", noon.AddDate(200, 0, 0))
}

func TestHours_AClockOutOfReachSealsAndOpens(t *testing.T) {
	for _, now := range []time.Time{{}, time.Unix(-1, 0), time.Unix(0, 0), time.Unix(1<<40, 0), time.Unix(1<<50, 0)} {
		s := daySealer(t, annText)
		opens(t, s, string(s.Seal(nil, []byte("hello"), now)), "hello", now)
	}
}

func TestHours_TimePasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSealer(t, newKeys(t, annText), "session", "sid", 8*time.Hour)
		first := string(s.Seal(nil, []byte("first"), time.Now()))
		for hour := range 8 {
			opens(t, s, first, "first", time.Now())
			text := fmt.Sprint("of hour ", hour)
			opens(t, s, string(s.Seal(nil, []byte(text), time.Now())), text, time.Now())
			time.Sleep(time.Hour)
		}
		opens(t, s, first, "first", time.Now())
		time.Sleep(time.Hour)
		fails(t, s, first, time.Now())
	})
}
