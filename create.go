package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sojourn-go/session/store"
)

// commitNew begins a new session with the list, if there is anything to keep.
// shown tells whether the list was made upon an empty session.
func (m *Manager) commitNew(ctx context.Context, room *spare[commit], list changes, arrival int64, shown bool) (o outcome) {
	c := room.take()
	c.within(ctx, m.opts.Timeout)
	c, d, err := m.begin(c, c.own.began, list, arrival, shown)
	if err != nil || d == nil {
		o.err = err
		return o
	}
	defer c.lim.release()
	if o.err = m.create(c, d); o.err != nil {
		return o
	}
	if o.err = m.settleLogin(ctx, c, &o); o.err != nil {
		return o
	}
	o.begun(c)
	o.kept = c
	return o
}

// begin decides what a new session is from now on; nil if there is nothing to
// keep.
func (m *Manager) begin(c *commit, now time.Time, list changes, arrival int64, shown bool) (*commit, *draft, error) {
	list = list[list.last(doEnd)+1:]
	c.m, c.list, c.arrival, c.shown = m, list, arrival, shown
	c.durable = list.last(doLogin) >= 0
	c.decider = c
	d := c.draftOf()
	d.begin(now.UnixMilli(), &m.opts)
	d.exists = true
	c.gen = d.generation()
	if c.err = c.decideNew(d); c.err != nil {
		return nil, nil, c.err
	}
	if d.owner == "" && d.empty() {
		return nil, nil, nil
	}
	c.after = d
	return c, d, nil
}

// begun has the request go on with the new session that c saved.
func (o *outcome) begun(c *commit) {
	o.session, o.attrs, o.renewed = c, c.attrs, true
	o.tell(c, Created)
	if c.after.owner != "" {
		o.tell(c, LoggedIn)
	}
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
		if n = len(d.build().Bytes()); n > c.m.opts.MaxRecord {
			name, most := largest(d)
			return tooLarge(n, name, most, c.m.opts.MaxRecord)
		}
	}
	return nil
}

// create saves a new session. One that may have been created in spite of an
// error is left to expire, unseen, since nobody holds its token; the next try
// is under another id.
func (m *Manager) create(c *commit, d *draft) error {
	blank := *d.header()
	b := batch{qs: &m.queues, lim: c.lim, now: c.lim.began}
	for {
		token, line, stamp := m.mint("")
		h := d.header()
		*h = blank
		h.Secret = secretHash(token)
		view, _ := d.next(stamp)
		rec := store.Record{
			Data: view.Bytes(), Owner: d.owner, Durable: d.owner != "",
			Expires: d.expires(b.now, m.opts.Timeout),
		}
		version, err := m.queues.store.Save(m.queues.context(c.lim), token[:idLen], rec)
		if err == nil || errors.Is(err, store.ErrNotDurable) {
			c.id, c.token, c.line, c.wrote, c.weak = token[:idLen], token, line, true, err != nil
			c.saved = c.kept.take()
			*c.saved = saved{rec: view, owner: d.owner, version: version, exists: true}
			return nil
		}
		if store.TransactionOf(c.lim.parent) != nil {
			return inTransaction(err)
		}
		b.note(err)
		if errors.Is(err, store.ErrFull) || errors.Is(err, store.ErrRefused) || c.lim.left() <= 0 {
			return fmt.Errorf("%w: create: %w", ErrUnavailable, b.cause)
		}
		b.rest()
	}
}
