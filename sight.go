package session

import (
	"math/bits"
	"slices"
	"strings"

	"github.com/sojourn-go/session/internal/record"
)

// read returns the value under name as encoded, and remembers that the
// request has seen it.
func (s *Session) read(name string) (value []byte, ok bool) {
	s.enter()
	defer s.leave()
	if s.work == nil || s.work.view == nil {
		if s.standing != live {
			return nil, false
		}
		i, value, ok := s.rec().Find(name)
		if ok && i < 64 {
			s.looked |= 1 << i
		} else {
			s.remember(name, value, ok)
		}
		return value, ok
	}
	value, ok = s.work.view.get(name)
	s.remember(name, value, ok)
	return value, ok
}

func (s *Session) remember(name string, value []byte, ok bool) {
	if s.standing != live {
		return // nobody else can change what is not stored yet
	}
	w := s.extra()
	if w.sights == nil {
		w.sights = map[string]sight{}
	}
	w.sights[name] = sight{value: value, ok: ok}
}

// sightOf returns what the request knows of the value under name; nil if it
// has never looked.
func (s *Session) sightOf(name string) *sight {
	if s.standing != live || s.work == nil {
		return nil
	}
	if known, ok := s.work.sights[name]; ok {
		return s.sighted(known.value, known.ok)
	}
	i, _, ok := s.work.at.Find(name)
	if !ok || i >= 64 || s.looked&(1<<i) == 0 {
		return nil
	}
	value, ok := s.work.view.get(name)
	return s.sighted(value, ok)
}

func (s *Session) sighted(value []byte, ok bool) *sight {
	return &sight{value: value, ok: ok, from: s.witness()}
}

// witness returns the position of the call that may be about to overwrite what
// others wrote, if there is anybody to tell of it. To find it out costs half as
// much as a read.
func (s *Session) witness() *position {
	if s.m.opts.Observe == nil && !s.m.opts.Strict {
		return nil
	}
	return caller()
}

func (s *Session) everything() (values []record.Change) {
	s.enter()
	defer s.leave()
	if d := s.peek(); d != nil {
		for name, value := range d.all() {
			s.remember(name, value, true)
			values = append(values, record.Change{Name: name, Value: append([]byte(nil), value...)})
		}
	}
	slices.SortFunc(values, func(a, b record.Change) int { return strings.Compare(a.Name, b.Name) })
	return values
}

// rebase makes d what the request sees, with the pending changes on top of it,
// and keeps in mind what it had seen before and is not so any more.
func (s *Session) rebase(d *draft) {
	w := s.extra()
	old := w.view
	if old == nil {
		old = s.seen()
	}
	var sights map[string]sight
	if s.looked != 0 || len(w.sights) > 0 {
		sights = map[string]sight{}
	}
	for name := range w.sights {
		value, ok := old.get(name)
		sights[name] = sight{value: value, ok: ok}
	}
	for i := range min(w.at.Len(), 64) {
		if s.looked&(1<<i) != 0 {
			name, _ := w.at.At(i)
			value, ok := old.get(string(name))
			sights[string(name)] = sight{value: value, ok: ok}
		}
	}
	for i := range w.list {
		w.list[i].show(d)
	}
	w.view, w.at, s.looked, w.sights = d, d.base, 0, sights
}

// carry has the request go on with its record as it is now. What it has looked
// at in the one before, it knows: this one differs by its own changes only.
func (s *Session) carry(before record.Record) {
	w, looked, sights := s.work, s.looked, s.work.sights
	s.looked, w.sights = 0, nil
	know := func(name string) {
		i, value, ok := s.rec().Find(name)
		if ok && i < 64 {
			s.looked |= 1 << i
		} else {
			s.remember(name, value, ok)
		}
	}
	for looked != 0 {
		know(string(before.NameAt(bits.TrailingZeros64(looked))))
		looked &= looked - 1
	}
	for name := range sights {
		know(name)
	}
}

// A sight is what a request knew of a value, or of all of them, and where in
// the application it was about to overwrite it.
type sight struct {
	value []byte
	ok    bool
	all   *draft
	from  *position
}
