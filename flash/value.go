package flash

import (
	"crypto/rand"
	"fmt"
	"unicode/utf8"

	"github.com/sojourn-go/session"
)

// A Value is the typed name of a value for the next request that reads it: what
// a form was filled with, the id of what was made. Values are usually package
// variables.
type Value[T any] struct {
	name string
	key  session.Key[[]held[T]]
}

// A held is a value that waits. There is one, or none: with a list, nothing of
// a value is left when it was read.
type held[T any] struct {
	Mark  string `json:"m"`
	Value T      `json:"v"`
}

const namePrefix = "_flash."

// NewValue returns the Value named name, of 1 to 248 bytes of UTF-8. It panics
// on any other name. Two Values with one name are the same value.
func NewValue[T any](name string) Value[T] {
	if name == "" || len(name) > 255-len(namePrefix) || !utf8.ValidString(name) {
		panic(fmt.Sprintf("flash: NewValue(%q): a name has 1 to %d bytes of UTF-8", name, 255-len(namePrefix)))
	}
	return Value[T]{name, session.NewKey[[]held[T]](namePrefix + name)}
}

func (v Value[T]) check() {
	if v.name == "" {
		panic("flash: a Value that NewValue did not make: is a field or variable not initialised?")
	}
}

// Put has x wait for the next Get, in this request or a later one, in the place
// of what waited there. It is encoded at once; one that cannot be makes the
// commit fail. To the changes of other requests it is what Key.Set is.
//
// Any x waits, a zero one and false too. How large it may be is for the
// session to say (Options.MaxRecord). Where a session had ended, Put does as Add.
func (v Value[T]) Put(s *session.Session, x T) {
	v.check()
	p := pageOf(s)
	p.mu.Lock()
	defer p.mu.Unlock()
	if settle(s) {
		v.key.Set(s, []held[T]{{rand.Text()[:markLen], x}})
	}
}

// Get returns the value that waits, and whether one does, and has it removed at
// the commit, as Messages does. If it is called again in the same request, it
// returns the same value, shared and not copied, or one Put since. One that
// cannot be decoded into a T counts as none, with an Unreadable event.
func (v Value[T]) Get(s *session.Session) (T, bool) {
	v.check()
	if pages.Get(s) == nil && len(v.key.Get(s)) == 0 {
		return *new(T), false
	}
	p := pageOf(s)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.follow(s)
	was, _ := p.values[v.name].held.(held[T])
	if list := v.key.Get(s); len(list) > 0 && list[0].Mark != was.Mark {
		was = list[0]
		if !keeping.Get(s) {
			was = v.spend(s, was)
		}
		if p.values == nil {
			p.values = map[string]reading{}
		}
		p.values[v.name] = reading{was, v.restorer(was)}
	}
	return was.Value, was.Mark != ""
}

// spend has the value that was read removed, and returns it: as with messages.
func (v Value[T]) spend(s *session.Session, read held[T]) held[T] {
	if s.ID() == "" {
		if list, ok := v.key.Take(s); ok && len(list) > 0 {
			return list[0]
		}
	}
	v.key.Update(s, func(list []held[T]) []held[T] {
		if len(list) > 0 && list[0].Mark != read.Mark {
			return list
		}
		return []held[T]{}
	})
	return read
}

func (v Value[T]) restorer(was held[T]) func(*session.Session) {
	return func(s *session.Session) {
		v.key.Update(s, func(list []held[T]) []held[T] {
			if len(list) > 0 {
				return list // a newer one
			}
			return []held[T]{was}
		})
	}
}
