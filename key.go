package session

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

// A Key is the typed name of a value in sessions. Keys are usually package
// variables:
//
//	var userID = session.NewKey[int64]("user_id")
//
// Every value that a Key gives is the caller's own copy, and every value it is
// given is encoded at once: what becomes of it afterwards does not matter.
type Key[T any] struct{ name string }

// NewKey returns the key of the values named name, of 1 to 255 bytes of UTF-8.
// It panics on any other name.
func NewKey[T any](name string) Key[T] {
	if name == "" || len(name) > 255 || !utf8.ValidString(name) {
		panic(fmt.Sprintf("session: NewKey(%q): a name has 1 to 255 bytes of UTF-8", name))
	}
	return Key[T]{name}
}

// check panics for a Key that nobody made, before it names a value "".
func (k Key[T]) check() {
	if k.name == "" {
		panic("session: a Key that NewKey did not make: is a field or variable not initialised?")
	}
}

// Get returns the value, or the zero T if there is none, or none that a T can
// be read from.
func (k Key[T]) Get(s *Session) T {
	v, _ := k.Lookup(s)
	return v
}

// Lookup returns the value, and whether there is one. One that cannot be
// decoded into a T counts as none, with an Unreadable event.
func (k Key[T]) Lookup(s *Session) (T, bool) {
	k.check()
	v, _, ok := k.look(s)
	return v, ok
}

// look returns the value, also as encoded.
func (k Key[T]) look(s *Session) (v T, raw []byte, ok bool) {
	if raw, ok = s.read(k.name); !ok {
		return v, nil, false
	}
	v, err := decode[T](s.m.opts.Codec, raw)
	if err != nil {
		s.undecodable(k.name, err)
		return *new(T), nil, false
	}
	return v, raw, true
}

// Set sets the value. A Set of what the value already is writes nothing. If
// this request had read the value, and another one has changed it since, that
// is an Overwritten event or, with Options.Strict, an error of the commit.
// A value that cannot be encoded makes the commit fail.
func (k Key[T]) Set(s *Session, v T) {
	k.check()
	raw, err := encode(s.m.opts.Codec, v)
	if err != nil {
		s.spoil(k.name, fmt.Errorf("session: key %q: %w", k.name, err))
		return
	}
	s.write(change{verb: doSet, name: k.name, value: raw})
}

// Delete deletes the value. It is to others' changes what Set is.
func (k Key[T]) Delete(s *Session) {
	k.check()
	s.write(change{verb: doDelete, name: k.name})
}

// Update sets the value to what f makes of it, and returns that. It is
// provisional until the commit: if another request has written meanwhile, f
// runs again on the newer value, so that no update is lost. So f must be pure,
// as with Clojure's swap!. It may run in another goroutine, whose end (by
// runtime.Goexit, as testing.T.FailNow does) would be another request's, and
// it must not commit the session it works for. f gets the zero T if there is no
// value. A value that cannot be decoded makes the commit fail. A change that
// comes too late is none: Update returns the value as it is.
func (k Key[T]) Update(s *Session, f func(T) T) T {
	v, _ := k.update(s, doUpdate, func(v T) (T, error) { return f(v), nil })
	return v
}

// TryUpdate is Update with a function that may refuse. If it does, TryUpdate
// returns the value as it is and f's error, and changes nothing. If it refuses
// only upon the newer value found at the commit, the commit fails with
// ErrRefused wrapping f's error. A change that comes too late is ErrLate.
func (k Key[T]) TryUpdate(s *Session, f func(T) (T, error)) (T, error) {
	return k.update(s, doTry, f)
}

// errRefusal marks the application's own error on its way through a change.
type errRefusal struct{ error }

func (k Key[T]) update(s *Session, v verb, f func(T) (T, error)) (T, error) {
	k.check()
	codec := s.m.opts.Codec
	again := func(cur []byte, ok bool) ([]byte, error) {
		_, _, raw, err := k.run(codec, f, cur, ok)
		if r, refused := errors.AsType[errRefusal](err); refused {
			return nil, fmt.Errorf("%w: key %q: %w", ErrRefused, k.name, r.error)
		}
		return raw, err
	}
	for {
		cur, ok := s.value(k.name)
		old, next, raw, err := k.run(codec, f, cur, ok)
		if r, refused := errors.AsType[errRefusal](err); refused {
			return old, r.error
		}
		if err != nil {
			s.spoil(k.name, err)
			return old, err
		}
		// Another goroutine of this request may have been faster.
		switch still, recorded := s.changeIf(change{verb: v, name: k.name, value: raw, fn: again}, cur, ok); {
		case recorded:
			return next, nil
		case still:
			return old, ErrLate
		}
	}
}

// run applies f to a value as encoded.
func (k Key[T]) run(codec Codec, f func(T) (T, error), cur []byte, ok bool) (old, next T, raw []byte, err error) {
	if ok {
		if old, err = decode[T](codec, cur); err != nil {
			return old, old, nil, fmt.Errorf("session: key %q: %w", k.name, err)
		}
	}
	if next, err = f(old); err != nil {
		return old, next, nil, errRefusal{err}
	}
	if raw, err = encode(codec, next); err != nil {
		return old, next, nil, fmt.Errorf("session: key %q: %w", k.name, err)
	}
	return old, next, raw, nil
}

// Take returns the value and deletes it, for one-time values. However many
// requests take it at once, one keeps it: the commits of the others fail with
// ErrTaken. So does that of one whose value was changed meanwhile.
func (k Key[T]) Take(s *Session) (T, bool) {
	k.check()
	for {
		v, raw, ok := k.look(s)
		if !ok {
			return v, false
		}
		switch still, recorded := s.changeIf(change{verb: doTake, name: k.name, value: raw}, raw, ok); {
		case recorded:
			return v, true
		case still:
			return *new(T), false // too late: it is not spent
		}
	}
}
