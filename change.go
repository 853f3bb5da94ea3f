package session

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/sojourn-go/session/cookie"
	"github.com/sojourn-go/session/internal/record"
)

type verb uint8

const (
	doSet verb = iota
	doDelete
	doUpdate
	doTry
	doTake
	doClear
	doLogin
	doRenew
	doStepUp
	doEnd
	doCookie
)

// A change is one thing that a request did to its session. It is shown to the
// request at once, and applied to the record at the commit, to a newer one too
// if it comes to that.
type change struct {
	verb  verb
	name  string
	value []byte // Set: to what; Update, TryUpdate: the provisional outcome; Take: what was handed out
	fn    func(cur []byte, ok bool) ([]byte, error)
	saw   *sight // what the request knew when it wrote, if it had looked
	*particulars
}

// The particulars of a change are what Login, StepUp and SetCookie say besides.
type particulars struct {
	owner string // Login
	terms Terms  // Login, StepUp (the level)
	when  int64  // Login, StepUp: Unix ms
	attrs cookie.Attrs

	client []byte // Login: what is recorded of it
}

// rekeys reports whether the change gives the session a new secret and
// generation.
func (c *change) rekeys() bool {
	return c.verb == doLogin || c.verb == doRenew || c.verb == doStepUp
}

// checked reports whether the change is a claim upon the record that must hold
// even if the session ends afterwards.
func (c *change) checked() bool {
	return c.verb == doTake || c.verb == doTry
}

// plain reports whether what the change does to the record is to one value, or
// nothing that a request can see.
func (c *change) plain() bool {
	switch c.verb {
	case doClear, doLogin, doStepUp, doEnd:
		return false
	}
	return true
}

// shown returns the value of a plain change.
func (c *change) shown() ([]byte, bool) {
	if c.verb == doDelete || c.verb == doTake {
		return nil, false
	}
	return c.value, true
}

// show applies the change to what the request sees.
func (c *change) show(d *draft) {
	switch c.verb {
	case doSet, doUpdate, doTry:
		d.set(c.name, c.value)
	case doDelete, doTake:
		d.remove(c.name)
	case doClear:
		d.clear()
	default:
		c.applyToHead(d)
	}
}

// A replay is one application of a request's changes to a record.
type replay struct {
	first  bool // upon the record that the request saw: what it was shown holds
	strict bool
	notes  []Event // overwritten values
}

// apply applies the change to the record that is being saved.
func (c *change) apply(d *draft, r *replay) error {
	switch c.verb {
	case doSet, doDelete:
		return r.write(c, d)
	case doUpdate, doTry:
		next := c.value
		if !r.first {
			var err error
			if next, err = c.fn(d.get(c.name)); err != nil {
				return err
			}
		}
		d.set(c.name, next)
	case doTake:
		cur, ok := d.get(c.name)
		if !ok || !bytes.Equal(cur, c.value) {
			return fmt.Errorf("%w: key %q", ErrTaken, c.name)
		}
		d.remove(c.name)
	case doClear:
		return r.clear(c, d)
	default:
		c.applyToHead(d)
	}
	return nil
}

// write does a Set or Delete, and notes if it overwrites what was not seen.
func (r *replay) write(c *change, d *draft) error {
	if c.saw != nil {
		if cur, ok := d.get(c.name); !same(cur, ok, c.saw.value, c.saw.ok) {
			if err := r.note(c, c.name); err != nil {
				return err
			}
		}
	}
	c.show(d)
	return nil
}

func (r *replay) clear(c *change, d *draft) error {
	for name, value := range d.all() {
		if known, ok := c.saw.all.get(name); !same(value, true, known, ok) {
			if err := r.note(c, name); err != nil {
				return err
			}
		}
	}
	d.clear()
	return nil
}

func (r *replay) note(c *change, name string) error {
	from := c.saw.from.String()
	if r.strict {
		return fmt.Errorf("%w: key %q, at %s", ErrOverwritten, name, from)
	}
	r.notes = append(r.notes, Event{Kind: Overwritten, Key: name, Caller: from})
	return nil
}

// applyToHead applies what is about the session and not about its values.
func (c *change) applyToHead(d *draft) {
	switch c.verb {
	case doLogin:
		h := d.header()
		if d.owner != "" && d.owner != c.owner {
			d.clear() // another owner in the same browser inherits nothing
		}
		d.owner, d.exists = c.owner, true
		h.Kind = record.Session
		h.Authenticated = c.when
		h.Level = uint8(c.terms.Level)
		h.Persistent = c.terms.Remember
		makeRecent(h)
		h.Extend(record.ExtClient, c.client)
		d.restart(c.when, c.terms.Idle, c.terms.Lifetime)
	case doStepUp:
		h := d.header()
		h.Authenticated = c.when
		h.Level = uint8(c.terms.Level)
		h.Seen = max(h.Seen, c.when)
		keepTo(h, c.terms)
		makeRecent(h)
		if h.Lifetime != 0 {
			h.End = c.when + h.Lifetime
		}
	}
}

// A changes is a request's list.
type changes []change

func (l changes) has(is func(*change) bool) bool {
	for i := range l {
		if is(&l[i]) {
			return true
		}
	}
	return false
}

func (l changes) last(v verb) int {
	for i := range slices.Backward(l) {
		if l[i].verb == v {
			return i
		}
	}
	return -1
}

// beyond returns where in the list that begins which can be kept though its
// session is over. An End of what has ended succeeds, and what follows it was
// made anew, upon an empty session; a Login begins a new session with what was
// set after it.
func (l changes) beyond(why error) (cut int, anew, ok bool) {
	cut = l.last(doEnd) + 1
	if cut > 0 && errors.Is(why, ErrEnded) && !l[:cut-1].has((*change).checked) {
		return cut, true, true
	}
	if i := l[cut:].last(doLogin); i >= 0 {
		return cut + i, false, true
	}
	return 0, false, false
}

// closes reports whether the list settles who may write from then on.
func (l changes) closes() bool {
	return l.has(func(c *change) bool { return c.rekeys() || c.verb == doEnd })
}
