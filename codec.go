package session

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
)

// A Codec turns values into bytes and back. It must be safe for use by many
// goroutines at once, equal values should give equal bytes (that is how a
// change to what a value already was is recognised), and Unmarshal must not
// keep data.
type Codec interface {
	Marshal(v any) ([]byte, error)
	Unmarshal(data []byte, v any) error
}

// jsonCodec is encoding/json, but for two things: HTML characters stay as they
// are, and integral numbers that are read into an interface stay integers.
type jsonCodec struct{}

func (jsonCodec) Marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

func (jsonCodec) Unmarshal(data []byte, v any) error {
	t := reflect.TypeOf(v).Elem()
	if !holdsInterface(t) {
		return json.Unmarshal(data, v)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("more than one JSON value")
	}
	settleNumbers(reflect.ValueOf(v).Elem())
	return nil
}

// encode returns v as bytes that nobody else holds. For the plain types and
// the JSON codec it writes what encoding/json would, without it.
func encode[T any](c Codec, v T) ([]byte, error) {
	if j, ok := c.(jsonCodec); ok {
		if b, ok, err := encodePlain(any(v)); ok || err != nil {
			return b, err
		}
		return j.Marshal(v)
	}
	b, err := c.Marshal(v)
	if err != nil {
		return nil, err
	}
	return bytes.Clone(b), nil // a codec may hand out what it was given, or what it uses again
}

func decode[T any](c Codec, data []byte) (T, error) {
	if _, ok := c.(jsonCodec); ok {
		var v T
		if decodePlain(data, any(&v)) {
			return v, nil
		}
	}
	p := new(T)
	if err := c.Unmarshal(data, p); err != nil {
		return *new(T), fmt.Errorf("cannot be decoded into a %v: %w", reflect.TypeFor[T](), err)
	}
	return *p, nil
}
