package storetest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/sojourn-go/session/store"
)

// anything is that nothing else happens than what the other rules say: the
// store does what a map would do, however the operations follow each other.
// The seeds are always the same, so that a violation comes again.
var anything = []rule{
	{"after any sequence of operations the store holds what a map would", func(c *check) {
		for seed := range uint64(8) {
			m := newModel(c)
			random := rand.New(rand.NewPCG(seed, 0))
			for step := range 48 {
				which := random.IntN(len(m.ids))
				c.note = fmt.Sprintf("seed %d, step %d; on this id before:%s", seed, step, m.ids[which].trail.String())
				m.step(random, &m.ids[which])
			}
		}
	}},
}

// A model is what the records have to be.
type model struct {
	c   *check
	ids [3]modelled
	n   int // contents made so far
}

type modelled struct {
	id    string
	rec   store.Record // with version 0 if there is none
	old   []uint64
	trail strings.Builder // what was done
}

func newModel(c *check) *model {
	m := &model{c: c}
	for i := range m.ids {
		m.ids[i].id = c.id()
	}
	return m
}

// content returns a record that is like no other, to be saved upon version.
func (m *model) content(random *rand.Rand, version uint64) store.Record {
	m.n++
	rec := store.Record{Data: fmt.Append(nil, m.n), Version: version, Durable: random.IntN(4) == 0}
	if random.IntN(2) == 0 {
		rec.Owner = fmt.Sprint("owner ", random.IntN(3))
	}
	if random.IntN(2) == 0 {
		rec.Expires = time.Now().Add(time.Hour + time.Duration(random.Int64N(1e9)))
	}
	return rec
}

// step does something to a record, and wants what comes of it.
func (m *model) step(random *rand.Rand, r *modelled) {
	c, what := m.c, ""
	switch n := random.IntN(16); {
	case n < 7:
		what = "a Save"
		m.save(r, m.content(random, r.rec.Version))
	case n < 9:
		what = "a Save already expired"
		rec := m.content(random, r.rec.Version)
		rec.Expires = time.Now().Add(-time.Duration(random.Int64N(1e10)))
		m.save(r, rec)
		m.bury(r)
	case n < 12 && len(r.old) > 0:
		what = "a Save upon an old version"
		c.wantConflict(r.id, r.old[random.IntN(len(r.old))], what)
	case n < 13 && r.rec.Version != 0:
		what = "a Save upon version 0"
		c.wantConflict(r.id, 0, what)
	default:
		what = "a Delete"
		c.delete(r.id)
		m.bury(r)
	}
	fmt.Fprintf(&r.trail, " %s,", what)
	if r.rec.Version == 0 {
		c.wantNone(r.id, "after "+what)
	} else {
		c.want(r.id, r.rec, "after "+what)
	}
}

func (m *model) save(r *modelled, rec store.Record) {
	m.bury(r)
	r.rec = m.c.save(r.id, rec)
}

// bury makes the present version, if there is one, an old one.
func (m *model) bury(r *modelled) {
	if r.rec.Version != 0 {
		r.old = append(r.old, r.rec.Version)
	}
	r.rec = store.Record{}
}
