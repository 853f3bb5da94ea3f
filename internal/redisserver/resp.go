package redisserver

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// An Error is what a server refused a command with.
type Error string

func (e Error) Error() string { return string(e) }

// A frame is a command or a reply, as it came.
type frame struct {
	kind  byte // its first byte
	value any  // nil, string, int64, Error, or []any of these
	raw   []byte
}

// A decoder reads frames of RESP2 and RESP3.
type decoder struct {
	r   *bufio.Reader
	raw []byte // of the frame that is being read
}

func newDecoder(r io.Reader) *decoder { return &decoder{r: bufio.NewReaderSize(r, 64<<10)} }

// next returns the next frame.
func (d *decoder) next() (frame, error) {
	d.raw = nil
	kind, value, err := d.read()
	return frame{kind, value, d.raw}, err
}

// read reads one value, with all within it.
func (d *decoder) read() (kind byte, value any, err error) {
	line, err := d.line()
	if err != nil {
		return 0, nil, err
	}
	if line == "" {
		return 0, nil, fmt.Errorf("redisserver: an empty line for a reply")
	}
	kind, rest := line[0], line[1:]
	switch kind {
	case '+', '#', ',', '(': // simple string, boolean, double, big number
		return kind, rest, nil
	case '-':
		return kind, Error(rest), nil
	case ':':
		value, err = strconv.ParseInt(rest, 10, 64)
	case '_':
	case '$', '=', '!': // string, verbatim string, error
		value, err = d.bulk(kind, rest)
	case '*', '~', '>': // array, set, push
		value, err = d.aggregate(rest, 1)
	case '%':
		value, err = d.aggregate(rest, 2)
	case '|': // attributes stand before the value that they are about
		if _, err = d.aggregate(rest, 2); err == nil {
			return d.read()
		}
	default: // a command as people type it
		var words []any
		for word := range strings.FieldsSeq(line) {
			words = append(words, word)
		}
		return kind, words, nil
	}
	return kind, value, err
}

func (d *decoder) line() (string, error) {
	line, err := d.r.ReadString('\n')
	d.raw = append(d.raw, line...)
	return strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r"), err
}

// bulk reads what is announced by its length.
func (d *decoder) bulk(kind byte, length string) (any, error) {
	n, err := strconv.Atoi(length)
	if err != nil || n < 0 {
		return nil, err // -1 is nil
	}
	start := len(d.raw)
	d.raw = append(d.raw, make([]byte, n+len("\r\n"))...)
	if _, err := io.ReadFull(d.r, d.raw[start:]); err != nil {
		return nil, err
	}
	text := string(d.raw[start : start+n])
	if kind == '!' {
		return Error(text), nil
	}
	return text, nil
}

// aggregate reads so many values, each of so many parts.
func (d *decoder) aggregate(count string, parts int) (any, error) {
	n, err := strconv.Atoi(count)
	if err != nil || n < 0 {
		return nil, err
	}
	values := []any{}
	for range n * parts {
		_, value, err := d.read()
		if err != nil {
			return nil, err
		}
		values = append(values, value)
	}
	return values, nil
}

// encode returns a command as it is sent.
func encode(args ...string) []byte {
	b := fmt.Appendf(nil, "*%d\r\n", len(args))
	for _, arg := range args {
		b = fmt.Appendf(b, "$%d\r\n%s\r\n", len(arg), arg)
	}
	return b
}
