package session

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
)

// A token is 64 characters of base64url: 18 random bytes, the id, and 30
// random bytes, the secret (240 bits: ASVS 5.0 7.2.3 asks for 128). The store
// sees the id and the SHA-256 of the secret, never the token.
const (
	idLen       = 24
	secretBytes = 30
	tokenLen    = 64
)

// wellFormed reports whether s could be a token. It is all that a token from
// outside has to pass before it costs anything.
func wellFormed(s string) bool {
	if len(s) != tokenLen {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return true
}

// mint returns a token for the session with the given id, or for a new one.
// crypto/rand does not fail: it ends the program instead.
func mint(id string) string {
	var raw [tokenLen * 3 / 4]byte
	rand.Read(raw[:])
	var text [tokenLen]byte
	base64.RawURLEncoding.Encode(text[:], raw[:])
	copy(text[:], id)
	return string(text[:])
}

// secretHash returns what a record keeps of a well-formed token's secret.
func secretHash(token string) [sha256.Size]byte {
	var text [tokenLen - idLen]byte
	copy(text[:], token[idLen:])
	var secret [secretBytes]byte
	base64.RawURLEncoding.Decode(secret[:], text[:])
	return sha256.Sum256(secret[:])
}
