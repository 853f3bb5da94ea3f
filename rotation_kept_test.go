package session_test

import (
	"bytes"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/internal/record"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/memstore"
)

// A failover forgets what was not to be durable. The visitor, who has the cookie
// of after the rotation, was signed out.
func TestRotation_survives_a_failover_as_a_renewal_does(t *testing.T) {
	for what, renew := range map[string]func(v *visitor){
		"Renew":    func(v *visitor) { v.posts(func(s *session.Session) { s.Renew() }) },
		"rotation": (*visitor).seen,
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, quarterly)
				safe := map[string]store.Record{}
				l.afterSave = func(id string, rec store.Record, _ uint64, err error) error {
					if err == nil && rec.Durable {
						rec.Data = bytes.Clone(rec.Data)
						safe[id] = rec
					}
					return err
				}
				v := l.login("ann")
				before := v.cookie.Value
				renew(v)
				want(t, "there is a new token", before != v.cookie.Value, true)
				l.afterSave = nil
				for id, rec := range safe {
					l.put(id, rec)
				}
				want(t, "owner", v.owner(), "ann")
			})
		})
	}
}

// put replaces what is in the store.
func (l *lab) put(id string, rec store.Record) {
	l.t.Helper()
	now, err := l.Store.Load(l.t.Context(), id)
	if err != nil {
		l.t.Fatal(err)
	}
	rec.Version = now.Version
	if _, err := l.Store.Save(l.t.Context(), id, rec); err != nil {
		l.t.Fatal(err)
	}
}

// A store that says "applied, and not yet durable" has applied it: a failure was
// told of, and no cookie sent.
func TestRotation_that_is_not_durable_yet_is_done(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, quarterly)
		v := l.login("ann")
		time.Sleep(l.o.Rotate)
		before := v.cookie.Value
		l.afterSave = func(_ string, rec store.Record, _ uint64, err error) error {
			if err == nil && rec.Durable {
				return store.ErrNotDurable
			}
			return err
		}
		want(t, "cookies", len(v.does("GET", greets).Cookies()), 1)
		want(t, "the token is another", v.cookie.Value != before, true)
		want(t, "Rotated events", l.count(session.Rotated), 1)
		want(t, "Failed events", l.count(session.Failed), 0)
		want(t, "owner by the new one", v.owner(), "ann")
		want(t, "cookies of the next answer", len(v.does("GET", greets).Cookies()), 0)
	})
}

// A rotation takes room in the record, and whoever's just fitted could write
// nothing any more.
func TestRotation_leaves_a_session_writable_that_just_fits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := quarterly
		o.MaxRecord = 1024
		l := newLab(t, o)
		v, n := l.login("ann"), 700
		write := func(letter string) int {
			return v.does("POST", func(s *session.Session) { name.Set(s, strings.Repeat(letter, n)) }).StatusCode
		}
		for write("a") == http.StatusOK {
			n++
		}
		n-- // as large as it can be
		want(t, "a write of as much, before", write("b"), http.StatusOK)
		v.seen()
		want(t, "a write of as much, after", write("c"), http.StatusOK)
		want(t, "rotations that have no room", l.count(session.Rotated), 0)
		saves := l.saves.Load()
		v.owner()
		want(t, "saves of a request that reads, for a rotation that has no room", l.saves.Load(), saves)
		n = 100
		want(t, "a write of less", write("d"), http.StatusOK)
		v.seen()
		want(t, "rotations", l.count(session.Rotated), 1)
	})
}

// Options.Rotate is so long after the last one.
func TestRotation_counts_from_a_renewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, quarterly)
		v := l.login("ann")
		time.Sleep(l.o.Rotate - time.Second)
		v.posts(func(s *session.Session) { s.Renew() })
		renewed := v.cookie.Value
		time.Sleep(l.o.Rotate - time.Second)
		v.owner()
		want(t, "the token until then is the renewed one", v.cookie.Value == renewed, true)
		time.Sleep(time.Second)
		v.owner()
		want(t, "the token from then on is the renewed one", v.cookie.Value == renewed, false)
	})
}

func TestRotation_sends_a_remembered_cookie_for_what_is_left_of_the_lifetime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := quarterly
		o.Lifetime = 60 * day
		l := newLab(t, o)
		v := l.remembered("ann")
		old := v.copy()
		time.Sleep(day)
		v.owner()
		want(t, "Max-Age", v.cookie.MaxAge, 59*24*3600)
		time.Sleep(day)
		old.owner()
		want(t, "Max-Age of the same, once more", old.cookie.MaxAge, 58*24*3600)
		want(t, "it is the same", old.cookie.Value, v.cookie.Value)
		res := v.sends("GET", strictly)
		want(t, "Max-Age with SetCookie", res.Cookies()[0].MaxAge, 58*24*3600)
	})
}

func TestRotation_goes_with_the_shortest_Idle(t *testing.T) {
	for idle, begin := range map[time.Duration]func(l *lab) *visitor{
		time.Second:      func(l *lab) *visitor { return l.login("ann") },
		time.Millisecond: func(l *lab) *visitor { return l.remembered("ann") },
	} {
		synctest.Test(t, func(t *testing.T) {
			l := newLab(t, session.Options{Rotate: time.Minute, Idle: idle, Lifetime: day})
			v := begin(l)
			for range 1200 {
				time.Sleep(500 * time.Millisecond)
				want(t, "owner", v.owner(), "ann")
			}
			want(t, "Forked events", l.count(session.Forked), 0)
			want(t, "rotations", l.count(session.Rotated) >= 9, true)
		})
	}
}

// What a cache remembers is from before the rotation.
func TestRotation_goes_with_a_cache_that_is_out_of_date(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := &staleStore{Store: memstore.New(memstore.Options{}), remembered: map[string]store.Record{}}
		l := newLabOn(t, st, quarterly)
		v := l.login("ann")
		for range 200 {
			time.Sleep(10 * time.Second)
			rec, err := st.Store.Load(t.Context(), v.id())
			if err != nil {
				t.Fatal(err)
			}
			st.remembered[v.id()] = rec
			old := v.copy()
			for range 4 {
				want(t, "owner", v.owner(), "ann")
				want(t, "owner by the token before", old.copy().owner(), "ann")
				v.posts(func(s *session.Session) { count.Update(s, inc) })
			}
			time.Sleep(3 * time.Minute)
			want(t, "owner later", v.owner(), "ann")
		}
		want(t, "Forked events", l.count(session.Forked), 0)
		v.posts(func(s *session.Session) { want(t, "value", count.Get(s), 800) })
		want(t, "rotations", l.count(session.Rotated) > 30, true)
	})
}

// No library wrote it, but somebody can write into the store: the visitor is let
// in or not, and can log in again.
func TestRotation_reads_garbage_in_a_record_as_none(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rnd := rand.New(rand.NewPCG(1, 2))
		for i := range 1000 {
			o := quarterly
			o.Fork = session.Fork(i % 3)
			o.Client = session.ClientOf
			o.Logger = slog.New(slog.DiscardHandler)
			l := newLab(t, o)
			v := l.login("ann")
			if i%2 == 0 {
				v = l.remembered("ann")
			}
			l.spoil(rnd, v.id())
			if rnd.IntN(2) == 0 {
				time.Sleep(time.Hour)
			}
			old := v.copy()
			for range 3 {
				v.does("GET", func(s *session.Session) { s.Info(); count.Get(s) })
				v.does("POST", func(s *session.Session) { count.Update(s, inc) })
				old.copy().does("GET", greets)
			}
			v.does("POST", func(s *session.Session) { s.StepUp(1) })
			v.does("POST", login("ann"))
			want(t, "owner", v.owner(), "ann")
			want(t, "on the list", len(l.list("ann")) > 0, true)
			want(t, "status of the logout", v.does("POST", end).StatusCode, http.StatusOK)
		}
	})
}

// spoil puts random bytes, of lengths that are somebody's, into a record's
// extensions.
func (l *lab) spoil(rnd *rand.Rand, id string) {
	l.t.Helper()
	rec, err := l.Store.Load(l.t.Context(), id)
	if err != nil {
		l.t.Fatal(err)
	}
	r, err := record.Parse(rec.Data)
	if err != nil {
		l.t.Fatal(err)
	}
	h := r.Header()
	for tag, size := range map[byte]int{record.ExtClient: 9, record.ExtStale: 8, record.ExtRotation: 80, 9: 7, 255: 300} {
		if rnd.IntN(2) == 0 {
			size = []int{0, 1, 7, 8, 9, 79, 80, 81, 300}[rnd.IntN(9)]
		}
		b := make([]byte, size)
		for j := range b {
			b[j] = byte(rnd.Uint32())
		}
		if rnd.IntN(3) == 0 {
			clear(b[:min(16, size)]) // times of nought
		}
		h.Extend(tag, b)
	}
	rec.Data = record.Build(r, h, false, nil)
	if _, err := record.Parse(rec.Data); err != nil {
		l.t.Fatal(err)
	}
	l.put(id, rec)
}
