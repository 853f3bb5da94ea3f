package storetest

import (
	"fmt"

	"github.com/sojourn-go/session/store"
)

// deleting is the end of a record, and that it is final.
var deleting = []rule{
	{"Delete removes the record, and version 0 may make a new one", func(c *check) {
		id, _ := c.create()
		for range 3 {
			c.delete(id)
			c.wantNone(id, "after the Delete")
			rec := c.save(id, c.record())
			c.want(id, rec, "after making it anew")
		}
	}},

	{"a Delete of nothing is nil", func(c *check) {
		c.must("Delete of a new id", c.Delete(c.ctx, c.id()))
		id, _ := c.create()
		c.delete(id)
		c.must("a second Delete", c.Delete(c.ctx, id))
		c.wantNone(id, "after the second Delete")
	}},

	{"a Delete leaves the other records alone", func(c *check) {
		id, _ := c.create()
		other, rec := c.create()
		c.delete(id)
		c.want(other, rec, "of another id, after the Delete")
		c.save(other, rec)
	}},

	{"the dead stay dead: after a Delete every version of before is ErrConflict", func(c *check) {
		id, versions := c.life(3)
		c.delete(id)
		for _, version := range versions {
			c.wantConflict(id, version, "of before the Delete")
			c.wantNone(id, "after the Delete and a refused Save")
		}
	}},

	{"the dead stay dead, even if the id has been used anew", func(c *check) {
		id, versions := c.life(3)
		for range 2 {
			c.delete(id)
			c.noReturn(id, versions, "of before the Delete")
		}
	}},
}

// life saves a new record and its changes, n states in all, and returns the
// versions of all of them.
func (c *check) life(n int) (id string, versions []uint64) {
	id = c.id()
	rec := store.Record{}
	for range n {
		next := c.record()
		next.Version = rec.Version
		rec = c.save(id, next)
		versions = append(versions, rec.Version)
	}
	return id, versions
}

// noReturn makes the record anew, which must be possible, and changes it as
// often as it was in its former life. No version of then may be accepted.
func (c *check) noReturn(id string, former []uint64, whose string) {
	var rec store.Record
	for n := range former {
		next := c.record()
		next.Version = rec.Version
		rec = c.save(id, next)
		for _, version := range former {
			c.wantConflict(id, version, whose)
			c.want(id, rec, fmt.Sprintf("in state %d of the new life, after a refused Save", n+1))
		}
	}
}
