package cookie_test

import (
	"encoding/base64"
	"encoding/binary"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session/cookie"
	"github.com/sojourn-go/session/seal"
)

func TestATextWithAnyByteChangedIsNone(t *testing.T) {
	s := newSealed[cart](t, newKeys(t), "c", anHour)
	text := strings.TrimPrefix(sealedPair(t, s, someCart), "c=")
	for i := range text {
		for _, mask := range []byte{1, 2, 0x20, 0x80} {
			changed := []byte(text)
			changed[i] ^= mask
			isNone(t, s, "c="+string(changed))
		}
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	for i := range raw {
		for bit := range 8 {
			raw[i] ^= 1 << bit
			isNone(t, s, "c="+base64.RawURLEncoding.EncodeToString(raw))
			raw[i] ^= 1 << bit
		}
	}
	opens(t, s, someCart, "c="+text)
}

func TestATextCutOrLengthenedIsNone(t *testing.T) {
	s := newSealed[cart](t, newKeys(t), "c", anHour)
	text := strings.TrimPrefix(sealedPair(t, s, someCart), "c=")
	for i := range text {
		isNone(t, s, "c="+text[:i])
		isNone(t, s, "c="+text[i+1:])
	}
	for _, other := range []string{
		text + "A", text + "=", text + "AAAA", text + text, "A" + text, `"` + text + `"`, "%" + text, " " + text, text + " x",
		text + strings.Repeat("A", 8192), strings.Repeat("A", 1<<20), "", "null", "{}",
	} {
		isNone(t, s, "c="+other)
	}
}

func TestATextOpensForItsNamePurposeAndKeyOnly(t *testing.T) {
	key := seal.NewKey()
	keys := newKeys(t, key)
	text := strings.TrimPrefix(sealedPair(t, newSealed[string](t, keys, "visitor", anHour), "x"), "visitor=")
	for story, s := range map[string]*cookie.Sealed[string]{
		"another name":            newSealed[string](t, keys, "admin", anHour),
		"a name in capitals":      newSealed[string](t, keys, "Visitor", anHour),
		"another purpose":         newSealed[string](t, keys, "visitor", cookie.SealedOptions{Purpose: "cart 2", Lifetime: time.Hour}),
		"a longer purpose":        newSealed[string](t, keys, "isitor", cookie.SealedOptions{Purpose: "cartv", Lifetime: time.Hour}),
		"another key":             newSealed[string](t, newKeys(t), "visitor", anHour),
		"its key is retired":      newSealed[string](t, newKeys(t, seal.NewKey(), seal.NewKey()), "visitor", anHour),
		"its own, as the control": newSealed[string](t, keys, "visitor", anHour),
	} {
		t.Run(story, func(t *testing.T) {
			cookies := []string{"visitor=" + text, "admin=" + text, "Visitor=" + text, "isitor=" + text}
			if story == "its own, as the control" {
				opens(t, s, "x", cookies...)
			} else {
				isNone(t, s, cookies...)
			}
		})
	}
}

// What is sealed elsewhere in the application, under the same keys and the same name, is no cookie of ours, and the reverse.
func TestTextsOfSessionsAndSealedCookiesDoNotMix(t *testing.T) {
	keys := newKeys(t)
	now := time.Now()
	plain := binary.BigEndian.AppendUint64(nil, uint64(now.Add(time.Hour).UnixMilli()))
	plain = append(plain, `"x"`...)
	s := newSealed[string](t, keys, "n", cookie.SealedOptions{Purpose: "session", Lifetime: time.Hour})
	for purpose, want := range map[string]bool{"session": false, "cookie": false, "cookie:session": true} {
		sealer, err := keys.Sealer(purpose, "n", time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := s.Get(requestWith("n=" + string(sealer.Seal(nil, plain, now)))); ok != want {
			t.Errorf("sealed for %q: got %q, %v; want %v", purpose, got, ok, want)
		}
		text := strings.TrimPrefix(sealedPair(t, s, "x"), "n=")
		if _, err := sealer.Open(nil, text, now); (err == nil) != want {
			t.Errorf("ours, opened for %q: %v", purpose, err)
		}
	}
}

// Plaintexts that Set never makes: too short for an end, without a value, with an end that is long ago or no time at all.
func TestAuthenticTextsOfAnotherFormAreNone(t *testing.T) {
	keys := newKeys(t)
	s := newSealed[any](t, keys, "n", anHour)
	sealer, err := keys.Sealer("cookie:cart", "n", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	end := func(ms int64) string { return string(binary.BigEndian.AppendUint64(nil, uint64(ms))) }
	soon := time.Now().Add(time.Minute).UnixMilli()
	for _, plain := range []string{"", "1", "1234567", end(soon), end(soon) + "{", end(soon) + "1 2", end(0) + "1", end(-1) + "1", end(-1<<63) + "1"} {
		isNone(t, s, "n="+string(sealer.Seal(nil, []byte(plain), time.Now())))
	}
	opens[any](t, s, 1.0, "n="+string(sealer.Seal(nil, []byte(end(soon)+"1"), time.Now())))
}

func TestOfSeveralTextsExactlyOneMustOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		keys := newKeys(t)
		s := newSealed[string](t, keys, "n", anHour)
		old := sealedPair(t, s, "old")
		time.Sleep(time.Hour)
		mine, his := sealedPair(t, s, "mine"), sealedPair(t, s, "his")
		junk := "n=" + strings.Repeat("A", len(mine)-2)
		retired := sealedPair(t, newSealed[string](t, newKeys(t), "n", anHour), "retired")
		for story, tt := range map[string]struct {
			cookies []string
			want    string // "": none
		}{
			"one":                              {[]string{mine}, "mine"},
			"another name beside it":           {[]string{"N" + his[1:], mine, "x" + his}, "mine"},
			"one and junk":                     {[]string{junk, mine, junk}, "mine"},
			"one and one that has ended":       {[]string{old, mine}, "mine"},
			"one and one of a retired key":     {[]string{mine, retired}, "mine"},
			"one twice":                        {[]string{mine, mine}, "mine"},
			"one three times":                  {[]string{mine, mine, mine}, "mine"},
			"two":                              {[]string{mine, his}, ""},
			"two, in the other order":          {[]string{his, mine}, ""},
			"two, one of them twice":           {[]string{mine, his, mine}, ""},
			"four are not tried":               {[]string{mine, junk, old, retired}, ""},
			"one four times is not tried":      {[]string{mine, mine, mine, mine}, ""},
			"what is too short does not count": {[]string{"n=", "n=x", "n=null", "n=deleted", mine}, "mine"},
			"what is too long does not count":  {[]string{"n=" + strings.Repeat("A", 4097), junk, old, mine}, "mine"},
		} {
			got, ok := s.Get(requestWith(strings.Join(tt.cookies, "; ")))
			split, splitOK := s.Get(requestWith(tt.cookies...))
			if got != tt.want || ok != (tt.want != "") || split != got || splitOK != ok {
				t.Errorf("%s: got %q, %v, and %q, %v on many lines; want %q", story, got, ok, split, splitOK, tt.want)
			}
		}
	})
}

// Three steps, each rolled out everywhere before the next, so that two neighbours are always alive at once: what one of them
// sets, the other reads.
func TestKeysAreReplacedWithoutAnybodyLosingTheCookie(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old, next := seal.NewKey(), seal.NewKey()
		var stages []*cookie.Sealed[string]
		for _, keys := range [][]seal.Key{{old}, {old, next}, {next, old}} {
			stages = append(stages, newSealed[string](t, newKeys(t, keys...), "n", anHour))
		}
		for i := range len(stages) - 1 {
			opens(t, stages[i], "kept", sealedPair(t, stages[i+1], "kept"))
			opens(t, stages[i+1], "kept", sealedPair(t, stages[i], "kept"))
		}
		retired := newSealed[string](t, newKeys(t, next), "n", anHour)
		last := sealedPair(t, stages[1], "kept")
		isNone(t, retired, last) // too early: as it has to be after a leak
		time.Sleep(time.Hour - time.Millisecond)
		opens(t, stages[2], "kept", last)
		opens(t, retired, "kept", sealedPair(t, stages[2], "kept"))
		time.Sleep(time.Millisecond)
		isNone(t, stages[2], last) // nobody is left who needs the old key
	})
}

// decoded counts how often a decoder saw a watched value.
var decoded int

type watched struct{}

// A pointer encodes itself, too, though it is the value that is set.
func (w *watched) MarshalJSON() ([]byte, error) { return []byte(`"w"`), nil }

func (w *watched) UnmarshalJSON([]byte) error { decoded++; return nil }

func TestNothingIsDecodedBeforeItIsAuthentic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSealed[watched](t, newKeys(t), "n", anHour)
		text := strings.TrimPrefix(sealedPair(t, s, watched{}), "n=")
		if len(text) != seal.Size(8+len(`"w"`)) {
			t.Errorf("got %d characters: MarshalJSON was not asked", len(text))
		}
		decoded = 0
		for i := range text {
			changed := []byte(text)
			changed[i] ^= 1
			s.Get(requestWith("n=" + string(changed)))
		}
		s.Get(requestWith("n=" + text + "; " + sealedPair(t, s, watched{})))
		time.Sleep(time.Hour)
		s.Get(requestWith("n=" + text))
		if decoded != 0 {
			t.Errorf("%d values were decoded that are none", decoded)
		}
		if _, ok := s.Get(requestWith(sealedPair(t, s, watched{}))); !ok || decoded != 1 {
			t.Errorf("got %v and %d decoded, want one", ok, decoded)
		}
	})
}

func FuzzSealed(f *testing.F) {
	keys := newKeys(f)
	s := newSealed[string](f, keys, "n", cookie.SealedOptions{Purpose: "fuzz", Lifetime: 400 * day})
	good := sealedPair(f, s, "mine")
	other := sealedPair(f, newSealed[string](f, newKeys(f), "n", anHour), "x")
	f.Add(good, "x=1")
	f.Add(good+"; "+good, other)
	f.Add(other, "N="+good[2:])
	f.Add(good[:len(good)-1], "n=null; n=\"\"")
	f.Fuzz(func(t *testing.T, line1, line2 string) {
		r := requestWith(line1, line2)
		got, ok := s.Get(r)
		carried := 0
		for v := range cookie.Values(r.Header, "n") {
			if v == good[2:] {
				carried++
			}
		}
		if ok && (got != "mine" || carried == 0) || !ok && got != "" {
			t.Errorf("%q: got %q, %v", r.Header, got, ok)
		}
		r.Header["Cookie"] = []string{line1, good}
		if got, ok := s.Get(r); ok && got != "mine" {
			t.Errorf("%q: got %q, %v", r.Header, got, ok)
		}
		utf8 := string([]rune(line1[:min(len(line1), 400)])) // as JSON has it
		opens(t, s, utf8, sealedPair(t, s, utf8))
	})
}
