// Package alone measures the parts under the middleware by themselves: sealing
// beside gorilla's securecookie, and the record beside general encodings.
package alone

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/gorilla/securecookie"

	"github.com/sojourn-go/session/bench/measure"
	"github.com/sojourn-go/session/bench/peers"
	"github.com/sojourn-go/session/internal/record"
	"github.com/sojourn-go/session/seal"
)

// The names of the cases; ours is the first of each group.
const (
	Own           = "sojourn"
	OwnParsed     = "sojourn, parsed as well"
	OwnFound      = "sojourn, found and not decoded"
	SecureGob     = "securecookie, gob"
	SecureRaw     = "securecookie, raw bytes"
	MessagePack   = "msgpack"
	CBOR          = "cbor"
	Gob           = "gob"
	payloadLength = 200
)

// payload returns a record of 200 bytes, and what it holds as gorilla's
// sessions would.
func payload() ([]byte, map[any]any) {
	values := peers.Values(false)
	name := ""
	for {
		values["name"] = name
		data := build(values)
		if len(data) == payloadLength {
			held := map[any]any{}
			for k, v := range values {
				held[k] = v
			}
			return data, held
		}
		name += "x"
	}
}

// build returns a record that holds the values as JSON, which is what sessions
// do with them.
func build(values map[string]any) []byte {
	now := time.Now().UnixMilli()
	h := record.Header{Created: now, Seen: now, End: now + 86_400_000, Idle: 1_800_000, Lifetime: 86_400_000}
	var changes []record.Change
	for name, v := range values {
		text, err := json.Marshal(v)
		if err != nil {
			panic(err) // the values are ours
		}
		changes = append(changes, record.Change{Name: name, Value: text})
	}
	return record.Build(record.Record{}, h, false, changes)
}

// Sealing returns the cases of sealing and of opening 200 bytes.
func Sealing() ([]measure.Case, error) {
	data, held := payload()
	keys, err := seal.NewKeys(seal.NewKey())
	if err != nil {
		return nil, err
	}
	sealer, err := keys.Sealer("session", "session", 24*time.Hour)
	if err != nil {
		return nil, err
	}
	cases := ownSealing(sealer, data)
	cases = append(cases, secureCases(SecureGob, held, func() any { return &map[any]any{} }, securecookie.GobEncoder{})...)
	return append(cases, secureCases(SecureRaw, data, func() any { return new([]byte) }, securecookie.NopEncoder{})...), nil
}

func ownSealing(sealer *seal.Sealer, data []byte) []measure.Case {
	now := time.Now()
	text := string(sealer.Seal(nil, data, now))
	sealed, opened := make([]byte, 0, len(text)), make([]byte, 0, len(text))
	return []measure.Case{
		{Group: "seal", Name: Own, Start: always(func() error {
			sealed = sealer.Seal(sealed[:0], data, now)
			return nil
		})},
		{Group: "open", Name: Own, Start: always(func() (err error) {
			_, err = sealer.Open(opened, text, now)
			return err
		})},
	}
}

func secureCases(name string, value any, into func() any, encoding securecookie.Serializer) []measure.Case {
	hash, block := make([]byte, 32), make([]byte, 32)
	rand.Read(hash)
	rand.Read(block)
	s := securecookie.New(hash, block).SetSerializer(encoding)
	text, err := s.Encode("session", value)
	if err != nil {
		return []measure.Case{{Group: "seal", Name: name, Start: always(func() error { return err })}}
	}
	return []measure.Case{
		{Group: "seal", Name: name, Start: always(func() error {
			_, err := s.Encode("session", value)
			return err
		})},
		{Group: "open", Name: name, Start: always(func() error {
			return s.Decode("session", text, into())
		})},
	}
}

// always returns a Start of what needs no preparation.
func always(do func() error) func() (func() error, error) {
	return func() (func() error, error) { return do, nil }
}

// Texts are the lengths of what 200 bytes of data become.
type Texts struct{ Own, SecureGob, SecureRaw int }

// Lengths seals 200 bytes in each of the ways.
func Lengths() (Texts, error) {
	data, held := payload()
	hash, block := make([]byte, 32), make([]byte, 32)
	s := securecookie.New(hash, block)
	asGob, errGob := s.Encode("session", held)
	asRaw, errRaw := s.SetSerializer(securecookie.NopEncoder{}).Encode("session", data)
	own, err := ownLength()
	return Texts{own, len(asGob), len(asRaw)}, errors.Join(errGob, errRaw, err)
}

// text is what a value of n bytes of JSON is made of.
func text(n int) string { return strings.Repeat("x", n-len(`""`)) }
