package session

import (
	"encoding/base64"
	"errors"
	"math"
	"strconv"
	"time"
	"unicode/utf8"
)

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
