package session_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/store"
)

// A session that stepped up lived longer than its owner's list knew: whoever
// changed the password then did not end it.
func TestEndAll_finds_a_session_that_stepped_up(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, session.Options{Idle: session.Never, Lifetime: 2 * time.Hour})
		v := l.login("ann")
		time.Sleep(90 * time.Minute)
		v.posts(func(s *session.Session) { s.StepUp(2) })
		time.Sleep(time.Hour)
		want(t, "listed", len(l.list("ann")), 1)
		n, err := l.m.EndAll(t.Context(), "ann")
		want(t, "ended", n, 1)
		want(t, "error", err, nil)
		want(t, "owner", v.owner(), "")
	})
}

// And one whose new end the list could not take must not have it either.
func TestA_StepUp_whose_owner_record_fails_leaves_everything_as_it_was(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, session.Options{})
		v := l.login("ann")
		time.Sleep(time.Minute)
		l.onSave = func(id string, _ store.Record) error {
			if isOwner(id) {
				return errLost
			}
			return nil
		}
		res := v.does("POST", func(s *session.Session) { s.StepUp(2) })
		l.onSave = nil
		want(t, "status", res.StatusCode, 503)
		want(t, "Set-Cookie lines", len(res.Cookies()), 0)
		want(t, "owner", v.owner(), "ann")
		v.gets(func(s *session.Session) { want(t, "level", s.Info().Level, 0) })
	})
}

// A login of a visitor who had a session went over the limit: the context of its
// first Save, released by then, was used for the look at the others, and failed.
// Nobody made room, and the next EndAll did not know the sessions.
func TestThe_limit_holds_for_visitors_who_had_a_session_before(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, session.Options{Limit: 2})
		var all []*visitor
		for range 6 {
			v := l.visitor()
			v.posts(func(s *session.Session) { count.Set(s, 1) })
			v.posts(func(s *session.Session) { s.Login("ann") })
			all = append(all, v)
			time.Sleep(time.Second)
		}
		for i, v := range all {
			want(t, "owner", v.owner(), map[bool]string{true: "ann"}[i >= 4])
		}
		want(t, "listed", len(l.list("ann")), 2)
		n, err := l.m.EndAll(t.Context(), "ann")
		want(t, "ended", n, 2)
		want(t, "error", err, nil)
		for _, v := range all {
			want(t, "owner after EndAll", v.owner(), "")
		}
	})
}

// A derivingStore gives every call a timeout of its own.
type derivingStore struct{ store.Store }

func (d derivingStore) Load(ctx context.Context, id string) (store.Record, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	return d.Store.Load(ctx, id)
}

func (d derivingStore) Save(ctx context.Context, id string, rec store.Record) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	return d.Store.Save(ctx, id, rec)
}

// The same login, with a store that derives a context from the one it is given:
// of a context that is done and has no error, package context panics.
func TestA_store_may_derive_contexts_in_every_stage_of_a_login(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, session.Options{Limit: 2})
		l.labStore.Store = derivingStore{l.labStore.Store}
		first := l.login("ann")
		time.Sleep(time.Second)
		l.login("ann")
		v := l.visitor()
		v.posts(func(s *session.Session) { count.Set(s, 1) })
		v.posts(func(s *session.Session) { s.Login("ann") })
		want(t, "owner", v.owner(), "ann")
		want(t, "owner of the oldest", first.owner(), "")
	})
}

// A login again, with a shorter lifetime, failed and was undone. The list kept
// the shorter end: from then on EndAll missed a session that lived for hours.
func TestEndAll_finds_a_session_after_the_end_of_a_shorter_login_that_was_undone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, session.Options{Idle: session.Never, Lifetime: 8 * time.Hour})
		v := l.login("ann")
		time.Sleep(time.Minute)
		l.afterSave = func(id string, _ store.Record, _ uint64, err error) error {
			if isOwner(id) {
				return errLost // but it was applied
			}
			return err
		}
		res := v.does("POST", func(s *session.Session) {
			if err := s.LoginWith("ann", session.Terms{Lifetime: time.Hour}); err != nil {
				t.Error(err)
			}
		})
		l.afterSave = nil
		want(t, "status", res.StatusCode, 503)
		want(t, "owner after the login was undone", v.owner(), "ann")
		time.Sleep(2 * time.Hour)
		want(t, "owner after the shorter end", v.owner(), "ann")
		n, err := l.m.EndAll(t.Context(), "ann")
		want(t, "ended", n, 1)
		want(t, "error", err, nil)
		want(t, "owner after EndAll", v.owner(), "")
	})
}

// A session of ann's was bob's for a moment, in a login that failed. A login of
// ann's at that moment took it off her list, and then it was hers again: over
// her limit, and out of reach of EndAll.
func TestA_session_that_is_anothers_for_a_moment_is_not_forgotten(t *testing.T) {
	for undone := range 20 { // before the n-th call to the store by the login over the limit
		synctest.Test(t, func(t *testing.T) {
			l := newLab(t, session.Options{Limit: 1})
			v := l.login("ann")
			time.Sleep(time.Second)
			there, held := l.twin(), make(chan bool)
			there.onLoad = func(id string) error {
				if isOwner(id) {
					<-held
				}
				return nil
			}
			bobs := v.at(there).starts(func(s *session.Session) { s.LoginWith("bob", session.Terms{AtEpoch: 7}) })
			calls, over := 0, false
			call := func() {
				if calls++; calls > undone && !over {
					over = true
					close(held)
					want(t, "status of bob's login", bobs(), 409)
				}
			}
			l.onLoad = func(string) error { call(); return nil }
			l.onSave = func(string, store.Record) error { call(); return nil }
			w := l.login("ann")
			l.onLoad, l.onSave = nil, nil
			if !over {
				close(held)
				want(t, "status of bob's login", bobs(), 409)
			}
			want(t, "owner of the newest", w.owner(), "ann")
			want(t, "owner of the oldest", v.owner(), "")
			want(t, "listed", len(l.list("ann")), 1)
			if _, err := l.m.EndAll(t.Context(), "ann"); err != nil {
				t.Error(err)
			}
			want(t, "owner of the newest after EndAll", w.owner(), "")
			want(t, "owner of the oldest after EndAll", v.owner(), "")
		})
	}
}

// A login, renewal or logout that the store had applied but not made safe was
// answered 200: a failover, and the logout had never been.
func TestWhat_must_be_durable_and_is_not_is_no_success(t *testing.T) {
	guest := func(s *session.Session) { count.Set(s, 1) }
	for what, c := range map[string]struct {
		before, f func(*session.Session)
		owners    bool // it is the Save of the owner's record that is weak
		ends      bool
	}{
		"login":                          {nil, func(s *session.Session) { s.Login("ann") }, false, false},
		"login, owner record":            {nil, func(s *session.Session) { s.Login("ann") }, true, false},
		"login of a guest":               {guest, func(s *session.Session) { s.Login("ann") }, false, false},
		"login of a guest, owner record": {guest, func(s *session.Session) { s.Login("ann") }, true, false},
		"renewal":                        {guest, func(s *session.Session) { s.Renew() }, false, false},
		"end":                            {guest, func(s *session.Session) { s.End() }, false, true},
	} {
		l := newLab(t, session.Options{})
		v := l.visitor()
		if c.before != nil {
			v.posts(c.before)
		}
		weak := true
		l.afterSave = func(id string, rec store.Record, _ uint64, err error) error {
			if err == nil && weak && rec.Durable && isOwner(id) == c.owners {
				weak = false
				return store.ErrNotDurable
			}
			return err
		}
		res := v.does("POST", c.f)
		want(t, what+": status", res.StatusCode, 503)
		want(t, what+": Set-Cookie lines", len(res.Cookies()), 0)
		want(t, what+": ann's sessions", len(l.list("ann")), 0)
		if v.cookie != nil {
			want(t, what+": owner", v.owner(), "")
			want(t, what+": count", tells(v, count), map[bool]int{false: 1}[c.ends])
		}
		v.posts(c.f) // again
		if c.before == nil || c.owners {
			want(t, what+": owner after another try", v.owner(), "ann")
		}
	}
}

// Epoch is asked at every attempt to sign in, before the password is known to be
// right: each was a write to the owner's record.
func TestEpoch_saves_nothing_if_the_owner_has_a_record(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, session.Options{})
		l.login("ann")
		first, err := l.m.Epoch(t.Context(), "ann")
		want(t, "error", err, nil)
		l.saves.Store(0)
		for range 5 {
			time.Sleep(time.Hour)
			epoch, err := l.m.Epoch(t.Context(), "ann")
			want(t, "epoch", epoch, first)
			want(t, "error", err, nil)
		}
		want(t, "saves", l.saves.Load(), 0)
	})
}
