package session

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"

	"github.com/sojourn-go/session/cookie"
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
	var bad byte
	for i := 0; i < tokenLen; i += 4 {
		bad |= sextets[s[i]] | sextets[s[i+1]] | sextets[s[i+2]] | sextets[s[i+3]]
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

// mint returns a token for the session with the given id, or for a new one, and
// the line of Set-Cookie that sends it without attributes of its own. With it
// comes a stamp for its Save: what is random is asked for once.
// crypto/rand does not fail: it ends the program instead.
func (m *Manager) mint(id string) (token, line string, stamp uint64) {
	const size = tokenLen * 3 / 4
	var raw [size + 8]byte
	rand.Read(raw[len(id)*3/4:])
	var text [tokenLen]byte
	base64.RawURLEncoding.Encode(text[:], raw[:size])
	copy(text[:], id)

	// A new token is sent. The usual line of Set-Cookie is made of it at once,
	// and the token is a part of that.
	var room [256]byte
	line = string(append(append(append(room[:0], m.line[0]...), text[:]...), m.line[1]...))
	return line[len(m.line[0]):][:tokenLen], line, stampOf([8]byte(raw[size:]))
}

// lineAround returns what comes before and after the token in the usual line.
func lineAround(name string, a cookie.Attrs) [2]string {
	line, at := string(cookie.Append(nil, name, "", a)), len(name)+1
	return [2]string{line[:at], line[at:]}
}

// secretHash returns what a record keeps of a well-formed token's secret.
func secretHash(token string) [sha256.Size]byte {
	var secret [secretBytes]byte
	text := token[idLen:tokenLen]
	for i := 0; i < len(text)/4; i++ {
		v := uint32(sextets[text[4*i]])<<18 | uint32(sextets[text[4*i+1]])<<12 | uint32(sextets[text[4*i+2]])<<6 | uint32(sextets[text[4*i+3]])
		secret[3*i], secret[3*i+1], secret[3*i+2] = byte(v>>16), byte(v>>8), byte(v)
	}
	return sha256.Sum256(secret[:])
}
