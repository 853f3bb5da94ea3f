package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sojourn-go/session/internal/record"
	"github.com/sojourn-go/session/store"
)

// A saved is a record as it stood in the store.
type saved struct {
	rec     record.Record
	owner   string
	version uint64
	exists  bool
	corrupt bool   // there is something, and it is no record
	lately  bool   // the store's cache says so: there may be a newer one
	asOf    uint64 // it was the newest at some time after this, on the queues' clock
}

// stands reports whether there is such a record: a session that is live has
// one, and one that has ended in the middle of its request.
func (s *Session) stands() bool { return s.data != nil }

func (s *Session) rec() record.Record { return record.Again(s.data) }

// saved returns the record that the session has in the store; none if it has
// none.
func (s *Session) saved() saved {
	c := saved{rec: s.rec(), version: s.version, exists: s.stands(), lately: s.lately}
	if s.signed != nil {
		c.owner = s.signed.owner
	}
	return c
}

// has makes a record the session's.
func (s *Session) has(c *saved) {
	s.data, s.version, s.lately = c.rec.Bytes(), c.version, c.lately
	switch {
	case c.owner == "":
		s.signed = nil
	case s.signed == nil || s.signed.owner != c.owner:
		s.signed = &signed{owner: c.owner}
	}
}

// generation is that which the request authenticated with, or has itself saved.
func (s *Session) generation() uint64 {
	if s.work != nil && s.work.gen != 0 {
		return s.work.gen
	}
	return s.rec().Generation()
}

func (s *saved) draft() *draft {
	d := &draft{}
	s.begin(d)
	return d
}

// begin makes an empty draft one of the record.
func (s *saved) begin(d *draft) {
	d.base, d.owner, d.exists, d.corrupt = s.rec, s.owner, s.exists, s.corrupt
}

// head returns the header, also of no record.
func (s *saved) head() record.Header {
	if s == nil {
		return record.Header{}
	}
	return s.rec.Header()
}

// over reports whether the session of the record is over at now, by time alone.
func (s *saved) over(now int64) bool {
	r := s.rec
	return past(earliest(r.End(), r.Idle(), r.Seen(), r.Persistent()), now)
}

// wasSecret reports whether a replaced secret that is still recognised has the
// hash.
func (s *saved) wasSecret(hash [32]byte, now int64) bool {
	head := s.rec.Header()
	return head.WasSecret(hash, now)
}

// newer reports whether s was stored after o. Every Save is counted.
func (s *saved) newer(o *saved) bool {
	return s.exists && o.exists && s.rec.Writes() > o.rec.Writes()
}

// load returns the record under id, or an empty saved if there is none.
func (qs *queues) load(ctx context.Context, id string) (*saved, error) {
	asOf := qs.clock.Add(1)
	rec, err := qs.store.Load(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return &saved{asOf: asOf}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%w: load: %w", ErrUnavailable, err)
	}
	cur := &saved{asOf: asOf}
	if err := cur.parse(&rec); err != nil {
		return nil, err
	}
	return cur, nil
}

// parse makes an empty saved one of what a store returned. A corrupt record is one that exists
// without being anything: whoever may write here replaces it.
func (s *saved) parse(rec *store.Record) (err error) {
	s.rec, err = record.Parse(rec.Data)
	if err == nil {
		s.owner, s.version, s.exists = rec.Owner, rec.Version, true
		return nil
	}
	if _, newer := errors.AsType[*record.VersionError](err); newer {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	s.version, s.corrupt = rec.Version, true
	return nil
}

// alive reports whether a record is that of a session of owner's that goes on.
func (s *saved) alive(owner string) bool {
	head := s.rec.Header()
	return s.exists && head.Kind == record.Session && s.owner == owner && !over(&head, time.Now().UnixMilli())
}
