package session

import (
	"bytes"
	"iter"
	"time"

	"github.com/sojourn-go/session/internal/record"
)

// How long a tombstone is kept, and how long a replaced secret is recognised:
// longer than any request that may still be under way with it.
const aftermath = 2 * time.Minute

// A draft is a record being changed: a base, and what was done to it since.
// The view that a request has of its session is one; what a commit builds is
// another. It decides nothing and does no I/O.
type draft struct {
	base    record.Record
	own     *record.Header // nil: the base's header, but for
	used    int64          // the latest use, Unix ms
	room    *record.Header // for own
	owner   string
	exists  bool // there is such a record, or will be
	corrupt bool // what is there is no record
	cleared bool // nothing of the base's values is left
	over    []record.Change
	few     [1]record.Change // room for the first of over
	index   map[string]int   // name -> place in over, once there are many
}

// With more changes than this a draft looks them up in a map.
const manyChanges = 12

// begin makes an empty draft one of a session that begins now.
func (d *draft) begin(now int64, o *Options) {
	h := d.header()
	h.Kind = record.Session
	h.Created, h.Seen = now, now
	d.restart(now, o.Idle, o.Lifetime)
	h.Generation = 1
}

// restart sets both clocks.
func (d *draft) restart(now int64, idle, lifetime time.Duration) {
	h := d.header()
	h.Seen = max(h.Seen, now)
	h.Idle, h.Lifetime, h.End = 0, 0, 0
	if idle > 0 {
		h.Idle = idle.Milliseconds()
	}
	if lifetime > 0 {
		h.Lifetime = lifetime.Milliseconds()
		h.End = now + h.Lifetime
	}
}

// header returns the header to be changed. Most drafts change values only: they
// need none of their own, and read the base's.
func (d *draft) header() *record.Header {
	if d.own == nil {
		d.own, d.room = d.room, nil
		if d.own == nil {
			d.own = new(record.Header)
		}
		*d.own = d.base.Header()
		d.own.Seen = max(d.own.Seen, d.used)
	}
	return d.own
}

func (d *draft) kind() record.Kind {
	if d.own != nil {
		return d.own.Kind
	}
	return d.base.Kind()
}

func (d *draft) persistent() bool {
	if d.own != nil {
		return d.own.Persistent
	}
	return d.base.Persistent()
}

func (d *draft) generation() uint64 {
	if d.own != nil {
		return d.own.Generation
	}
	return d.base.Generation()
}

// lapse notes that a login is stale, if it is for a request that came at arrival:
// before the use is noted, which hides it.
func (d *draft) lapse(arrival int64) {
	if !d.persistent() {
		return
	}
	if since := staleSince(d.header(), arrival); since != 0 {
		makeStale(d.header(), since)
	}
}

// use notes a use, which never moves an end earlier.
func (d *draft) use(now int64) {
	if d.own != nil {
		d.own.Seen = max(d.own.Seen, now)
	}
	d.used = max(d.used, now)
}

func (d *draft) logicalEnd() int64 {
	if d.own != nil {
		return logicalEnd(d.own)
	}
	r := d.base
	return earliest(r.End(), r.Idle(), max(r.Seen(), d.used), r.Persistent())
}

func (d *draft) clone() *draft {
	c := *d
	c.room = nil
	if d.own != nil {
		own := *d.own
		c.own = &own
	}
	c.over = append(make([]record.Change, 0, len(d.over)+1), d.over...)
	c.index = nil
	return &c
}

// place returns where in over the name stands, or -1.
func (d *draft) place(name string) int {
	if len(d.over) <= manyChanges {
		for i := range d.over {
			if d.over[i].Name == name {
				return i
			}
		}
		return -1
	}
	if d.index == nil {
		d.index = make(map[string]int, 2*len(d.over))
		for i := range d.over {
			d.index[d.over[i].Name] = i
		}
	}
	if i, ok := d.index[name]; ok {
		return i
	}
	return -1
}

func (d *draft) get(name string) ([]byte, bool) {
	if i := d.place(name); i >= 0 {
		return d.over[i].Value, !d.over[i].Delete
	}
	if d.cleared {
		return nil, false
	}
	_, value, ok := d.base.Find(name)
	return value, ok
}

func (d *draft) put(c record.Change) {
	if i := d.place(c.Name); i >= 0 {
		d.over[i] = c
		return
	}
	if d.over == nil {
		d.over = d.few[:0]
	}
	d.over = append(d.over, c)
	if d.index != nil {
		d.index[c.Name] = len(d.over) - 1
	}
}

func (d *draft) set(name string, value []byte) { d.put(record.Change{Name: name, Value: value}) }

func (d *draft) remove(name string) { d.put(record.Change{Name: name, Delete: true}) }

func (d *draft) clear() { d.cleared, d.over, d.index = true, nil, nil }

// all yields every value, in no particular order.
func (d *draft) all() iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		if !d.cleared {
			for i := range d.base.Len() {
				raw, value := d.base.At(i)
				if name := string(raw); d.place(name) < 0 && !yield(name, value) {
					return
				}
			}
		}
		for _, c := range d.over {
			if !c.Delete && !yield(c.Name, c.Value) {
				return
			}
		}
	}
}

func (d *draft) empty() bool {
	for range d.all() {
		return false
	}
	return true
}

// size is at least what the record will take.
func (d *draft) size() int {
	n := len(d.base.Bytes()) + 512
	for i := range d.over {
		n += len(d.over[i].Name) + len(d.over[i].Value) + 16
	}
	return n
}

func (d *draft) build() record.Record {
	return record.BuildRecord(d.base, d.header(), d.cleared, d.over)
}

// next returns the record it comes to with a Save, and whether it is another
// than the base.
func (d *draft) next(stamp uint64) (record.Record, bool) {
	if d.own == nil && !d.cleared {
		return record.Patch(d.base, d.used, stamp, d.over)
	}
	return record.Next(d.base, d.header(), stamp, d.cleared, d.over)
}

// end makes a tombstone of it. Secrets and stamps stay, so that who comes with
// the token of the ended session is told so, and nobody else is.
func (d *draft) end() {
	d.clear()
	d.header().Kind = record.Ended
}

func (d *draft) ended() bool { return !d.exists || d.kind() == record.Ended }

// expires is when the store may clear the record away: a while after the
// logical end, so that no clock skew or slow commit loses a live session.
func (d *draft) expires(now time.Time, timeout time.Duration) time.Time {
	if d.kind() == record.Ended {
		return now.Add(aftermath)
	}
	end := d.logicalEnd()
	if end == 0 {
		return time.Time{}
	}
	return time.UnixMilli(end).Add(timeout + time.Minute)
}

// logicalEnd returns when a session ends if it is not used again, in Unix ms;
// 0 is never.
func logicalEnd(h *record.Header) int64 { return earliest(h.End, h.Idle, h.Seen, h.Persistent) }

func earliest(end, idle, seen int64, persistent bool) int64 {
	if idle != 0 && !persistent && (end == 0 || seen+idle < end) {
		return seen + idle
	}
	return end
}

// over reports whether a session is over at now, by time alone.
func over(h *record.Header, now int64) bool {
	return past(logicalEnd(h), now)
}

func past(end, now int64) bool { return end != 0 && now >= end }

// touchDue reports whether a use at now is worth a write.
func touchDue(r record.Record, now int64) bool {
	return r.Idle() != 0 && now-r.Seen() >= max(1, r.Idle()/10)
}

func instant(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

func same(a []byte, aok bool, b []byte, bok bool) bool {
	return aok == bok && (!aok || bytes.Equal(a, b))
}
