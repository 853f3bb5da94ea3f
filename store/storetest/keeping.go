package storetest

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/sojourn-go/session/store"
)

// keeping is what a record holds.
var keeping = []rule{
	{"an id under which nothing was saved is ErrNotFound", func(c *check) {
		c.wantNone(c.id(), "of a new id")
	}},

	{"Load returns what Save was given, with the version that Save returned", func(c *check) {
		id, rec := c.create()
		c.want(id, rec, "after the first Save")
		for range 3 {
			next := c.record()
			next.Version, next.Expires = rec.Version, time.Now().Add(time.Hour)
			rec = c.save(id, next)
			c.want(id, rec, "after another Save")
		}
	}},

	{"a Save replaces the record as a whole: data, owner and expiry", func(c *check) {
		id, rec := c.create()
		hour := time.Now().Add(time.Hour)
		for _, step := range []struct {
			name string
			rec  store.Record
		}{
			{"with other data", store.Record{Data: []byte("other"), Owner: rec.Owner}},
			{"with less data", store.Record{Data: []byte("o"), Owner: rec.Owner}},
			{"with another owner", store.Record{Data: []byte("o"), Owner: "another"}},
			{"with an expiry", store.Record{Data: []byte("o"), Owner: "another", Expires: hour}},
			{"without data", store.Record{Owner: "another", Expires: hour}},
			{"without an owner", store.Record{Expires: hour}},
			{"without an expiry", store.Record{}},
		} {
			step.rec.Version = rec.Version
			rec = c.save(id, step.rec)
			c.want(id, rec, "after a Save "+step.name)
		}
	}},

	{"a record may be without data", func(c *check) {
		for name, data := range map[string][]byte{"nil": nil, "empty": {}} {
			id := c.id()
			rec := c.save(id, store.Record{Data: data})
			c.want(id, rec, "with data "+name)
			c.wantConflict(id, 0, "where there is a record with data "+name)
		}
	}},

	{"data may be any bytes", func(c *check) {
		all := make([]byte, 256)
		for i := range all {
			all[i] = byte(i)
		}
		for _, data := range []string{
			string(all), "\x00", "a\x00", "\x00\x00a", "\xff\xfe", "\xc3\x28", " a ", "a\r\n",
			"0", "1e3", "12345678901234567890", "null", `"`, `{"a":1}`, `\x41`, "'; --", "%s%n",
		} {
			id := c.id()
			c.want(id, c.save(id, store.Record{Data: []byte(data)}), "after the Save")
		}
	}},

	{"data of 1 MiB is kept to the last byte", func(c *check) {
		id := c.id()
		rec := c.save(id, store.Record{Data: make([]byte, 1<<20)})
		c.want(id, rec, "with zeros")
		rand.Read(rec.Data)
		c.want(id, c.save(id, rec), "with random bytes")
	}},

	{"Durable is a hint, and not kept", func(c *check) {
		id, rec := c.id(), c.record()
		rec.Durable = true
		rec = c.save(id, rec)
		c.want(id, rec, "after a durable Save")
	}},

	{"a Save that returns nil or ErrNotDurable was applied", func(c *check) {
		id, rec := c.id(), c.record()
		for _, durable := range []bool{true, true, false, true} {
			rec.Data, rec.Durable = []byte(rand.Text()), durable
			rec = c.save(id, rec)
			c.want(id, rec, "after the Save")
		}
	}},

	{"a record outlives the context that it was saved with", func(c *check) {
		ctx, cancel := context.WithCancel(c.ctx)
		id, rec := c.id(), c.record()
		version, err := c.Save(ctx, id, rec)
		c.must("Save", err)
		cancel()
		rec.Version = version
		c.want(id, rec, "after the Save's context was cancelled")
		c.save(id, rec)
	}},

	{"Load sees every Save and Delete that returned before it", func(c *check) {
		id := c.id()
		for range 4 {
			c.wantNone(id, "before a Save")
			rec := c.save(id, c.record())
			c.want(id, rec, "after a Save")
			rec.Data = []byte("newer")
			rec = c.save(id, rec)
			c.together(4, func(int) error { return loads(c.ctx, c.Store, id, rec) })
			c.delete(id)
		}
		c.wantNone(id, "after a Delete")
	}},
}
