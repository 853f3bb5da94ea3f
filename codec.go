package session

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"
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

var interfaceTypes sync.Map // reflect.Type -> bool: does it hold an interface somewhere?

func holdsInterface(t reflect.Type) bool {
	if known, ok := interfaceTypes.Load(t); ok {
		return known.(bool)
	}
	found := searchInterface(t, map[reflect.Type]bool{})
	interfaceTypes.Store(t, found)
	return found
}

func searchInterface(t reflect.Type, seen map[reflect.Type]bool) bool {
	if seen[t] {
		return false
	}
	seen[t] = true
	if readsItself(t) {
		return false
	}
	switch t.Kind() {
	case reflect.Interface:
		return true
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return searchInterface(t.Elem(), seen)
	case reflect.Struct:
		for f := range t.Fields() {
			if f.IsExported() || f.Anonymous {
				if searchInterface(f.Type, seen) {
					return true
				}
			}
		}
	}
	return false
}

var unmarshaler = reflect.TypeFor[json.Unmarshaler]()

// readsItself reports whether what is in a value of the type is its own
// method's affair.
func readsItself(t reflect.Type) bool {
	return t.Implements(unmarshaler) || reflect.PointerTo(t).Implements(unmarshaler)
}

// settleNumbers replaces every json.Number inside an interface by the int64 or
// float64 that it is.
func settleNumbers(v reflect.Value) {
	if readsItself(v.Type()) {
		return
	}
	switch v.Kind() {
	case reflect.Interface:
		if !v.IsNil() && v.CanSet() {
			v.Set(reflect.ValueOf(settled(v.Interface())))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			settleNumbers(v.Elem())
		}
	case reflect.Struct:
		for field, f := range v.Fields() {
			if f.CanSet() || field.Anonymous {
				settleNumbers(f)
			}
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			settleNumbers(v.Index(i))
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			elem := reflect.New(v.Type().Elem()).Elem()
			elem.Set(v.MapIndex(key))
			settleNumbers(elem)
			v.SetMapIndex(key, elem)
		}
	}
}

// settled does the same for the types that encoding/json itself puts into an
// interface. Anything else was put there by a method of the application.
func settled(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := strconv.ParseInt(string(v), 10, 64); err == nil {
			return n
		}
		if n, err := strconv.ParseUint(string(v), 10, 64); err == nil {
			return n // too large for an int64, and exact
		}
		f, err := strconv.ParseFloat(string(v), 64)
		if err != nil {
			return v // larger than a float64: the digits are better than infinity
		}
		return f
	case []any:
		for i := range v {
			v[i] = settled(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = settled(v[k])
		}
	}
	return v
}

// encode returns v as bytes that nobody else holds. For the plain types and
// the JSON codec it writes what encoding/json would, without it.
func encode[T any](c Codec, v T) ([]byte, error) {
	if _, ok := c.(jsonCodec); ok {
		if b, ok, err := encodePlain(any(v)); ok || err != nil {
			return b, err
		}
	}
	b, err := c.Marshal(v)
	if err != nil {
		return nil, err
	}
	return b, nil
}

func encodePlain(v any) (b []byte, ok bool, err error) {
	switch v := v.(type) {
	case string:
		if !utf8.ValidString(v) {
			return nil, false, errors.New("the string is not valid UTF-8: use a []byte")
		}
		if !plainText(v) {
			return nil, false, nil
		}
		b = make([]byte, 0, len(v)+2)
		b = append(b, '"')
		b = append(b, v...)
		return append(b, '"'), true, nil
	case bool:
		return strconv.AppendBool(nil, v), true, nil
	case int:
		return strconv.AppendInt(nil, int64(v), 10), true, nil
	case int8:
		return strconv.AppendInt(nil, int64(v), 10), true, nil
	case int16:
		return strconv.AppendInt(nil, int64(v), 10), true, nil
	case int32:
		return strconv.AppendInt(nil, int64(v), 10), true, nil
	case int64:
		return strconv.AppendInt(nil, v, 10), true, nil
	case uint:
		return strconv.AppendUint(nil, uint64(v), 10), true, nil
	case uint8:
		return strconv.AppendUint(nil, uint64(v), 10), true, nil
	case uint16:
		return strconv.AppendUint(nil, uint64(v), 10), true, nil
	case uint32:
		return strconv.AppendUint(nil, uint64(v), 10), true, nil
	case uint64:
		return strconv.AppendUint(nil, v, 10), true, nil
	case []byte:
		if v == nil {
			return []byte("null"), true, nil
		}
		b = make([]byte, 0, base64.StdEncoding.EncodedLen(len(v))+2)
		b = append(b, '"')
		b = base64.StdEncoding.AppendEncode(b, v)
		return append(b, '"'), true, nil
	case time.Time:
		b, err = v.MarshalJSON()
		return b, err == nil, err
	}
	return nil, false, nil
}

// plainText reports whether the JSON of s is s between quotes.
func plainText(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			return false
		}
	}
	return true
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

// decodePlain reads the common forms of the plain types. What it does not
// know, the codec will.
func decodePlain(data []byte, p any) bool {
	switch p := p.(type) {
	case *string:
		s, ok := plainString(data)
		if ok {
			*p = string(s)
		}
		return ok
	case *bool:
		t := string(data) == "true"
		*p = t
		return t || string(data) == "false"
	case *int:
		n, ok := plainInt(data)
		*p = int(n)
		return ok && int64(int(n)) == n
	case *int32:
		n, ok := plainInt(data)
		*p = int32(n)
		return ok && n >= math.MinInt32 && n <= math.MaxInt32
	case *int64:
		n, ok := plainInt(data)
		*p = n
		return ok
	case *uint64:
		n, ok := plainInt(data)
		*p = uint64(n)
		return ok && n >= 0
	case *[]byte:
		s, ok := plainString(data)
		if !ok {
			return false
		}
		b := make([]byte, base64.StdEncoding.DecodedLen(len(s)))
		n, err := base64.StdEncoding.Decode(b, s)
		*p = b[:n]
		return err == nil
	}
	return false
}

func plainString(data []byte) ([]byte, bool) {
	n := len(data)
	if n < 2 || data[0] != '"' || data[n-1] != '"' {
		return nil, false
	}
	for _, c := range data[1 : n-1] {
		if c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			return nil, false
		}
	}
	return data[1 : n-1], true
}

// plainInt reads an integer of at most 18 digits, which cannot overflow.
func plainInt(data []byte) (n int64, ok bool) {
	digits := data
	if len(digits) > 0 && digits[0] == '-' {
		digits = digits[1:]
	}
	if len(digits) == 0 || len(digits) > 18 || digits[0] == '0' && len(digits) > 1 {
		return 0, false
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	if len(digits) != len(data) {
		n = -n
	}
	return n, true
}
