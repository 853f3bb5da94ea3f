package session

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"time"

	"github.com/sojourn-go/session/internal/record"
)

// The owner record: one record per owner, of another kind, under an id that no
// token can spell. Its generation is the owner's epoch, its values are the ids
// of the owner's sessions. So no store needs an index, and limits and "end all"
// are exact on every one.

// ownerID returns the id of an owner's record. It contains a '.', and does not
// depend on what a store may do to the text of an owner.
func ownerID(owner string) string {
	sum := sha256.Sum256([]byte(owner))
	return "owner." + base64.RawURLEncoding.EncodeToString(sum[:])
}

// isOwnerID reports whether an id is not a session's.
func isOwnerID(id string) bool { return len(id) != idLen }

// An entry is what the owner record says of one session.
type entry struct {
	id     string
	since  int64 // Unix ms of the login
	end    int64 // Unix ms of its lifetime's end; 0: never
	ending bool  // it is being ended, and no more to be counted
}

const entrySize = 17

func (e entry) encode() []byte {
	b := make([]byte, 0, entrySize)
	b = binary.LittleEndian.AppendUint64(b, uint64(e.since))
	b = binary.LittleEndian.AppendUint64(b, uint64(e.end))
	if e.ending {
		return append(b, 1)
	}
	return append(b, 0)
}

// entriesOf returns what the record lists, the oldest login first.
func entriesOf(d *draft) (list []entry) {
	for id, b := range d.all() {
		if len(b) != entrySize {
			continue
		}
		list = append(list, entry{
			id:     id,
			since:  int64(binary.LittleEndian.Uint64(b)),
			end:    int64(binary.LittleEndian.Uint64(b[8:])),
			ending: b[16] != 0,
		})
	}
	slices.SortFunc(list, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.since, b.since), cmp.Compare(a.id, b.id))
	})
	return list
}

// An ownerJob is one change of an owner record.
type ownerJob struct {
	job
	owner  string
	now    int64
	reads  bool  // changes nothing in a record that is there
	keep   int64 // how long the record outlives this change, ms; 0: for ever
	change func(d *draft) error
}

func (m *Manager) newOwnerJob(lim *limit, owner string, change func(*draft) error) *ownerJob {
	j := &ownerJob{owner: owner, now: time.Now().UnixMilli(), change: change}
	j.decider = j
	j.id, j.lim, j.durable = ownerID(owner), lim, true
	if m.opts.Lifetime > 0 {
		j.keep = max(m.opts.Lifetime, 24*time.Hour).Milliseconds()
	}
	return j
}

// decide begins the record if there is none. An epoch must never repeat, even
// if the record was away for a while: so it begins at random.
func (j *ownerJob) decide(d *draft) error {
	if !d.exists {
		*d = draft{owner: j.owner, exists: true}
		d.head.Kind = record.Owner
		d.head.Created = j.now
		d.head.Generation = randomEpoch()
	} else if j.reads {
		return j.change(d)
	}
	for _, e := range entriesOf(d) {
		if e.end != 0 && e.end <= j.now {
			d.remove(e.id)
		}
	}
	if err := j.change(d); err != nil {
		return err
	}
	d.head.Seen = max(d.head.Seen, j.now)
	d.head.End = 0
	if j.keep != 0 {
		d.head.End = j.now + j.keep
		for _, e := range entriesOf(d) {
			if e.end == 0 {
				d.head.End = 0
				break
			}
			d.head.End = max(d.head.End, e.end)
		}
	}
	return nil
}

func randomEpoch() uint64 {
	var b [8]byte
	rand.Read(b[:])
	return binary.LittleEndian.Uint64(b[:])>>1 | 1
}

// settleLogin is what a login needs besides its session's Save: its place in
// the owner record. Until that is kept no cookie has been sent, so a failure
// undoes the login, and nobody is the wiser.
func (m *Manager) settleLogin(ctx context.Context, c *commit, o *outcome) error {
	i := c.list.last(doLogin)
	var err error
	switch {
	case c.verdict() != nil:
		err = c.verdict()
	case i >= 0:
		err = m.enroll(ctx, c, c.list[i].terms.AtEpoch, o)
	case c.list.last(doStepUp) >= 0:
		err = m.enroll(ctx, c, 0, o) // its end has moved
	}
	if err != nil {
		m.undo(ctx, c)
	}
	return err
}

// How many of an owner's oldest sessions a login over the limit looks at, to
// tell those that ended from those that it must end.
const maxLooks = 32

var errCrowded = errors.New("session: the owner's oldest sessions are to be looked at")

// enroll adds the session to its owner's record, and ends the oldest over the
// limit.
func (m *Manager) enroll(ctx context.Context, c *commit, epoch uint64, o *outcome) error {
	head := c.saved.rec.Header()
	e := entry{id: c.id, since: head.Authenticated, end: head.End}
	en := &enrolment{entry: e, epoch: epoch, limit: m.opts.Limit, gone: map[string]bool{}}
	for {
		lim := c.lim.again()
		j := m.newOwnerJob(lim, c.owner(), en.change)
		m.queues.commit(&j.job)
		if !errors.Is(j.err, errCrowded) {
			if err := j.verdict(); err != nil {
				return err
			}
			return m.evict(ctx, c, en.evict, o)
		}
		lim = c.lim.again()
		for _, x := range en.crowd[:min(maxLooks, len(en.crowd))] {
			en.gone[x.id] = m.gone(lim, x.id, c.owner())
		}
		lim.release()
	}
}

// An enrolment puts a session on its owner's list.
type enrolment struct {
	entry
	epoch uint64 // that it is held to; 0: none
	limit int
	gone  map[string]bool // the oldest, and whether they are over; empty: nobody has looked

	crowd, evict []entry // of the last decision: who is there already, and who must go
}

func (en *enrolment) change(d *draft) error {
	en.crowd, en.evict = nil, nil
	if en.epoch != 0 && d.head.Generation != en.epoch {
		return ErrEpoch
	}
	e := en.entry
	for _, x := range entriesOf(d) {
		switch {
		case x.id == e.id:
			// Should this login be undone, the session has its former end.
			if x.end == 0 || e.end != 0 && x.end > e.end {
				e.end = x.end
			}
		case en.gone[x.id]:
			d.remove(x.id)
		default:
			en.crowd = append(en.crowd, x)
		}
	}
	d.set(e.id, e.encode())
	excess := len(en.crowd) + 1 - en.limit
	if excess > 0 && len(en.gone) == 0 {
		return errCrowded
	}
	for _, x := range en.crowd[:max(0, min(excess, len(en.crowd)))] {
		x.ending = true
		d.set(x.id, x.encode())
		en.evict = append(en.evict, x)
	}
	return nil
}

// gone reports whether a session on an owner's list is over for the owner. If
// that cannot be found out, it is not. One that bears another name does not
// come back to the owner by the undoing of a login (see ending).
func (m *Manager) gone(ctx context.Context, id, owner string) bool {
	cur, err := m.queues.load(ctx, id)
	head := cur.head()
	switch {
	case err != nil:
		return false
	case !cur.exists || head.Kind != record.Session || over(&head, time.Now().UnixMilli()):
		return true
	case cur.owner != owner:
		_, err := m.endOne(ctx, id, owner, keptAway)
		return errors.Is(err, ErrNotFound)
	}
	return false
}

// alive reports whether a record is that of a session of owner's that goes on.
func (s *saved) alive(owner string) bool {
	head := s.rec.Header()
	return s.exists && head.Kind == record.Session && s.owner == owner && !over(&head, time.Now().UnixMilli())
}

// evict ends the sessions that had to make room.
func (m *Manager) evict(ctx context.Context, c *commit, list []entry, o *outcome) error {
	for _, x := range list {
		ended, err := m.endOne(ctx, x.id, c.owner(), ownersNow)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		if ended {
			o.events = append(o.events, Event{Kind: Evicted, ID: x.id, Owner: c.owner()})
		}
	}
	return nil
}

// undo takes a login or renewal back that was saved and must not stand. A
// session that it created is ended. One that it changed gets its previous
// record back, if it has not changed since.
func (m *Manager) undo(ctx context.Context, c *commit) {
	err := m.restore(ctx, c)
	if err != nil {
		_, err = m.endOne(ctx, c.id, "", anybodys)
	}
	if err != nil && !errors.Is(err, ErrNotFound) {
		m.report(ctx, slog.LevelError, "session: a login that failed could not be undone; nobody holds its token",
			Event{Kind: Failed, ID: c.id, Owner: c.owner(), Err: err})
	}
}

var errMoved = errors.New("session: the record has changed since")

// restore puts back what the list was applied to. Whoever ends sessions of the
// owner before, and finds this one under the name of another, changes the
// record (see ending), so that it does not come back behind their back.
func (m *Manager) restore(ctx context.Context, c *commit) error {
	if c.before == nil || !c.exact {
		return errMoved
	}
	r := &restoring{to: c.before, from: c.saved}
	r.decider = r
	r.id, r.base, r.lim, r.closes, r.durable = c.id, c.saved, newLimit(ctx, m.opts.Timeout), true, true
	m.queues.commit(&r.job)
	return r.err
}

type restoring struct {
	job
	to   *draft
	from *saved
}

func (r *restoring) decide(d *draft) error {
	if !bytes.Equal(d.base.Bytes(), r.from.rec.Bytes()) {
		return errMoved
	}
	was, h := &r.to.head, &d.head
	h.Kind, h.Persistent, h.Level = was.Kind, was.Persistent, was.Level
	h.Created, h.Authenticated, h.Seen = was.Created, was.Authenticated, was.Seen
	h.End, h.Idle, h.Lifetime = was.End, was.Idle, was.Lifetime
	h.Generation, h.Secret = was.Generation, was.Secret
	d.owner = r.to.owner
	d.clear()
	for name, value := range r.to.all() {
		d.set(name, value)
	}
	return nil
}

// A whose says whose session an ending may end.
type whose uint8

const (
	owners    whose = iota // the owner's, and no other
	ownersNow              // the same, and it must not become the owner's again
	keptAway               // nobody's, but it must not become the owner's again
	anybodys
)

// An ending makes a tombstone of a session, if it is the right owner's.
//
// A session that is on an owner's list and bears another name may be in the
// middle of a login which will fail, and be undone. ownersNow and keptAway
// therefore write to it, changing nothing: then what undoes the login finds that the record has
// moved, and ends it.
type ending struct {
	job
	owner string
	whose whose
	now   int64

	found, ended bool // of the last decision
}

func (e *ending) decide(d *draft) error {
	e.found, e.ended, e.forced = false, false, false
	if !d.exists || d.head.Kind == record.Owner {
		return nil
	}
	if e.whose != anybodys && d.owner != e.owner {
		e.forced = e.whose != owners && d.head.Kind == record.Session
		return nil
	}
	if e.found = true; e.whose == keptAway {
		return nil
	}
	if d.head.Kind == record.Session {
		e.ended = !over(&d.head, e.now)
		d.end()
	}
	return nil
}

// endOne ends a session, and reports whether it was alive.
func (m *Manager) endOne(ctx context.Context, id, owner string, w whose) (bool, error) {
	if isOwnerID(id) {
		return false, ErrNotFound
	}
	e := &ending{owner: owner, whose: w, now: time.Now().UnixMilli()}
	e.decider = e
	e.id, e.lim, e.closes, e.durable = id, newLimit(ctx, m.opts.Timeout), true, true
	m.queues.commit(&e.job)
	switch {
	case e.verdict() != nil:
		return false, e.verdict()
	case !e.found:
		return false, ErrNotFound
	}
	return e.ended, nil
}

// Epoch returns the owner's epoch, which EndAll raises. Read it together with
// what proves who the visitor is, and give it to LoginWith as Terms.AtEpoch:
// then a login which checked the old password does not survive its change.
func (m *Manager) Epoch(ctx context.Context, owner string) (uint64, error) {
	if err := errors.Join(ctx.Err(), checkOwner(owner)); err != nil {
		return 0, err
	}
	var epoch uint64
	j := m.newOwnerJob(newLimit(ctx, m.opts.Timeout), owner, func(d *draft) error {
		epoch = d.head.Generation
		return nil
	})
	j.reads = true
	m.queues.commit(&j.job)
	return epoch, j.verdict()
}

// An Info is what may be shown of a session. It never holds a token.
type Info struct {
	ID            string
	Owner         string
	Level         Level
	Created       time.Time
	Authenticated time.Time // of the last Login or StepUp; zero: never
	LastSeen      time.Time // to within a tenth of Idle
	Expires       time.Time // if it is not used again; zero: never
	Remembered    bool      // its cookie outlives the browser
	Bytes         int       // that its record takes
}

func infoOf(id string, h *record.Header, owner string) Info {
	return Info{
		ID: id, Owner: owner, Level: Level(h.Level), Remembered: h.Persistent,
		Created: instant(h.Created), Authenticated: instant(h.Authenticated),
		LastSeen: instant(h.Seen), Expires: instant(logicalEnd(h)),
	}
}

func (s *saved) info(id string) Info {
	head := s.rec.Header()
	info := infoOf(id, &head, s.owner)
	info.Bytes = len(s.rec.Bytes())
	return info
}

// List yields the live sessions of owner, the oldest login first. Each is
// looked at before it is yielded. An error ends the sequence.
func (m *Manager) List(ctx context.Context, owner string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		if err := checkOwner(owner); err != nil {
			yield(Info{}, err)
			return
		}
		cur, err := m.queues.load(ctx, ownerID(owner))
		if err != nil {
			yield(Info{}, err)
			return
		}
		for _, e := range entriesOf(cur.draft()) {
			if e.ending {
				continue
			}
			one, err := m.queues.load(ctx, e.id)
			if err != nil {
				yield(Info{}, err)
				return
			}
			if one.alive(owner) && !yield(one.info(e.id), nil) {
				return
			}
		}
	}
}

// End ends one session of owner, as from a list of devices. It is ErrNotFound
// if there is no such session or it is not owner's, and nil if it has ended
// lately.
func (m *Manager) End(ctx context.Context, owner, id string) error {
	if err := errors.Join(ctx.Err(), checkOwner(owner)); err != nil {
		return err
	}
	ended, err := m.endOne(ctx, id, owner, owners)
	if ended {
		m.emit(ctx, Event{Kind: Ended, ID: id, Owner: owner})
	}
	return err
}

// EndAll ends all sessions of owner, except those with the ids given, and
// raises the owner's epoch: a login held to the old one (Terms.AtEpoch) fails.
// It returns how many live sessions it ended. After an error some may be left:
// call it again.
func (m *Manager) EndAll(ctx context.Context, owner string, except ...string) (int, error) {
	if err := errors.Join(ctx.Err(), checkOwner(owner)); err != nil {
		return 0, err
	}
	var list []entry
	j := m.newOwnerJob(newLimit(ctx, m.opts.Timeout), owner, func(d *draft) error {
		list = nil
		d.head.Generation++
		for _, e := range entriesOf(d) {
			if slices.Contains(except, e.id) {
				continue
			}
			e.ending = true
			d.set(e.id, e.encode())
			list = append(list, e)
		}
		return nil
	})
	m.queues.commit(&j.job)
	if err := j.verdict(); err != nil {
		return 0, err
	}
	var faults []error
	n := 0
	for _, e := range list {
		ended, err := m.endOne(ctx, e.id, owner, ownersNow)
		if err != nil && !errors.Is(err, ErrNotFound) {
			faults = append(faults, fmt.Errorf("session: end %s: %w", e.id, err))
		}
		if ended {
			n++
			m.emit(ctx, Event{Kind: Ended, ID: e.id, Owner: owner})
		}
	}
	return n, errors.Join(faults...)
}
