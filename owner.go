package session

import (
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
	id := [6 + 43]byte{'o', 'w', 'n', 'e', 'r', '.'}
	base64.RawURLEncoding.Encode(id[6:], sum[:])
	return string(id[:])
}

// isID reports whether a text could be the id of a session.
func isID(id string) bool {
	if len(id) != idLen {
		return false
	}
	var bad byte
	for i := range len(id) {
		bad |= sextets[id[i]]
	}
	return bad&noSextet == 0
}

// isOwnerID reports whether an id is not a session's.
func isOwnerID(id string) bool { return len(id) != idLen }

// An entry is what the owner record says of one session.
type entry struct {
	id     string
	since  int64 // Unix ms of the login, or later: each entry is later than those made before it
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
	list = make([]entry, 0, d.base.Len()+len(d.over))
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
	added  []entry
	lost   bool                               // by the last decision: what was there could not be read
	change func(d *draft, list []entry) error // of what is on the list, the oldest login first
}

func (m *Manager) newOwnerJob(lim *limit, owner string, change func(*draft, []entry) error) *ownerJob {
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
func (j *ownerJob) decide(d *draft, _ time.Time) error {
	j.lost = d.corrupt
	if !d.exists {
		*d = draft{owner: j.owner, exists: true}
		h := d.header()
		h.Kind = record.Owner
		h.Created = j.now
		h.Generation = randomEpoch()
	} else if j.reads {
		return j.change(d, nil)
	}
	list := entriesOf(d)
	alive := list[:0]
	for _, e := range list {
		if e.end != 0 && e.end <= j.now {
			d.remove(e.id)
			continue
		}
		alive = append(alive, e)
	}
	if err := j.change(d, alive); err != nil {
		return err
	}
	d.use(j.now)
	j.extend(d, alive)
	return nil
}

// extend has the record outlive every session on the list.
func (j *ownerJob) extend(d *draft, list []entry) {
	h := d.header()
	h.End = 0
	if j.keep == 0 {
		return
	}
	end := j.now + j.keep
	for _, some := range [2][]entry{list, j.added} {
		for _, e := range some {
			if e.end == 0 {
				return
			}
			end = max(end, e.end)
		}
	}
	h.End = end
}

// lostList reports that an owner record could not be read, and was begun anew.
func (m *Manager) lostList(ctx context.Context, owner string) error {
	err := fmt.Errorf("session: the list of the sessions of %q could not be read, and is begun anew: those from before are on it no more (EndBefore ends them)", owner)
	m.report(ctx, slog.LevelError, "session: an owner record is lost", Event{Kind: Unreadable, Owner: owner, Err: err})
	return err
}

func randomEpoch() uint64 {
	var b [8]byte
	rand.Read(b[:])
	return binary.LittleEndian.Uint64(b[:])>>1 | 1
}

// Epoch returns the owner's epoch, which EndAll raises. Read it together with
// what proves who the visitor is, and give it to LoginWith as Terms.AtEpoch:
// then a login which checked the old password does not survive its change.
func (m *Manager) Epoch(ctx context.Context, owner string) (uint64, error) {
	if err := errors.Join(ctx.Err(), checkOwner(owner)); err != nil {
		return 0, err
	}
	if k, ok := m.keeper.(*sealed); ok {
		return k.epoch(ctx, owner)
	}
	var epoch uint64
	j := m.newOwnerJob(newLimit(ctx, m.opts.Timeout), owner, func(d *draft, _ []entry) error {
		epoch = d.generation()
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
	Expires       time.Time // if it is not used again, or Remembered, anyhow; zero: never
	Remembered    bool      // its cookie outlives the browser
	Bytes         int       // that its record takes

	// Stale, if not zero, is since when the login is not a recent one whatever
	// Authenticated says: a remembered session was not used for longer than
	// Idle, or was found to be forked. The next Login or StepUp ends it.
	Stale time.Time

	Client  Client // of the login, as Options.Client told it
	Current bool   // it is the session of the request whose context was given
}

func infoOf(id string, h *record.Header, owner string, now int64) Info {
	return Info{
		ID: id, Owner: owner, Level: Level(h.Level), Remembered: h.Persistent,
		Created: instant(h.Created), Authenticated: instant(h.Authenticated),
		LastSeen: instant(h.Seen), Expires: instant(logicalEnd(h)),
		Stale: instant(staleSince(h, now)), Client: decodeClient(h.Extension(record.ExtClient)),
	}
}

func (s *saved) info(id string) Info {
	head := s.rec.Header()
	info := infoOf(id, &head, s.owner, time.Now().UnixMilli())
	info.Bytes = len(s.rec.Bytes())
	return info
}

// List yields the live sessions of owner, the oldest login first. Each is
// looked at before it is yielded. An error ends the sequence. Of ctx's own
// request, if it is one of this manager's, the session is the Current one.
func (m *Manager) List(ctx context.Context, owner string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		if err := errors.Join(m.stored(), checkOwner(owner)); err != nil {
			yield(Info{}, err)
			return
		}
		var here string
		if s, ok := ctx.Value(contextKey{m}).(*Session); ok {
			here = s.ID()
		}
		cur, err := m.queues.load(ctx, ownerID(owner))
		if err != nil {
			yield(Info{}, err)
			return
		}
		if cur.corrupt {
			yield(Info{}, fmt.Errorf("session: the list of the sessions of %q: %w", owner, record.ErrCorrupt))
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
			if !one.alive(owner) {
				continue
			}
			info := one.info(e.id)
			info.Current = e.id == here
			if !yield(info, nil) {
				return
			}
		}
	}
}

// End ends one session of owner, as from a list of devices. It is ErrNotFound
// if there is no such session or it is not owner's, and nil if it has ended
// lately.
func (m *Manager) End(ctx context.Context, owner, id string) error {
	if err := errors.Join(m.stored(), ctx.Err(), checkOwner(owner)); err != nil {
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
	if err := errors.Join(m.stored(), ctx.Err(), checkOwner(owner)); err != nil {
		return 0, err
	}
	var list []entry
	j := m.newOwnerJob(newLimit(ctx, m.opts.Timeout), owner, func(d *draft, listed []entry) error {
		list = nil
		d.header().Generation++
		for _, e := range listed {
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
	if j.lost {
		faults = append(faults, m.lostList(ctx, owner))
	}
	return n, errors.Join(faults...)
}
