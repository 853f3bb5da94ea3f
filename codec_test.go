package session_test

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"

	"github.com/sojourn-go/session"
)

// kept is what a later request finds of a value.
func kept[T any](t *testing.T, newLab labMaker, v T) T {
	t.Helper()
	k := session.NewKey[T]("kept")
	w := newLab(t, session.Options{}).visitor()
	w.posts(func(s *session.Session) { k.Set(s, v) })
	return tells(w, k)
}

// A node links to itself, as only its own method can have it.
type node struct {
	V    any
	Self *node
}

func (n node) MarshalJSON() ([]byte, error) { return json.Marshal(n.V) }

func (n *node) UnmarshalJSON(b []byte) error {
	n.Self = n
	return json.Unmarshal(b, &n.V)
}

// A type that links back to itself was followed in a circle until the stack, and
// with it the whole server, was gone.
func TestA_value_that_reads_itself_is_not_looked_into(t *testing.T) {
	everywhere(t, func(t *testing.T, newLab labMaker) {
		got := kept(t, newLab, node{V: 1})
		want(t, "value", got.V, any(1.0)) // its method's affair
		if got.Self == nil || got.Self.Self != got.Self {
			t.Error("the value is not what its method made of it")
		}
		list := kept(t, newLab, []any{int64(1), map[string]any{"n": int64(2)}})
		want(t, "beside it, a number in a list", list[0], any(int64(1)))
	})
}

type embedded struct{ X any }

type embedding struct {
	embedded
	Y any
}

// The fields of an embedded struct of an unexported type are read as all others
// are, but their numbers came back as json.Number.
func TestA_number_in_an_embedded_struct_is_a_number(t *testing.T) {
	everywhere(t, func(t *testing.T, newLab labMaker) {
		got := kept(t, newLab, embedding{embedded{int64(7)}, int64(8)})
		want(t, "type in the embedded struct", fmt.Sprintf("%T", got.X), "int64")
		want(t, "value in the embedded struct", got.X, any(int64(7)))
		want(t, "value beside it", got.Y, any(int64(8)))
	})
}

// A number beyond int64 came back as the nearest float64: another number.
func TestA_uint64_in_an_interface_keeps_its_digits(t *testing.T) {
	everywhere(t, func(t *testing.T, newLab labMaker) {
		want(t, "as it is", kept[any](t, newLab, uint64(math.MaxUint64)), any(uint64(math.MaxUint64)))
		want(t, "in a map", kept(t, newLab, map[string]any{"n": uint64(1<<63 + 1)})["n"], any(uint64(1<<63+1)))
	})
}

// A textCodec keeps strings as the bytes that they are.
type textCodec struct{}

func (textCodec) Marshal(v any) ([]byte, error) { return []byte(v.(string)), nil }

func (textCodec) Unmarshal(data []byte, v any) error {
	*v.(*string) = string(data)
	return nil
}

// Of bytes that are no JSON, but begin with some, the beginning was taken for
// the value; without an interface in the type they were refused.
func TestBytes_behind_a_value_make_it_unreadable(t *testing.T) {
	everywhere(t, func(t *testing.T, newLab labMaker) {
		text, loose := session.NewKey[string]("v"), session.NewKey[map[string]any]("v")
		before := newLab(t, session.Options{Codec: textCodec{}})
		for stored, readable := range map[string]bool{`{"a":1}`: true, `{"a":1} {"b":2}`: false, `{"a":1}]`: false} {
			v := before.visitor()
			v.posts(func(s *session.Session) { text.Set(s, stored) })
			now := before.like(session.Options{})
			v.at(now).gets(func(s *session.Session) {
				_, ok := loose.Lookup(s)
				want(t, stored+" is readable", ok, readable)
			})
			want(t, "unreadable events", now.count(session.Unreadable), map[bool]int{false: 1}[readable])
		}
	})
}

// A codec that hands out what it was given, or a buffer that it uses again, had
// bytes stored that were written after Set.
type rawCodec struct{}

func (rawCodec) Marshal(v any) ([]byte, error) {
	if b, ok := v.([]byte); ok {
		return b, nil
	}
	return json.Marshal(v)
}

func (rawCodec) Unmarshal(data []byte, v any) error {
	if p, ok := v.(*[]byte); ok {
		*p = append([]byte(nil), data...)
		return nil
	}
	return json.Unmarshal(data, v)
}

func TestWhat_a_codec_returned_may_change_after_Set(t *testing.T) {
	everywhere(t, func(t *testing.T, newLab labMaker) {
		l := newLab(t, session.Options{Codec: rawCodec{}})
		k := session.NewKey[[]byte]("raw")
		v := l.visitor()
		v.posts(func(s *session.Session) {
			buf := []byte("first")
			k.Set(s, buf)
			copy(buf, "other")
		})
		want(t, "value", string(tells(v, k)), "first")
	})
}
