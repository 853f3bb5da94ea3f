package session

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/sojourn-go/session/cookie"
	"github.com/sojourn-go/session/internal/record"
	"github.com/sojourn-go/session/store"
)

// The keeper of stored sessions: from tokens to records, and back.

// A standing is what became of the tokens that a request came with.
type standing uint8

const (
	anonymous  standing = iota // none, or none that is known: a session may begin
	live                       // one opens a session
	ended                      // the session of one was ended
	superseded                 // one was replaced by a newer one
)

// A found is what a look-up of the request's tokens came to.
type found struct {
	standing standing
	token    string
	saved    *saved
	events   []Event
}

// With more tokens than this none is tried: nobody comes by so many in good
// faith, and each costs a load.
const maxTokens = 3

// find looks up the tokens of a request. Of several exactly one must open a
// session, else none does: a cookie that somebody planted beside the visitor's
// own must not choose the account (attacks.md 18).
func (m *Manager) find(ctx context.Context, tokens []string, arrival int64) (found, error) {
	var best found
	if len(tokens) > maxTokens {
		best.events = append(best.events, Event{Kind: Refused, Err: errTooMany})
		return best, nil
	}
	opened := 0
	for i, token := range tokens {
		if slices.Contains(tokens[:i], token) {
			continue // one cookie that came twice chooses nothing
		}
		f, err := m.open(ctx, token, arrival)
		if err != nil {
			return found{events: best.events}, err
		}
		events := append(best.events, f.events...)
		if f.standing == live {
			opened++
		}
		if best.standing == anonymous || f.standing == live {
			best = f
		}
		best.events = events
	}
	if opened > 1 {
		best = found{events: append(best.events, Event{Kind: Refused, Err: errAmbiguous})}
	}
	return best, nil
}

var (
	errTooMany   = errors.New("more tokens than any browser sends by itself")
	errAmbiguous = errors.New("several tokens, each of a session of its own")
	errSecret    = errors.New("wrong secret")
)

// open looks up one token.
func (m *Manager) open(ctx context.Context, token string, arrival int64) (found, error) {
	id := token[:idLen]
	rec, err := m.queues.store.Load(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return found{}, nil
	}
	if err != nil {
		return found{}, fmt.Errorf("%w: load: %w", ErrUnavailable, err)
	}
	cur, err := parse(rec)
	if err != nil {
		return found{}, err
	}
	if !cur.exists || cur.rec.Kind() == record.Owner {
		return found{events: []Event{{Kind: Unreadable, ID: id, Err: record.ErrCorrupt}}}, nil
	}
	return m.judge(token, cur, arrival), nil
}

// judge decides what a token is to the record under its id.
func (m *Manager) judge(token string, cur *saved, arrival int64) found {
	hash := secretHash(token)
	head := cur.rec.Header()
	f := found{token: token, saved: cur}
	event := Event{ID: token[:idLen], Owner: cur.owner}
	right := cur.rec.SecretIs(&hash)
	was := !right && head.WasSecret(hash, arrival)
	switch {
	case !right && !was:
		event.Kind, event.Err = Refused, errSecret
		if !m.wrong.pass(event.ID, arrival) {
			return found{}
		}
		return found{events: []Event{event}}
	case head.Kind == record.Ended:
		event.Kind, event.Err, f.standing = Ended, ErrEnded, ended
	case over(&head, arrival):
		event.Kind = Expired
		return found{events: []Event{event}}
	case was:
		event.Kind, event.Err, f.standing = Superseded, ErrSuperseded, superseded
	default:
		f.standing = live
		return f
	}
	f.events = []Event{event}
	return f
}

// A commit is one request's list on its way into one record. It decides;
// the queue does.
type commit struct {
	job
	m       *Manager
	list    changes
	gen     uint64 // of the session that the request authenticated with
	arrival int64
	token   string // what the browser will hold
	shown   bool   // the request saw base, and nothing else, when it made the list

	// What the last run of decide set.
	replay replay
	ends   bool    // the session is over, and
	rest   changes // this is for the one after it
	attrs  *cookie.Attrs
	before *draft // what the list was applied to, if it may have to be undone
}

// newCommit prepares the list for the session that a request has.
func (m *Manager) newCommit(ctx context.Context, list changes, at situation) *commit {
	c := &commit{m: m, list: list, gen: at.gen, arrival: at.arrival, token: at.token, shown: !at.apart}
	c.decider = c
	c.id = at.token[:idLen]
	c.base = at.cur
	c.lim = newLimit(ctx, m.opts.Timeout)
	c.closes = list.closes()
	c.durable = c.closes
	c.forced = list.last(doCookie) >= 0
	if list.has((*change).rekeys) {
		c.token = mint(c.id)
	}
	return c
}

func (c *commit) decide(d *draft) error {
	c.replay = replay{first: c.shown && !c.foreign, strict: c.m.opts.Strict}
	c.ends, c.rest, c.attrs = false, nil, nil
	c.before = nil
	if d.ended() || over(&d.head, c.arrival) {
		return ErrEnded
	}
	if d.head.Generation != c.gen {
		return ErrSuperseded
	}
	rekeyed := c.list.has((*change).rekeys)
	if rekeyed {
		c.before = d.clone()
	}
	for i := range c.list {
		op := &c.list[i]
		if op.verb == doEnd {
			d.end()
			c.ends, c.rest = true, c.list[i+1:]
			return nil
		}
		if err := op.apply(d, &c.replay); err != nil {
			return err
		}
		if op.verb == doCookie {
			c.attrs = merged(c.attrs, op.attrs)
		}
	}
	now := time.Now()
	d.head.Seen = max(d.head.Seen, now.UnixMilli())
	if rekeyed {
		d.head.Generation++
		d.head.Replace(secretHash(c.token), now.Add(aftermath).UnixMilli(), now.UnixMilli())
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
	attrs   *cookie.Attrs
	events  []Event
}

// A situation is what a list is committed from: what the request came with, or
// its last commit left.
type situation struct {
	standing standing
	cur      *saved
	token    string
	gen      uint64 // of the session that the request authenticated with
	apart    bool   // what the request sees is not what cur is
	arrival  int64
}

// over says why the session of the situation can take nothing more.
func (s standing) over() error {
	switch s {
	case ended:
		return ErrEnded
	case superseded:
		return ErrSuperseded
	}
	return nil
}

// keep commits a list.
func (m *Manager) keep(ctx context.Context, at situation, list changes) outcome {
	if at.standing == live {
		return m.commitLive(ctx, m.newCommit(ctx, list, at))
	}
	if why := at.standing.over(); why != nil {
		o, _ := m.afterwards(ctx, list, why, at.arrival)
		return o
	}
	return m.commitNew(ctx, list, at.arrival, !at.apart)
}

// commitLive commits a list to the session that a request has.
func (m *Manager) commitLive(ctx context.Context, c *commit) (o outcome) {
	m.queues.commit(&c.job)
	if c.conflicts > 0 {
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
		o.err, o.id = err, c.id // to be repeated: it is over, but may come back with a failover
		return o
	}
	if c.ends {
		o.events = append(o.events, Event{Kind: Ended, ID: c.id, Owner: c.owner()})
		next := m.commitNew(ctx, c.rest, c.arrival, true)
		next.events = append(o.events, next.events...)
		next.over, next.ended, next.cut = true, c.wrote, len(c.list)-len(c.rest)
		return next
	}
	if err := m.settleLogin(ctx, c, &o); err != nil {
		o.err, o.id = err, c.id
		return o
	}
	o.session, o.attrs = c, c.attrs
	o.renewed = c.list.has((*change).rekeys)
	if o.renewed {
		o.events = append(o.events, Event{Kind: kindOfRekey(c.list), ID: c.id, Owner: c.owner()})
	}
	return o
}

func kindOfRekey(list changes) Kind {
	if list.last(doLogin) >= 0 {
		return LoggedIn
	}
	return Renewed
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
		next, ok := m.afterwards(ctx, c.list, c.err, c.arrival)
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

// afterwards commits a list whose session has ended or was superseded. An End
// of what has ended succeeds, and what follows it begins anew; a Login begins a
// new session with what was set after it. It reports whether anything of the
// list could be done.
func (m *Manager) afterwards(ctx context.Context, list changes, why error, arrival int64) (outcome, bool) {
	end := list.last(doEnd)
	tail := list[end+1:]
	if end >= 0 && errors.Is(why, ErrEnded) && !list[:end].has((*change).checked) {
		o := m.commitNew(ctx, tail, arrival, true)
		o.over, o.cut = true, end+1
		return o, true
	}
	if i := tail.last(doLogin); i >= 0 {
		o := m.commitNew(ctx, tail[i:], arrival, false)
		o.over, o.cut, o.apart = true, end+1+i, true
		return o, true
	}
	return outcome{err: why}, false
}

// commitNew begins a new session with the list, if there is anything to keep.
// shown tells whether the list was made upon an empty session.
func (m *Manager) commitNew(ctx context.Context, list changes, arrival int64, shown bool) (o outcome) {
	list = list[list.last(doEnd)+1:]
	c := &commit{m: m, list: list, arrival: arrival, shown: shown}
	c.durable = list.last(doLogin) >= 0
	c.decider = c
	c.lim = newLimit(ctx, m.opts.Timeout)
	defer c.lim.release()
	d := fresh(time.Now().UnixMilli(), &m.opts)
	d.exists = true
	c.gen = d.head.Generation
	if c.err = c.decideNew(d); c.err != nil {
		o.err = c.err
		return o
	}
	if d.owner == "" && d.empty() {
		return o
	}
	c.after = d
	if o.err = m.create(c, d); o.err != nil {
		return o
	}
	if o.err = m.settleLogin(ctx, c, &o); o.err != nil {
		return o
	}
	o.session, o.attrs, o.renewed = c, c.attrs, true
	o.events = append(o.events, Event{Kind: Created, ID: c.id, Owner: d.owner})
	if d.owner != "" {
		o.events = append(o.events, Event{Kind: LoggedIn, ID: c.id, Owner: d.owner})
	}
	return o
}

// decideNew applies the list to an empty session. Generations of sessions that
// begin at once need not differ: nobody else holds their tokens.
func (c *commit) decideNew(d *draft) error {
	c.replay = replay{first: c.shown}
	for i := range c.list {
		op := &c.list[i]
		if err := op.apply(d, &c.replay); err != nil {
			return err
		}
		if op.verb == doCookie {
			c.attrs = merged(c.attrs, op.attrs)
		}
	}
	if n := d.size(); n > c.m.opts.MaxRecord {
		if n = len(d.build()); n > c.m.opts.MaxRecord {
			name, most := largest(d)
			return tooLarge(n, name, most, c.m.opts.MaxRecord)
		}
	}
	return nil
}

func tooLarge(n int, name string, most, limit int) error {
	return fmt.Errorf("%w: %d bytes, of which %d are in the value of %q; Options.MaxRecord is %d",
		ErrTooLarge, n, most, name, limit)
}

// create saves a new session. One that may have been created in spite of an
// error is left to expire, unseen, since nobody holds its token; the next try
// is under another id.
func (m *Manager) create(c *commit, d *draft) error {
	blank := d.head
	b := batch{qs: &m.queues, lim: c.lim}
	for {
		token := mint("")
		d.head = blank
		d.head.Secret = secretHash(token)
		d.head.Stamp(newStamp())
		rec := store.Record{
			Data: d.build(), Owner: d.owner, Durable: d.owner != "",
			Expires: d.expires(time.Now(), m.opts.Timeout),
		}
		version, err := m.queues.store.Save(c.lim, token[:idLen], rec)
		if err == nil || errors.Is(err, store.ErrNotDurable) {
			c.id, c.token, c.wrote, c.weak = token[:idLen], token, true, err != nil
			view, _ := record.Parse(rec.Data)
			c.saved = &saved{rec: view, owner: d.owner, version: version, exists: true}
			return nil
		}
		b.note(err)
		if errors.Is(err, store.ErrFull) || c.lim.left() <= 0 {
			return fmt.Errorf("%w: create: %w", ErrUnavailable, b.cause)
		}
		b.rest()
	}
}

// touch writes that the session was used. It is tried once, and whatever comes
// of it is no matter of the request's.
func (m *Manager) touch(ctx context.Context, token string, cur *saved, arrival int64) *saved {
	lim := newLimit(ctx, m.opts.Timeout)
	defer lim.release()
	data := record.Touch(cur.rec, arrival, newStamp())
	view, err := record.Parse(data)
	if err != nil {
		return cur
	}
	next := &saved{rec: view, owner: cur.owner, exists: true}
	d := next.draft()
	next.version, err = m.queues.store.Save(lim, token[:idLen], store.Record{
		Data: data, Owner: cur.owner, Version: cur.version,
		Expires: d.expires(time.Now(), m.opts.Timeout),
	})
	if err == nil {
		return next
	}
	if !errors.Is(err, store.ErrConflict) {
		m.report(ctx, slog.LevelWarn, "session: a use could not be noted",
			Event{Kind: Failed, ID: token[:idLen], Owner: cur.owner, Err: err})
	}
	return cur
}
