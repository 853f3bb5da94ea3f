package storetest

import (
	"errors"
	"time"

	"github.com/sojourn-go/session/store"
)

// span is how long a record lives whose end a rule waits for.
const span = 40 * time.Millisecond

// expiry is when a record ceases to exist, and for whom.
var expiry = []rule{
	{"a record is there one millisecond before its Expires", func(c *check) {
		id, end := c.mortal()
		for _, left := range []time.Duration{20, 10, 5, 3, 2, 1} {
			sleepUntil(end.Add(-left * time.Millisecond))
			rec, err := c.Load(c.ctx, id)
			now := time.Now()
			switch {
			case err == nil:
			case !errors.Is(err, store.ErrNotFound):
				c.must("Load", err)
			case !now.After(end.Add(-time.Millisecond)):
				c.failf("Load %v before Expires: got %s, want the record", end.Sub(now), outcome(rec, err))
			}
		}
	}},

	{"from its Expires on a record does not exist for Load", func(c *check) {
		id, end := c.mortal()
		sleepUntil(end)
		c.wantNone(id, "at Expires")
		sleepUntil(end.Add(2 * time.Millisecond))
		c.wantNone(id, "after Expires")
	}},

	{"from its Expires on a record does not exist for Save: its version is ErrConflict", func(c *check) {
		id := c.id()
		rec := c.record()
		rec.Expires = time.Now().Add(span)
		rec = c.save(id, rec)
		sleepUntil(kept(rec.Expires))
		c.wantConflict(id, rec.Version, "of an expired record")
		c.wantNone(id, "after the refused Save")
		c.noReturn(id, []uint64{rec.Version}, "of an expired record")
	}},

	{"from its Expires on a record does not exist for Save: version 0 may replace it", func(c *check) {
		id, end := c.mortal()
		sleepUntil(end)
		c.want(id, c.save(id, c.record()), "after the Save at Expires")
	}},

	{"a record that is saved already expired is accepted, and is not there", func(c *check) {
		id, rec := c.create()
		for _, ago := range []time.Duration{0, time.Millisecond, time.Hour} {
			old := rec.Version
			rec.Expires = time.Now().Add(-ago)
			rec = c.save(id, rec)
			c.wantNone(id, "after it was saved expired")
			c.wantConflict(id, old, "of before it was saved expired")
			c.wantConflict(id, rec.Version, "of the expired record")
			c.wantNone(id, "after the refused Saves")
			rec = c.save(id, c.record())
			c.want(id, rec, "after making it anew")
		}
	}},

	{"Expires counts in whole milliseconds: what is finer is dropped", func(c *check) {
		second := time.Now().Add(time.Hour).Truncate(time.Second)
		for _, fine := range []time.Duration{0, 1, 999, 499_999, 500_000, 999_999, 1_000_000, 123_456_789, 999_999_999} {
			id := c.id()
			rec := c.save(id, store.Record{Expires: second.Add(fine)})
			c.want(id, rec, "that expires a second's "+fine.String())
		}
	}},

	{"the zero Expires is never", func(c *check) {
		id, rec := c.create()
		c.want(id, rec, "without an expiry")
		rec.Expires = time.Time{}.In(time.FixedZone("east", 5*3600+1800))
		c.want(id, c.save(id, rec), "with a zero time of another zone")
	}},

	{"Expires is an instant, up to the year 9999 and in any zone", func(c *check) {
		for _, t := range []time.Time{
			time.Now().Add(time.Minute),
			time.Now().Add(time.Hour).In(time.FixedZone("west", -11*3600)),
			time.Now().Add(time.Hour).In(time.FixedZone("east", 14*3600)),
			time.Date(2038, 1, 19, 3, 14, 8, 1e6, time.UTC),
			time.Date(2106, 2, 7, 6, 28, 16, 2e6, time.UTC),
			time.Date(9999, 12, 31, 23, 59, 59, 999e6, time.UTC),
		} {
			id := c.id()
			c.want(id, c.save(id, store.Record{Expires: t}), "that expires "+t.Format(time.RFC3339Nano))
		}
	}},

	{"a time before 1970 stays in the past", func(c *check) {
		var never time.Time
		for _, t := range []time.Time{
			time.UnixMilli(1), time.UnixMilli(0), time.UnixMilli(-1), time.Unix(0, -1),
			time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(1600, 1, 1, 0, 0, 0, 0, time.UTC),
			never.Add(time.Hour), never.Add(1), never.Add(-1), time.Date(-5000, 1, 1, 0, 0, 0, 0, time.UTC),
			time.Unix(-1e16, 0), // in milliseconds, it overflows to the future
		} {
			id := c.id()
			c.save(id, store.Record{Expires: t})
			c.wantNone(id, "that expired "+t.UTC().String())
		}
	}},

	{"a time after the year 9999 stays in the future", func(c *check) {
		for _, t := range []time.Time{
			time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(99999, 1, 1, 0, 0, 0, 0, time.UTC),
			time.Date(300000, 1, 1, 0, 0, 0, 0, time.UTC),
			time.Unix(1e16, 0), // in milliseconds, it overflows to the past
		} {
			id := c.id()
			rec := c.save(id, store.Record{Expires: t})
			got, err := c.Load(c.ctx, id)
			c.must("Load of a record that expires "+t.UTC().String(), err)
			if !got.Expires.IsZero() && got.Expires.Before(time.Now()) {
				c.failf("Expires: got %v, want the future", instant(got.Expires))
			}
			c.save(id, store.Record{Version: rec.Version})
		}
	}},

	{"a later Save may lengthen the life of a record", func(c *check) {
		for range 5 { // for a machine so slow that the record expires first
			id, end := c.mortal()
			rec, err := c.Load(c.ctx, id)
			if err != nil {
				continue
			}
			rec.Expires = end.Add(time.Hour)
			rec.Version, err = c.Save(c.ctx, id, rec)
			if err != nil && !time.Now().Before(end) {
				continue
			}
			c.must("Save with a later Expires", err)
			sleepUntil(end.Add(time.Millisecond))
			c.want(id, rec, "after the former Expires")
			return
		}
	}},

	{"a later Save may shorten the life of a record", func(c *check) {
		for _, from := range []time.Time{{}, time.Now().Add(time.Hour)} {
			id, rec := c.id(), c.record()
			rec.Expires = from
			rec = c.save(id, rec)
			rec.Expires = time.Now().Add(span / 2)
			rec = c.save(id, rec)
			sleepUntil(kept(rec.Expires))
			c.wantNone(id, "at the new Expires")
		}
	}},
}

// mortal saves a record that exists for a span, until end.
func (c *check) mortal() (id string, end time.Time) {
	id, rec := c.id(), c.record()
	rec.Expires = time.Now().Add(span)
	c.save(id, rec)
	return id, kept(rec.Expires)
}
