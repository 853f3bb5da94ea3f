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
	if s.work == nil || s.work.view == nil && len(s.work.list) == 0 {
		if !s.stands() {
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
	value, ok = s.peekValue(name)
	s.remember(name, value, ok)
	return value, ok
}

// seen returns the draft that the request sees, to be changed by it.
func (s *Session) seen() *draft {
	w := s.extra()
	if w.view != nil {
		return w.view
	}
	d := &draft{}
	if s.stands() {
		cur := s.saved()
		cur.begin(d)
	} else {
		d.begin(s.arrival, &s.m.opts)
	}
	for i := range w.list {
		w.list[i].show(d)
	}
	w.view = d
	return d
}

// peek returns the same for reading; nil if there is nothing to see.
func (s *Session) peek() *draft {
	if s.stands() || s.work != nil && (s.work.view != nil || len(s.work.list) > 0) {
		return s.seen()
	}
	return nil
}

// peekValue returns the value under name. For few changes of values no draft is
// made: what the last one of the name says is what the request sees.
func (s *Session) peekValue(name string) ([]byte, bool) {
	if w := s.work; w != nil {
		if w.view != nil {
			return w.view.get(name)
		}
		for i := len(w.list) - 1; i >= 0; i-- {
			if c := &w.list[i]; c.name == name {
				return c.shown()
			}
		}
	}
	_, value, ok := s.rec().Find(name)
	return value, ok
}

// show shows a change in the draft that the request sees.
func (s *Session) show(c *change) {
	d := s.seen()
	c.show(d)
	if d.cleared && len(d.over) == 0 {
		s.looked, s.work.sights = 0, nil // nothing is left that it could have seen
	}
}

// attentive reports whether it matters what the request has looked at: only if
// its overwriting something else would be heard of.
func (s *Session) attentive() bool { return s.m.opts.Observe != nil || s.m.opts.Strict }

func (s *Session) remember(name string, value []byte, ok bool) {
	if !s.stands() || !s.attentive() { // what is not stored yet, nobody else can change
		return
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
	if !s.stands() || !s.attentive() {
		return nil
	}
	if s.work != nil {
		if known, ok := s.work.sights[name]; ok {
			return &sight{value: known.value, ok: known.ok, from: caller()}
		}
	}
	i, _, ok := s.base().Find(name)
	if !ok || i >= 64 || s.looked&(1<<i) == 0 {
		return nil
	}
	value, ok := s.peekValue(name)
	return &sight{value: value, ok: ok, from: caller()}
}

// base is the record that what the request has looked at is counted in.
func (s *Session) base() record.Record {
	if s.work != nil && s.work.view != nil {
		return s.work.view.base
	}
	return s.rec()
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
	for i := range min(old.base.Len(), 64) {
		if s.looked&(1<<i) != 0 {
			name, _ := old.base.At(i)
			value, ok := old.get(string(name))
			sights[string(name)] = sight{value: value, ok: ok}
		}
	}
	for i := range w.list {
		w.list[i].show(d)
	}
	w.view, s.looked, w.sights = d, 0, sights
}

// carry has the request go on with its record as it is now. What it has looked
// at in the one before, it knows: this one differs by its own changes only.
func (s *Session) carry(before record.Record) {
	w, looked, sights := s.work, s.looked, s.work.sights
	s.looked, w.sights = 0, nil
	if !s.attentive() {
		return
	}
	for ; looked != 0; looked &= looked - 1 {
		name := before.NameAt(bits.TrailingZeros64(looked))
		if i, value, ok := s.rec().Find(string(name)); ok && i < 64 {
			s.looked |= 1 << i
		} else {
			s.remember(string(name), value, ok)
		}
	}
	for name := range sights {
		_, value, ok := s.rec().Find(name)
		s.remember(name, value, ok)
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
