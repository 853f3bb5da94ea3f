package storetest

import "github.com/sojourn-go/session/store"

// ownership is whose the bytes are that go in and come out.
var ownership = []rule{
	{"Save does not keep rec.Data: the caller may change it at once", func(c *check) {
		id, rec := c.id(), c.record()
		for range 2 { // once for a create, once for an update
			given := rec
			given.Data = append(make([]byte, 0, 1000), rec.Data...)
			saved := c.save(id, given)
			scribble(given.Data)
			rec.Version = saved.Version
			c.want(id, rec, "after the caller changed what it had saved")
		}
	}},

	{"Load returns bytes that nobody else holds", func(c *check) {
		id, rec := c.create()
		next, neighbour := c.create()
		first, err := c.Load(c.ctx, id)
		c.must("Load", err)
		second, err := c.Load(c.ctx, id)
		c.must("Load", err)
		scribble(first.Data)
		c.same(second, rec, "a Load of before, after its caller changed another's")
		c.want(id, rec, "after the caller changed what it had loaded")
		scribble(second.Data)
		c.want(id, rec, "after the caller changed what it had loaded")
		c.want(next, neighbour, "of the next record, after the caller changed what it had loaded")
	}},

	{"a Save leaves alone what was loaded before", func(c *check) {
		id, rec := c.create()
		loaded, err := c.Load(c.ctx, id)
		c.must("Load", err)
		next := store.Record{Data: make([]byte, len(rec.Data)), Version: rec.Version}
		c.save(id, next)
		c.same(loaded, rec, "a Load of before the Save")
	}},
}

// scribble changes data, and what there is room for behind it, as an append
// by its owner would.
func scribble(data []byte) {
	data = data[:cap(data)]
	for i := range data {
		data[i] ^= 0xff
	}
}
