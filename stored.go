package session

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/sojourn-go/session/cookie"
	"github.com/sojourn-go/session/internal/record"
	"github.com/sojourn-go/session/store"
)

// The keeper of stored sessions: what becomes of a request's list. How its
// tokens lead to a record is in find.go, a session's first Save in create.go.

// A commit is one request's list on its way into one record. It decides;
// the queue does.
type commit struct {
	job
	own     limit
	loaded  saved
	m       *Manager
	list    changes
	gen     uint64 // of the session that the request authenticated with
	arrival int64
	token   string // what the browser will hold
	text    string // or, if not the token itself, this
	line    string // the line of Set-Cookie, if it is a new token
	shown   bool   // the request saw base, and nothing else, when it made the list
	weakly  bool   // it has ended the session, and that was not durable

	// What the last run of decide set.
	ends   bool // the session is over, and
	cut    int  // so many changes of the list were about it
	replay replay
	attrs  *cookie.Attrs
	before *draft // what others in the batch had made of the record, if the list may have to be undone
}

// newCommit prepares the list for the session that a request has.
func (m *Manager) newCommit(ctx context.Context, list changes, at situation) *commit {
	c := at.room.take()
	c.m, c.list, c.gen, c.arrival, c.token, c.shown = m, list, at.gen, at.arrival, at.token, !at.apart
	c.decider = c
	c.id = at.token[:idLen]
	c.loaded = at.cur
	if !at.stale {
		c.base = &c.loaded
	}
	c.within(ctx, m.opts.Timeout)
	c.closes = list.closes()
	c.durable = c.closes
	c.forced = list.last(doCookie) >= 0 || at.again
	if list.has((*change).rekeys) {
		c.token, c.line, c.stamp = m.mint(c.id)
	}
	return c
}

// within limits the commit, from now on.
func (c *commit) within(ctx context.Context, d time.Duration) {
	c.own.parent, c.own.began, c.own.lasts = ctx, time.Now(), d
	c.lim = &c.own
}

func (c *commit) decide(d *draft, now time.Time) error {
	c.replay = replay{first: c.shown && !c.foreign, strict: c.m.opts.Strict}
	c.ends, c.cut, c.attrs = false, 0, nil
	c.before = nil
	if c.weakly && d.exists && d.ended() {
		c.ends, c.cut, c.forced = true, c.list.last(doEnd)+1, true
		return nil
	}
	if d.ended() || past(d.logicalEnd(), c.arrival) {
		return ErrEnded
	}
	if d.generation() != c.gen {
		return ErrSuperseded
	}
	rekeyed := c.list.has((*change).rekeys)
	if rekeyed && c.upon == nil {
		c.before = d.clone()
	}
	if err := c.run(d); err != nil || c.ends {
		return err
	}
	d.lapse(c.arrival)
	d.use(now.UnixMilli())
	if rekeyed {
		h := d.header()
		h.Generation++
		settleRotation(h, now.Add(aftermath).UnixMilli(), now.UnixMilli())
		h.Replace(secretHash(c.token), now.Add(aftermath).UnixMilli(), now.UnixMilli())
		if c.m.opts.Rotate != 0 && kindOfRekey(c.list) == Renewed && c.list.last(doStepUp) < 0 {
			beginRotation(h, c.token, now.UnixMilli())
		}
	}
	return nil
}

// run applies the list, up to its first End.
func (c *commit) run(d *draft) error {
	for i := range c.list {
		op := &c.list[i]
		if op.verb == doEnd {
			d.end()
			c.ends, c.cut = true, i+1
			return nil
		}
		if err := op.apply(d, &c.replay); err != nil {
			return err
		}
		if op.verb == doCookie {
			c.attrs = merged(c.attrs, op.attrs)
		}
	}
	return nil
}

func merged(a *cookie.Attrs, over cookie.Attrs) *cookie.Attrs {
	if a != nil {
		over = a.With(over)
	}
	return &over
}

// An outcome is what a commit of a whole list came to, for the session to
// take over.
type outcome struct {
	err     error
	id      string  // of the session it failed for
	stuck   *commit // failed, and may have been applied: to be resolved first
	over    bool    // the session it began with is over for this request, and
	ended   bool    // it was this commit that ended it, and
	cut     int     // so many changes of the list were about it
	apart   bool    // the rest was made upon what it held
	renewed bool    // another token: a cookie is owed
	session *commit // the commit whose record the session goes on with; nil: none
	kept    *commit // one that wrote a record; nil: none did
	attrs   *cookie.Attrs
	events  []Event
}

// A situation is what a list is committed from: what the request came with, or
// its last commit left.
type situation struct {
	standing standing
	cur      saved // if it is live
	token    string
	gen      uint64 // of the session that the request authenticated with
	apart    bool   // what the request sees is not what cur is
	stale    bool   // cur is known not to be the newest any more
	arrival  int64
	again    bool          // as far as anybody can tell there was a commit in the same transaction
	attrs    *cookie.Attrs // of the cookie that is owed already
	room     *spare[commit]
}

// keep commits a list.
func (m *Manager) keep(ctx context.Context, at situation, list changes) outcome {
	if at.standing == live {
		return m.commitLive(ctx, m.newCommit(ctx, list, at))
	}
	if why := at.standing.over(); why != nil {
		o, _ := m.afterwards(ctx, at.token, list, why, at.arrival)
		return o
	}
	return m.commitNew(ctx, at.room, list, at.arrival, !at.apart)
}

// commitLive commits a list to the session that a request has.
func (m *Manager) commitLive(ctx context.Context, c *commit) (o outcome) {
	m.queues.commit(&c.job)
	if c.conflict {
		o.events = append(o.events, Event{Kind: Conflict, ID: c.id, Owner: c.owner()})
	}
	if c.err != nil {
		return m.commitRefused(ctx, c, o)
	}
	for _, e := range c.replay.notes {
		e.ID, e.Owner = c.id, c.owner()
		o.events = append(o.events, e)
	}
	if err := c.verdict(); err != nil && c.ends {
		o.err, o.id, o.stuck, c.weakly = err, c.id, c, true // it is over, but may come back with a failover
		return o
	}
	if c.ends {
		o.events = append(o.events, Event{Kind: Ended, ID: c.id, Owner: c.owner()})
		next := m.commitNew(ctx, nil, c.list[c.cut:], c.arrival, true)
		next.events = append(o.events, next.events...)
		next.over, next.ended, next.cut = true, c.wrote, c.cut
		if c.wrote && next.kept == nil {
			next.kept = c
		}
		return next
	}
	if err := m.settleLogin(ctx, c, &o); err != nil {
		o.err, o.id = err, c.id
		return o
	}
	o.session, o.attrs = c, c.attrs
	if c.wrote {
		o.kept = c
	}
	o.renewed = c.list.has((*change).rekeys)
	if !o.renewed && (o.attrs != nil || c.saved.rec.Extended()) {
		// Another request may have rotated the secret since this one's token
		// was presented: what is sent is the present one, or nothing.
		if token := current(c.saved.rec, c.token); token != "" {
			c.token = token
		} else {
			o.attrs = nil
		}
	}
	if o.renewed {
		o.tell(c, kindOfRekey(c.list))
	}
	return o
}

func kindOfRekey(list changes) Kind {
	if list.last(doLogin) >= 0 {
		return LoggedIn
	}
	return Renewed
}

// tell notes an event of what came of c, if somebody hears of it.
func (o *outcome) tell(c *commit, k Kind) {
	if c.m.opts.Observe != nil {
		o.events = append(o.events, Event{Kind: k, ID: c.id, Owner: c.owner()})
	}
}

// owner is whose session it is after the last decision.
func (c *commit) owner() string {
	if c.after != nil {
		return c.after.owner
	}
	if c.base != nil {
		return c.base.owner
	}
	return ""
}

// commitRefused handles a list that the record did not take.
func (m *Manager) commitRefused(ctx context.Context, c *commit, o outcome) outcome {
	if errors.Is(c.err, ErrEnded) || errors.Is(c.err, ErrSuperseded) {
		next, ok := m.afterwards(ctx, c.token, c.list, c.err, c.arrival)
		next.events = append(o.events, next.events...)
		if !ok {
			next.events = append(next.events, Event{Kind: kindOf(c.err), ID: c.id, Owner: c.owner(), Err: c.err})
		}
		return next
	}
	o.err, o.id = c.err, c.id
	if len(c.attempts) > 0 {
		o.stuck = c
	}
	return o
}

func kindOf(err error) Kind {
	if errors.Is(err, ErrSuperseded) {
		return Superseded
	}
	return Ended
}

// afterwards commits what is left of a list whose session has ended or was
// superseded. It reports whether there is anything.
func (m *Manager) afterwards(ctx context.Context, token string, list changes, why error, arrival int64) (outcome, bool) {
	cut, anew, ok := list.beyond(why)
	if !ok {
		return outcome{err: why}, false
	}
	if anew {
		if err := m.settleEnd(ctx, token); err != nil {
			return outcome{err: err}, true
		}
	}
	o := m.commitNew(ctx, nil, list[cut:], arrival, anew)
	o.over, o.cut, o.apart = true, cut, !anew
	return o, true
}

// settleEnd saves a tombstone once more where stores are known to keep what is
// not safe yet: it may be the repetition of an End that was not durable.
func (m *Manager) settleEnd(ctx context.Context, token string) error {
	if !m.queues.weak.Load() || token == "" {
		return nil
	}
	_, err := m.endOne(ctx, token[:idLen], "", anybodys)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// touch writes that the session was used, and rotates its secret where it is
// time. It is tried once, and whatever comes of it is no matter of the request's.
func (m *Manager) touch(ctx context.Context, u *use) (*saved, string) {
	lim := newLimit(ctx, m.opts.Timeout)
	defer lim.release()
	view, token := u.next()
	next := &saved{rec: view, owner: u.cur.owner, exists: true}
	d := next.draft()
	var err error
	next.version, err = m.queues.store.Save(lim, u.token[:idLen], store.Record{
		Data: view.Bytes(), Owner: u.cur.owner, Version: u.cur.version,
		Expires: d.expires(time.Now(), m.opts.Timeout), Durable: token != "",
	})
	if errors.Is(err, store.ErrNotDurable) { // applied, and if a failover undoes it the token before opens the session
		m.queues.weak.Store(true)
		err = nil
	}
	if err != nil {
		if !errors.Is(err, store.ErrConflict) {
			m.report(ctx, slog.LevelWarn, "session: a use could not be noted",
				Event{Kind: Failed, ID: u.token[:idLen], Owner: u.cur.owner, Err: err})
		}
		return &u.cur, ""
	}
	if token != "" {
		m.emit(ctx, Event{Kind: Rotated, ID: u.token[:idLen], Owner: u.cur.owner})
	}
	return next, token
}

// next returns the record that the use comes to, and the token that opens it if
// that is another one.
func (u *use) next() (r record.Record, token string) {
	r = u.cur.rec
	if !u.rotates && !r.Persistent() {
		r, _ = record.Patch(r, u.arrival, newStamp(), nil)
		return r, ""
	}
	d := u.cur.draft()
	d.lapse(u.arrival)
	d.use(u.arrival)
	if u.rotates {
		token = rotate(d.header(), u.token, time.Now().UnixMilli())
	}
	r, _ = d.next(newStamp())
	return r, token
}
