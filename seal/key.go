package seal

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"fmt"
	"log/slog"
)

const (
	secretBytes = 32
	idBytes     = 4

	// A key's text is one word to a double click and to a shell, which a '-'
	// would break: "sojourn_key1_", 8 hexadecimal digits of id, "_", and the
	// secret in 52 characters of base32. The id is derived from the secret, so
	// it is the checksum too.
	keyPrefix = "sojourn_key1_"
	keyLen    = len(keyPrefix) + 2*idBytes + 1 + secretLen
	secretLen = 52

	idInfo = "sojourn key id"
)

var base32Text = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// A Key is a secret of 256 random bits. It is made by [NewKey] or read by [ParseKey], and in no other way, so there are no weak
// ones. However it is printed, logged or marshalled, what appears is its id; only [Key.Text] gives the secret away.
//
// The zero Key is no key: [NewKeys] refuses it.
type Key struct {
	id string
	// A function, since printers that go by reflection pass through unexported
	// fields, without asking for a String method, and some through pointers.
	secret func() [secretBytes]byte
}

// NewKey returns a new random key.
func NewKey() Key {
	var secret [secretBytes]byte
	rand.Read(secret[:])
	return keyOf(secret)
}

func keyOf(secret [secretBytes]byte) Key {
	prk := extract(secret)
	return Key{
		id:     hex.EncodeToString(expand(prk, idInfo, idBytes)),
		secret: func() [secretBytes]byte { return secret },
	}
}

// ID returns the key's name, 8 hexadecimal digits: public, safe to log, and part of every text sealed under the key. It is
// derived from the secret, so it cannot lie. The zero Key has none.
func (k Key) ID() string { return k.id }

// Text returns the secret itself, in the one line that [ParseKey] reads: 74 letters, digits and underscores, which begin with
// "sojourn_key1_" and the id. Whoever sees it can read and forge every cookie: write it where only the application can read
// it, and nowhere else. For the zero Key it is empty.
func (k Key) Text() string {
	if k.secret == nil {
		return ""
	}
	secret := k.secret()
	return keyPrefix + k.id + "_" + base32Text.EncodeToString(secret[:])
}

// String returns the id of the key in brackets, never its secret.
func (k Key) String() string {
	if k.secret == nil {
		return "seal.Key(none)"
	}
	return "seal.Key(" + k.id + ")"
}

// GoString is String: %#v shows no secret either.
func (k Key) GoString() string { return k.String() }

// Format writes String, whatever the verb: %x is no way to the secret.
func (k Key) Format(f fmt.State, _ rune) { fmt.Fprint(f, k.String()) }

// LogValue is String.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

// MarshalText writes String, so that a configuration can be dumped or logged as JSON and shows which key it holds. Nothing reads
// it back: a key is stored by its Text.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// extract and expand are the two halves of HKDF-SHA256. They fail only for
// lengths which we do not ask for.
func extract(secret [secretBytes]byte) []byte {
	prk, err := hkdf.Extract(sha256.New, secret[:], nil)
	if err != nil {
		panic("seal: " + err.Error()) // unreachable
	}
	return prk
}

func expand(prk []byte, info string, n int) []byte {
	out, err := hkdf.Expand(sha256.New, prk, info, n)
	if err != nil {
		panic("seal: " + err.Error()) // unreachable
	}
	return out
}
