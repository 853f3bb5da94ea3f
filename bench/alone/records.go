package alone

import (
	"bytes"
	"encoding/gob"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/vmihailenco/msgpack/v5"

	"github.com/sojourn-go/session/bench/measure"
	"github.com/sojourn-go/session/bench/peers"
	"github.com/sojourn-go/session/internal/record"
)

// counter is the value that is read and written.
const counter = "visits"

// Records returns the cases of reading and of writing one of 3 and of 30
// values. A general encoding is decoded as a whole for each, and encoded as a
// whole for a write.
func Records() ([]measure.Case, error) {
	var cases []measure.Case
	for _, n := range []int{3, 30} {
		values := mixed(n)
		own, err := ownRecords(n, values)
		if err != nil {
			return nil, err
		}
		cases = append(cases, own...)
		for _, e := range encodings {
			cases = append(cases, e.cases(n, values)...)
		}
	}
	return cases, nil
}

// A profile is a value that is more than a word.
type profile struct{ City, Theme string }

// mixed returns n values of the kinds that sessions hold, the counter first.
func mixed(n int) map[string]any {
	kinds := []any{
		peers.FirstCount, time.Date(2026, 11, 21, 8, 30, 0, 0, time.UTC), []string{"editor", "reviewer"},
		peers.UserName, true, profile{"Basel", "dark"},
	}
	values := map[string]any{counter: kinds[0]}
	for i := 1; i < n; i++ {
		values[fmt.Sprintf("value_%02d", i)] = kinds[i%len(kinds)]
	}
	return values
}

func init() { // gob has to know what is in an interface
	gob.Register(time.Time{})
	gob.Register([]string{})
	gob.Register(profile{})
}

// ReadGroup is the group of reading one of n values.
func ReadGroup(n int) string { return fmt.Sprintf("read 1 of %d", n) }

// WriteGroup is the group of writing one of n values.
func WriteGroup(n int) string { return fmt.Sprintf("write 1 of %d", n) }

func ownRecords(n int, values map[string]any) ([]measure.Case, error) {
	data := build(values)
	rec, err := record.Parse(data)
	if err != nil {
		return nil, err
	}
	for i := range record.MaxStamps { // as those of a session that was written before
		rec, _ = record.Patch(rec, rec.Seen(), uint64(i), nil)
	}
	data = rec.Bytes()
	return []measure.Case{
		{Group: ReadGroup(n), Name: Own, Start: always(func() error { return readOne(rec) })},
		{Group: ReadGroup(n), Name: OwnParsed, Start: always(func() error {
			r, err := record.Parse(data)
			if err != nil {
				return err
			}
			return readOne(r)
		})},
		{Group: ReadGroup(n), Name: OwnFound, Start: always(func() error {
			if _, _, ok := rec.Find(counter); !ok {
				return errors.New("found nothing")
			}
			return nil
		})},
		{Group: WriteGroup(n), Name: Own, Start: always(func() error { return writeOne(rec) })},
	}, nil
}

func readOne(rec record.Record) error {
	_, value, _ := rec.Find(counter)
	got, err := strconv.ParseInt(string(value), 10, 64)
	if err != nil || got != peers.FirstCount {
		return fmt.Errorf("read %d, error %w", got, err)
	}
	return nil
}

func writeOne(rec record.Record) error {
	var digits [20]byte
	change := [1]record.Change{{Name: counter, Value: strconv.AppendInt(digits[:0], peers.FirstCount+1, 10)}}
	if _, changed := record.Patch(rec, rec.Seen()+1, 7, change[:]); !changed {
		return errors.New("wrote nothing")
	}
	return nil
}

// An encoding is a general one, of a map.
type encoding struct {
	name      string
	marshal   func(any) ([]byte, error)
	unmarshal func([]byte, any) error
}

var encodings = []encoding{
	{MessagePack, msgpack.Marshal, func(b []byte, v any) error { return msgpack.Unmarshal(b, v) }},
	{CBOR, cbor.Marshal, cbor.Unmarshal},
	{Gob, func(v any) ([]byte, error) {
		var b bytes.Buffer
		err := gob.NewEncoder(&b).Encode(v)
		return b.Bytes(), err
	}, func(b []byte, v any) error { return gob.NewDecoder(bytes.NewReader(b)).Decode(v) }},
}

func (e encoding) cases(n int, values map[string]any) []measure.Case {
	data, err := e.marshal(values)
	read := func() (map[string]any, error) {
		m := map[string]any{}
		if err := e.unmarshal(data, &m); err != nil {
			return nil, err
		}
		if len(m) != n || m[counter] == nil {
			return nil, fmt.Errorf("%s: got %d values of %d", e.name, len(m), n)
		}
		return m, nil
	}
	return []measure.Case{
		{Group: ReadGroup(n), Name: e.name, Start: func() (func() error, error) {
			return func() error { _, err := read(); return err }, err
		}},
		{Group: WriteGroup(n), Name: e.name, Start: func() (func() error, error) {
			return func() error {
				m, err := read()
				if err == nil {
					m[counter] = peers.FirstCount + 1
					_, err = e.marshal(m)
				}
				return err
			}, err
		}},
	}
}
