package seal_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sojourn-go/session/seal"
)

// A knownText was sealed once. It must open for ever.
type knownText struct {
	Key, Purpose, Name string
	Sealed             time.Time
	Plaintext, Text    string // Plaintext in hexadecimal
}

func knownTexts(t testing.TB) (all []knownText) {
	t.Helper()
	data, err := os.ReadFile("testdata/known.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &all); err != nil || len(all) == 0 {
		t.Fatalf("testdata/known.json has %d texts: %v", len(all), err)
	}
	return all
}

func TestFormat_WhatWasSealedOnceOpensForEver(t *testing.T) {
	for _, k := range knownTexts(t) {
		want, err := hex.DecodeString(k.Plaintext)
		if err != nil {
			t.Fatal(err)
		}
		s := newSealer(t, newKeys(t, k.Key), k.Purpose, k.Name, time.Hour)
		opens(t, s, k.Text, string(want), k.Sealed)
	}
}

// secretOf and contextOf are the package's documentation, written once more
// with nothing but the standard library.
func secretOf(t testing.TB, keyText string) []byte {
	t.Helper()
	fields := strings.Split(keyText, "_")
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ToUpper(fields[3]))
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

func contextOf(head []byte, purpose, name string) []byte {
	context := append([]byte{}, head...)
	context = append(append(context, byte(len(purpose))), purpose...)
	return append(append(context, byte(len(name))), name...)
}

func gcmOf(t testing.TB, secret, context []byte) cipher.AEAD {
	t.Helper()
	key, err := hkdf.Key(sha256.New, secret, nil, "sojourn seal"+string(context), 32)
	if err != nil {
		t.Fatal(err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	return gcm
}

func TestFormat_IsWhatTheDocumentationSays(t *testing.T) {
	for _, k := range knownTexts(t) {
		raw, err := base64.RawURLEncoding.Strict().DecodeString(k.Text)
		if err != nil {
			t.Fatal(err)
		}
		id, err := hkdf.Key(sha256.New, secretOf(t, k.Key), nil, "sojourn key id", 4)
		if err != nil {
			t.Fatal(err)
		}
		if got := parseKey(t, k.Key).ID(); got != hex.EncodeToString(id) {
			t.Errorf("the id is %s, want %x", got, id)
		}
		hour := uint32(k.Sealed.Unix() / 3600)
		head := append(append([]byte{1}, id...), byte(hour>>24), byte(hour>>16), byte(hour>>8), byte(hour))
		if !bytes.Equal(raw[:9], head) {
			t.Errorf("the head is %x, want %x", raw[:9], head)
		}
		context := contextOf(head, k.Purpose, k.Name)
		plain, err := gcmOf(t, secretOf(t, k.Key), context).Open(nil, raw[9:21], raw[21:], context)
		if err != nil || hex.EncodeToString(plain) != k.Plaintext {
			t.Errorf("%s: %x, %v; want %s", k.Name, plain, err, k.Plaintext)
		}
	}
}

func TestFormat_WhatTheDocumentationSaysOpens(t *testing.T) {
	for _, k := range knownTexts(t) {
		raw, err := base64.RawURLEncoding.DecodeString(k.Text)
		if err != nil {
			t.Fatal(err)
		}
		head, nonce := raw[:9], make([]byte, 12)
		rand.Read(nonce)
		context := contextOf(head, k.Purpose, k.Name)
		body := gcmOf(t, secretOf(t, k.Key), context).Seal(nil, nonce, []byte("made elsewhere"), context)
		text := base64.RawURLEncoding.EncodeToString(bytes.Join([][]byte{head, nonce, body}, nil))
		opens(t, newSealer(t, newKeys(t, k.Key), k.Purpose, k.Name, time.Hour), text, "made elsewhere", k.Sealed)
	}
}

func TestFormat_AnyOtherVersionFailsWhateverItsTag(t *testing.T) {
	s := daySealer(t, annText)
	head, _ := base64.RawURLEncoding.DecodeString(string(s.Seal(nil, nil, noon))[:12])
	for version := range 256 {
		head[0] = byte(version)
		context := contextOf(head, "session", "__Host-Http-session")
		body := gcmOf(t, secretOf(t, annText), context).Seal(nil, make([]byte, 12), []byte("x"), context)
		text := base64.RawURLEncoding.EncodeToString(bytes.Join([][]byte{head, make([]byte, 12), body}, nil))
		if version == 1 {
			opens(t, s, text, "x", noon)
		} else {
			fails(t, s, text, noon)
		}
	}
}

func TestFormat_IsShortAndMadeOfCookieOctets(t *testing.T) {
	s := daySealer(t, annText)
	for n := range 600 {
		text := s.Seal(nil, make([]byte, n), noon)
		if len(text) != seal.Size(n) {
			t.Fatalf("%d bytes have %d characters, Size says %d", n, len(text), seal.Size(n))
		}
		if i := bytes.IndexFunc(text, func(r rune) bool {
			return !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", r)
		}); i >= 0 {
			t.Fatalf("character %d of %s", i, text)
		}
	}
	if got := seal.Size(200); got > 330 {
		t.Errorf("200 bytes have %d characters, want 330 at most", got)
	}
}

func TestBase64_IsThatOfTheStandardLibrary(t *testing.T) {
	for n := range 300 {
		src := make([]byte, n)
		rand.Read(src)
		want := base64.RawURLEncoding.EncodeToString(src)
		if got := seal.EncodeText(src); got != want {
			t.Fatalf("%x: got %s, want %s", src, got, want)
		}
		if got, ok := seal.DecodeText(want); !ok || !bytes.Equal(got, src) {
			t.Fatalf("%s: got %x, %t; want %x", want, got, ok, src)
		}
	}
}

// encoding/base64 takes newlines anywhere, Strict or not, and stray bits
// unless Strict.
func TestBase64_ATextHasOneSpelling(t *testing.T) {
	for n := 1; n < 20; n++ {
		src := make([]byte, n)
		rand.Read(src)
		text := base64.RawURLEncoding.EncodeToString(src)
		for i := range text {
			for c := range 256 {
				other := text[:i] + string([]byte{byte(c)}) + text[i+1:]
				want, err := base64.RawURLEncoding.Strict().DecodeString(other)
				wantOK := err == nil && c != '\n' && c != '\r'
				if got, ok := seal.DecodeText(other); ok != wantOK || ok && !bytes.Equal(got, want) {
					t.Fatalf("%q: got %x, %t; want %x, %t", other, got, ok, want, wantOK)
				}
			}
			for _, more := range []string{"\n", "\r\n", "=", " ", "+", "/", "\x00"} {
				if got, ok := seal.DecodeText(text[:i] + more + text[i:]); ok {
					t.Fatalf("%q: got %x", text[:i]+more+text[i:], got)
				}
			}
		}
	}
}
