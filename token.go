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
	bad := byte(0)
	for i := range tokenLen {
		bad |= sextets[s[i]]
	}
	return bad&noSextet == 0
}

const noSextet = 0x80

// sextets tells what the characters of base64url mean. A token is looked at in
// every request that uses its session: encoding/base64 takes twice the time.
var sextets = func() (v [256]byte) {
	for i := range v {
		v[i] = noSextet
	}
	for i, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") {
		v[c] = byte(i)
	}
	return v
}()

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
	var secret [secretBytes]byte
	text := token[idLen:tokenLen]
	for b := secret[:]; len(b) >= 3; b, text = b[3:], text[4:] {
		v := uint32(sextets[text[0]])<<18 | uint32(sextets[text[1]])<<12 | uint32(sextets[text[2]])<<6 | uint32(sextets[text[3]])
		b[0], b[1], b[2] = byte(v>>16), byte(v>>8), byte(v)
	}
	return sha256.Sum256(secret[:])
}
