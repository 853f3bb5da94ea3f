package seal_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/sojourn-go/session/seal"
)

// What was not sealed never opens, and leaves nothing behind. The fuzzer has
// two texts that open, and may do with them what it likes.
func FuzzOpen(f *testing.F) {
	s, now := daySealer(f, annText, bobText), noon.Add(time.Hour)
	known := knownTexts(f)
	genuine := map[string]string{known[0].Text: "", known[1].Text: "hello"}
	for text, plain := range genuine {
		opens(f, s, text, plain, now)
	}
	for _, k := range known { // the others have other names
		f.Add(k.Text)
	}
	ours := known[1].Text
	for _, text := range []string{
		"", ours[:12], ours[:49], ours[:len(ours)-1], ours + "A", ours[:12] + strings.Repeat("A", 38), strings.Repeat("A", 8192),
		forge(f, ours, hourOf(noon)), forge(f, ours, hourOf(noon)-1), forge(f, ours, hourOf(noon)-100), known[0].Text[:12] + ours[12:],
	} {
		f.Add(text)
	}
	dst := make([]byte, 0, seal.MaxText)
	f.Fuzz(func(t *testing.T, text string) {
		if plain, ok := genuine[text]; ok {
			opens(t, s, text, plain, now)
			return
		}
		fails(t, s, text, now)
		if got, err := s.Open(dst, text, now); got != nil || err != seal.ErrSealed {
			t.Errorf("Open = %q, %v", got, err)
		}
		if hours := seal.CachedHours(s); len(hours) != len(genuine) {
			t.Errorf("the cache holds %v, want the hour of the two texts that open", hours)
		}
	})
}

// Open(Seal(x)) is x, and any change never opens.
func FuzzRoundTrip(f *testing.F) {
	f.Add([]byte("hello"), "session", "sid", int64(1777636800), uint16(3), byte(1))
	f.Add([]byte{}, "p", "n", int64(0), uint16(0), byte(255))
	f.Add(make([]byte, 3072), "cookie", "__Host-theme", int64(4000000000), uint16(40), byte('A'))
	f.Add([]byte("\x00\xff"), "\x00", "\xff\xfe", int64(-1), uint16(60000), byte(0x80))
	keys := newKeys(f, annText)
	f.Fuzz(func(t *testing.T, plain []byte, purpose, name string, unix int64, at uint16, change byte) {
		s, err := keys.Sealer(purpose, name, time.Hour)
		if err != nil || unix < -1<<40 || unix > 1<<40 || seal.Size(len(plain)) > seal.MaxText {
			return
		}
		now := time.Unix(unix, 0)
		text := s.Seal(nil, plain, now)
		got, err := s.Open(nil, string(text), now)
		if err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("Open(Seal(%q)) = %q, %v", plain, got, err)
		}
		i := int(at) % len(text)
		fails(t, s, string(text[:i]), now)
		fails(t, s, string(text[:i])+string([]byte{change})+string(text[i:]), now)
		if change != 0 {
			text[i] ^= change
			fails(t, s, string(text), now)
		}
	})
}

// What is read as a key is exactly a key's text.
func FuzzParseKey(f *testing.F) {
	for _, text := range []string{annText, " " + bobText + "\r\n", annText[:61], annText + "a", strings.ToUpper(annText),
		"a 16-byte secret", strings.Repeat("ab", 32), strings.Repeat("A", 43) + "=", "sojourn_key2_", ""} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		k, err := seal.ParseKey(text)
		if err != nil {
			if k.Text() != "" || k.ID() != "" || !strings.HasPrefix(err.Error(), "seal: ") {
				t.Errorf("%q gives %v, %v", text, k, err)
			}
			return
		}
		if k.Text() != strings.TrimSpace(text) {
			t.Errorf("%q is read as %q", text, k.Text())
		}
	})
}

func FuzzBase64(f *testing.F) {
	f.Add([]byte("hello"), "aGVsbG8")
	f.Add([]byte{0xff}, "_x")
	f.Fuzz(func(t *testing.T, src []byte, text string) {
		if got, ok := seal.DecodeText(seal.EncodeText(src)); !ok || !bytes.Equal(got, src) {
			t.Errorf("%x decodes to %x, %t", src, got, ok)
		}
		if raw, ok := seal.DecodeText(text); ok && seal.EncodeText(raw) != text {
			t.Errorf("%q is a second spelling of %q", text, seal.EncodeText(raw))
		}
	})
}
