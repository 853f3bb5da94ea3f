package storetest

import (
	"context"
	"fmt"
	"strings"

	"github.com/sojourn-go/session/store"
)

// naming is which ids and owners there are, and which of them are the same.
var naming = []rule{
	{"ids that differ only in case are different ids", func(c *check) {
		id := "Case" + c.id()
		c.distinct(c.take(id), c.take(strings.ToLower(id)), c.take(strings.ToUpper(id)))
	}},

	{"an id is 1 to 128 bytes of letters, digits, '-', '_' and '.'", func(c *check) {
		long := strings.Repeat("0123456789abcdef", 8) + c.id()
		long = long[len(long)-127:]
		ids := []string{"a", "A", "z", "0", "-", "_", ".", "..", "-.", "_-", long + "x", long + "y", "x" + long}
		for _, affix := range []string{".", "-", "_", "..", "--", "__", ".tmp", "_1", "-1", "0"} {
			id := c.id()
			ids = append(ids, id, id+affix, affix+id)
		}
		for _, id := range ids {
			c.delete(c.take(id))
		}
		c.distinct(ids...)
	}},

	{"two owners are the same only if their bytes are", func(c *check) {
		c.keepsOwners("alice", "Alice", "ALICE", "álice", "Álice", "A\u0301lice", "a\u0301lice",
			"alice ", " alice", "alice\t", "alice\n", "ali\u200bce", "ａlice", "alıce", "al\ufb01", "alfi",
			"\u212a", "K", "k", "\u00e5", "\u212b", "a\u030a", "strasse", "straße", "STRASSE", "ς", "σ", "Σ",
			"%", "_", `\`, `\\`, "'", "''", `"`, "*", "ali*", "0", "00", "1e0", "null", "NULL", "",
			"🦊", "🦝", "\ufffd", "\U0010ffff", "\ufeffalice", "شريف", "한", "\u1112\u1161\u11ab")
	}},

	{"an owner may have 255 bytes", func(c *check) {
		long := strings.Repeat("x", 254)
		c.keepsOwners(long+"a", long+"b", long, strings.Repeat("é", 127)+"x", strings.Repeat("🦊", 63)+"abc")
	}},
}

// distinct wants ids, of which none is in use, to be of different records.
func (c *check) distinct(ids ...string) {
	saved := map[string]store.Record{}
	for _, id := range ids {
		c.note = "id " + id
		c.wantNone(id, "before its Save, after those of others")
		saved[id] = c.save(id, c.record())
	}
	for _, id := range ids {
		c.note = "id " + id
		c.want(id, saved[id], "after all Saves")
	}
	for _, id := range ids {
		c.note = "id " + id
		c.want(id, saved[id], "before its Delete, after those of others")
		c.delete(id)
		c.wantNone(id, "after its Delete")
	}
}

// keepsOwners wants each of the owners to be kept as it is, beside the others.
func (c *check) keepsOwners(owners ...string) {
	saved := map[string]store.Record{}
	for _, owner := range owners {
		id := c.id()
		saved[id] = c.save(id, store.Record{Owner: owner})
	}
	for id, rec := range saved {
		c.want(id, rec, "after all Saves")
		c.delete(id)
	}
}

// loads returns an error if the record under id is not rec. Unlike c.want it
// is for any goroutine.
func loads(ctx context.Context, s store.Store, id string, rec store.Record) error {
	got, err := s.Load(ctx, id)
	if err != nil {
		return fmt.Errorf("Load: got error %w, want version %d", err, rec.Version)
	}
	if diff := difference(got, rec); diff != "" {
		return fmt.Errorf("Load: %s", diff)
	}
	return nil
}
