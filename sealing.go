package session

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/sojourn-go/session/internal/record"
	"github.com/sojourn-go/session/seal"
)

func (k *sealed) keep(ctx context.Context, at situation, list changes) outcome {
	if why := at.standing.over(); why != nil {
		cut, anew, ok := list.beyond(why)
		if !ok {
			return outcome{err: why}
		}
		o := k.create(ctx, &at, list[cut:], anew)
		o.over, o.cut, o.apart = true, cut, !anew
		return o
	}
	if at.standing != live {
		return k.create(ctx, &at, list, !at.apart)
	}
	return k.change(ctx, &at, list)
}

// change commits a list to the session that a request has.
func (k *sealed) change(ctx context.Context, at *situation, list changes) (o outcome) {
	c := at.room.take()
	c.m, c.list, c.arrival, c.token = k.m, list, at.arrival, at.token
	c.id, c.loaded, c.replay = at.token, at.cur, replay{first: !at.apart}
	c.base = &c.loaded
	d := c.draftOf()
	c.base.begin(d)
	if c.err = c.run(d); c.err != nil {
		return outcome{err: c.err, id: c.id}
	}
	if c.ends {
		at.attrs = nil // they were of the cookie of the session that is over
		o = k.create(ctx, at, c.list[c.cut:], true)
		o.over, o.ended, o.cut = true, true, c.cut
		o.events = append([]Event{{Kind: Ended, ID: c.id, Owner: at.cur.owner}}, o.events...)
		return o
	}
	d.lapse(c.arrival)
	d.use(time.Now().UnixMilli())
	if c.err = k.keepEpoch(ctx, c, d); c.err == nil {
		c.err = k.seal(c, d, at)
	}
	if c.err != nil {
		return outcome{err: c.err, id: c.id}
	}
	o.session, o.attrs, o.renewed = c, c.attrs, c.text != ""
	if list.has((*change).rekeys) {
		o.events = append(o.events, Event{Kind: kindOfRekey(list), ID: c.id, Owner: d.owner})
	}
	return o
}

// create begins a new session with the list, if there is anything to keep.
func (k *sealed) create(ctx context.Context, at *situation, list changes, shown bool) (o outcome) {
	c, d, err := k.m.begin(at.room.take(), time.Now(), list, at.arrival, shown)
	if err != nil || d == nil {
		o.err = err
		return o
	}
	h := d.header()
	rand.Read(h.Secret[:])
	c.token = sealedID(h)
	c.id = c.token
	if o.err = k.keepEpoch(ctx, c, d); o.err != nil {
		return o
	}
	if o.err = k.seal(c, d, &situation{attrs: at.attrs}); o.err == nil {
		o.begun(c)
	}
	return o
}

// keepEpoch asks for the epoch in which the list's login happens.
func (k *sealed) keepEpoch(ctx context.Context, c *commit, d *draft) error {
	i := c.list.last(doLogin)
	if i < 0 {
		return nil
	}
	d.header().Generation = 0
	if k.m.opts.Epoch == nil {
		return nil
	}
	epoch, err := k.epoch(ctx, d.owner)
	if err != nil {
		return err
	}
	if at := c.list[i].terms.AtEpoch; at != 0 && at != epoch {
		return ErrEpoch
	}
	d.header().Generation = epoch
	return nil
}

// epoch returns an owner's epoch, by the clock of a commit.
func (k *sealed) epoch(ctx context.Context, owner string) (uint64, error) {
	if k.m.opts.Epoch == nil {
		return 0, errSealedOnly
	}
	lim := newLimit(ctx, k.m.opts.Timeout)
	defer lim.release()
	return k.lookUp(lim, owner)
}

var errNoEpoch = errors.New("session: Options.Epoch returned 0, which in Terms.AtEpoch means that a login is held to none: let epochs begin at 1")

func (k *sealed) lookUp(ctx context.Context, owner string) (uint64, error) {
	epoch, err := k.m.opts.Epoch(ctx, owner)
	if err != nil {
		return 0, fmt.Errorf("%w: epoch: %w", ErrUnavailable, err)
	}
	if epoch == 0 {
		return 0, errNoEpoch
	}
	return epoch, nil
}

// seal seals what the draft came to, unless it came to nothing. Without a
// situation it is a touch.
func (k *sealed) seal(c *commit, d *draft, at *situation) error {
	c.after = d
	rec := d.build()
	if c.base != nil && d.owner == c.base.owner && !c.list.closes() && c.list.last(doCookie) < 0 && record.Same(rec, c.base.rec) {
		c.saved = c.base
		return nil
	}
	attrs := c.attrs
	if at != nil && at.attrs != nil {
		attrs = at.attrs
		if c.attrs != nil {
			attrs = merged(attrs, *c.attrs)
		}
	}
	around := k.m.line
	if attrs != nil || rec.Persistent() {
		around = lineAround(k.m.opts.Name, k.m.attrs(rec, attrs))
	}
	size := seal.Size(sealedLen(d.owner, rec))
	if err := k.fits(d, rec, len(around[0])+size+len(around[1])); err != nil {
		return err
	}
	c.line = k.line(around, d.owner, rec, size)
	c.text = c.line[len(around[0]):][:size]
	c.saved = c.kept.take()
	*c.saved = saved{rec: rec, owner: d.owner, exists: true}
	return nil
}

// line returns a whole Set-Cookie, the sealed text in it.
func (k *sealed) line(around [2]string, owner string, rec record.Record, size int) string {
	n := len(around[0]) + size + len(around[1])
	room, plain := make([]byte, n), rec.Bytes()
	if owner != "" {
		room = make([]byte, n, n+sealedLen(owner, rec)) // one allocation for both
		plain = appendSealed(room[n:], owner, plain)
	}
	line := k.sealer.Seal(append(room[:0:n], around[0]...), plain, time.Now())
	return string(append(line, around[1]...))
}

// Browsers keep no larger cookie. RFC 6265bis, section 5.6, counts name and
// value; some browsers count the attributes, too.
const maxCookie = 4096

// fits refuses a cookie that browsers would drop in silence; n is the length of
// the whole Set-Cookie.
func (k *sealed) fits(d *draft, rec record.Record, n int) error {
	if size, most := len(rec.Bytes()), k.m.opts.MaxRecord; size > most {
		name, n := largest(d)
		return tooLarge(size, name, n, most)
	}
	if n <= maxCookie {
		return nil
	}
	name, most := largest(d)
	return fmt.Errorf("%w: its Set-Cookie would have %d bytes, %d more than browsers keep; %d bytes before sealing are the value of %q: keep that elsewhere under a short name, or sessions in a store (session.New)",
		ErrTooLarge, n, n-maxCookie, most, name)
}
