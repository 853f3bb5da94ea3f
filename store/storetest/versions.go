package storetest

import (
	"fmt"
	"math"
	"time"

	"github.com/sojourn-go/session/store"
)

// versions is compare-and-swap, by one caller. Contents always differ, since
// a store may use a hash of the content as its version.
var versions = []rule{
	{"the version of a stored record is never 0", func(c *check) {
		id, rec := c.id(), store.Record{}
		for n := range 4 {
			rec.Data = make([]byte, n)
			rec = c.save(id, rec)
			if rec.Version == 0 {
				c.failf("Save %d: got version 0", n+1)
			}
			got, err := c.Load(c.ctx, id)
			c.must("Load", err)
			if got.Version == 0 {
				c.failf("Load: got version 0")
			}
		}
	}},

	{"two states of a record that differ never share a version", func(c *check) {
		id, rec := c.create()
		seen := map[uint64]string{rec.Version: "the first state"}
		change := func(what string) {
			rec = c.save(id, rec)
			if before, ok := seen[rec.Version]; ok {
				c.failf("version %d: got it for %s and for %s, want it once", rec.Version, before, what)
			}
			seen[rec.Version] = what
		}
		expires := kept(time.Now().Add(time.Hour))
		for n := range 4 {
			rec.Data = append(rec.Data[:0:0], byte(n))
			change(fmt.Sprintf("data %d", n))
			rec.Owner = fmt.Sprint(n)
			change(fmt.Sprintf("another owner %d", n))
			rec.Expires = expires.Add(time.Duration(n) * time.Millisecond)
			change(fmt.Sprintf("another expiry %d", n))
			c.delete(id)
			rec.Version, rec.Data = 0, append(rec.Data, 'x')
			change(fmt.Sprintf("making it anew %d", n))
		}
	}},

	{"version 0 means that there must be no record: a create never replaces one", func(c *check) {
		id, rec := c.create()
		c.wantConflict(id, 0, "where there is a record")
		c.want(id, rec, "after the refused Save")
		rec = c.save(id, rec)
		c.wantConflict(id, 0, "where there is a record")
		c.want(id, rec, "after the refused Save")
	}},

	{"any version but the stored one is ErrConflict, and changes nothing", func(c *check) {
		id, rec := c.create()
		for range 2 {
			rec.Expires = time.Now().Add(time.Hour)
			rec = c.save(id, rec)
			for _, wrong := range wrongVersions(rec.Version) {
				c.wantConflict(id, wrong, fmt.Sprintf("where the version is %d", rec.Version))
				c.want(id, rec, "after the refused Save")
			}
		}
	}},

	{"an old version is ErrConflict, and changes nothing", func(c *check) {
		id, rec := c.create()
		var old []uint64
		for range 4 {
			old = append(old, rec.Version)
			next := c.record()
			next.Version, next.Expires = rec.Version, time.Now().Add(time.Hour)
			rec = c.save(id, next)
			for _, version := range old {
				c.wantConflict(id, version, fmt.Sprintf("where the version is %d", rec.Version))
				c.want(id, rec, "after the refused Save")
			}
		}
	}},

	{"where there is no record, any version but 0 is ErrConflict, and makes none", func(c *check) {
		id := c.id()
		for _, version := range wrongVersions(0) {
			c.wantConflict(id, version, "where there is no record")
			c.wantNone(id, "after the refused Save")
		}
	}},
}

// wrongVersions returns versions that are neither 0 nor the right one. Some
// are as near to it as can be, some differ from it in bits that a signed
// integer, a float or a 32-bit word does not have.
func wrongVersions(right uint64) []uint64 {
	var wrong []uint64
	for _, v := range []uint64{
		1, right + 1, right - 1, right ^ 1<<31, right ^ 1<<32, right ^ 1<<53, right ^ 1<<63,
		math.MaxInt64, 1 << 63, math.MaxUint64,
	} {
		if v != 0 && v != right {
			wrong = append(wrong, v)
		}
	}
	return wrong
}
