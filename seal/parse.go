package seal

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

const makeOne = `make one with "sojourn keygen"`

// ParseKey reads a key from its [Key.Text]. White space around it does not matter, since keys come from files. Whatever is wrong
// with the text is said, its length too, but no part of it is repeated: a key with one fault is still a secret.
//
// Keys of other libraries are refused: the 16 characters of a Ring or Luminus cookie store, and the 16, 24, 32 or 64 bytes of
// gorilla's, raw, in hexadecimal or in base64. What is short enough to be typed is short enough to be guessed.
func ParseKey(text string) (Key, error) {
	text = strings.TrimSpace(text)
	if err := checkKeyText(text); err != nil {
		return Key{}, fmt.Errorf("seal: %w", err)
	}
	var secret [secretBytes]byte
	if _, err := base32Text.Decode(secret[:], []byte(text[keyLen-secretLen:])); err != nil {
		return Key{}, errors.New("seal: the key is damaged: it is not base32") // unreachable
	}
	k := keyOf(secret)
	// The id is the checksum; and stray bits at the end would be a second
	// spelling of the same key.
	if k.Text() != text {
		return Key{}, errors.New("seal: the key is mistyped: its checksum does not match")
	}
	return k, nil
}

// checkKeyText says what is wrong with the form of a text.
func checkKeyText(text string) error {
	n := len(text)
	switch {
	case n == 0:
		return errors.New("the key is empty: " + makeOne)
	case n < len(keyPrefix) && strings.HasPrefix(keyPrefix, text):
		return fmt.Errorf("the key is cut off: %d of %d characters", n, keyLen)
	case strings.HasPrefix(text, keyPrefix):
		return checkKeyBody(text)
	case strings.HasPrefix(text, "sojourn_key"):
		return fmt.Errorf("the key does not begin with %s: it is of another version than this program's", keyPrefix)
	}
	return foreignKey(text)
}

func checkKeyBody(text string) error {
	if i := strings.IndexFunc(text, notInKey); i >= 0 {
		return fmt.Errorf("character %d of the key is none that a key has: it is one word of a-z, 0-9 and _", i+1)
	}
	switch n := len(text); {
	case n < keyLen:
		return fmt.Errorf("the key is cut off: %d of %d characters", n, keyLen)
	case n > keyLen:
		return fmt.Errorf("the key is too long: %d characters instead of %d", n, keyLen)
	}
	for i := keyLen - 52; i < keyLen; i++ {
		if c := text[i]; c == '_' || c == '0' || c == '1' || c >= '8' && c <= '9' {
			return fmt.Errorf("character %d of the key is mistyped: the secret has a-z and 2-7 only", i+1)
		}
	}
	return nil
}

func notInKey(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_')
}

// foreignKey says what a text that is no key of ours looks like. The order
// counts where a length has two readings: 32 digits are 16 bytes, and 32
// letters are more often a raw key than 24 bytes of base64.
func foreignKey(text string) error {
	n := len(text)
	if n == 16 {
		return fmt.Errorf("a key of %d characters, as Ring and Luminus cookie stores have, is too weak: %s", n, makeOne)
	}
	if raw, err := hex.DecodeString(text); err == nil && isKeySize(len(raw)) {
		return fmt.Errorf("a key of %d bytes in %d hexadecimal digits is no key of ours: %s", len(raw), n, makeOne)
	}
	if isKeySize(n) && !strings.HasSuffix(text, "=") {
		return fmt.Errorf("a raw key of %d characters, as gorilla and others have, is no key of ours: %s", n, makeOne)
	}
	if raw, ok := anyBase64(text); ok && isKeySize(len(raw)) {
		return fmt.Errorf("a key of %d bytes in %d characters of base64 is no key of ours: %s", len(raw), n, makeOne)
	}
	return fmt.Errorf("a text of %d characters that does not begin with %s is no key: %s", n, keyPrefix, makeOne)
}

// isKeySize reports whether n bytes are a key of AES, or gorilla's for HMAC.
func isKeySize(n int) bool { return n == 16 || n == 24 || n == 32 || n == 64 }

func anyBase64(text string) ([]byte, bool) {
	for _, e := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding, base64.RawStdEncoding, base64.RawURLEncoding} {
		if raw, err := e.DecodeString(text); err == nil {
			return raw, true
		}
	}
	return nil, false
}
