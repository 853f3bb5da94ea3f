package session_test

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/store"
)

func login(owner string) func(*session.Session) {
	return func(s *session.Session) { s.Login(owner) }
}

func TestDenyNew_refuses_a_login_over_the_limit_and_leaves_everything_as_it_was(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, session.Options{Limit: 2, OverLimit: session.DenyNew})
		first := l.login("ann")
		time.Sleep(time.Second)
		second := l.login("ann")
		guest, bob := l.visitor(), l.login("bob")
		guest.posts(func(s *session.Session) { name.Set(s, "guest") })
		bob.posts(func(s *session.Session) { count.Set(s, 7) })
		for _, v := range []*visitor{l.visitor(), guest, bob} {
			res := v.does("POST", func(s *session.Session) {
				s.Login("ann")
				if err := s.Commit(t.Context()); !errors.Is(err, session.ErrLimit) {
					t.Errorf("Commit: got %v, want ErrLimit", err)
				}
			})
			want(t, "status", res.StatusCode, http.StatusConflict)
			want(t, "Set-Cookie lines", len(res.Cookies()), 0)
		}
		want(t, "the guest's value", tells(guest, name), "guest")
		want(t, "the guest's owner", guest.owner(), "")
		want(t, "bob's value", tells(bob, count), 7)
		want(t, "bob's owner", bob.owner(), "bob")
		want(t, "ann's", strings.Join(l.list("ann"), " "), first.id()+" "+second.id())
		want(t, "events of an ended one", l.count(session.Evicted)+l.count(session.Ended), 0)

		first.posts(func(s *session.Session) { s.End() })
		bob.posts(login("ann"))
		want(t, "the owner once there is room", bob.owner(), "ann")
	})
}

func TestA_login_or_StepUp_of_a_session_that_is_listed_takes_no_new_place(t *testing.T) {
	for _, policy := range []session.OverLimit{session.EndOldest, session.DenyNew} {
		synctest.Test(t, func(t *testing.T) {
			l := newLab(t, session.Options{Limit: 2, OverLimit: policy})
			v := l.login("ann")
			other := l.login("ann")
			for range 3 {
				time.Sleep(time.Second)
				v.posts(login("ann"))
				v.posts(func(s *session.Session) { s.StepUp(2) })
			}
			want(t, "listed", len(l.list("ann")), 2)
			want(t, "the other's owner", other.owner(), "ann")
			if policy == session.EndOldest {
				return
			}
			v.l = l.like(session.Options{Limit: 1, OverLimit: policy}) // from now on there are too many
			v.posts(login("ann"))
			want(t, "listed, though there are too many", len(l.list("ann")), 2)
			want(t, "a new one", v.l.visitor().does("POST", login("ann")).StatusCode, http.StatusConflict)
		})
	}
}

// crowd lets so many visitors in, and has all but the first awake idle out.
func (l *lab) crowd(owner string, all, awake int) (v []*visitor) {
	l.t.Helper()
	for range all {
		v = append(v, l.login(owner))
		time.Sleep(time.Millisecond)
	}
	for range 5 {
		time.Sleep(10 * time.Minute)
		for _, v := range v[:awake] {
			v.gets(func(s *session.Session) { s.Owner() })
		}
	}
	return v
}

// Sessions that idled out stay on the list for their lifetime. As long as one of
// them is there, nobody is denied.
func TestDenyNew_counts_usable_sessions_however_many_are_listed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, session.Options{Limit: 70, OverLimit: session.DenyNew})
		l.crowd("ann", 70, 68)
		for range 2 {
			want(t, "while there is room", l.visitor().does("POST", login("ann")).StatusCode, http.StatusOK)
		}
		want(t, "when there is none", l.visitor().does("POST", login("ann")).StatusCode, http.StatusConflict)
		want(t, "listed", len(l.list("ann")), 70)
	})
}

// A limit that is lowered: the login looked at 32, and ended 32 more unseen, of
// which most had ended long ago. So everybody had to go.
func TestEndOldest_ends_none_that_nobody_has_looked_at(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, session.Options{})
		v := l.crowd("ann", 60, 8)
		strict := l.like(session.Options{Limit: 5})
		strict.login("ann")
		want(t, "evicted", strict.count(session.Evicted), 4)
		for i, v := range v[:8] {
			want(t, "owner", v.owner(), map[bool]string{true: "ann"}[i >= 4])
		}
	})
}

func TestOf_100_parallel_logins_no_more_than_the_limit_are_ever_usable(t *testing.T) {
	const limit, all = 7, 100
	for _, policy := range []session.OverLimit{session.EndOldest, session.DenyNew} {
		l := newLab(t, session.Options{Limit: limit, OverLimit: policy})
		var in, out, most, looks atomic.Int32
		visitors := make([]*visitor, all)
		var logins, watching sync.WaitGroup
		over := make(chan bool)
		watching.Go(func() {
			for done := false; !done; looks.Add(1) {
				select {
				case <-over:
					done = true
				default:
				}
				most.Store(max(most.Load(), int32(len(l.list("ann")))))
			}
		})
		for i := range visitors {
			visitors[i] = l.visitor()
			logins.Go(func() {
				switch res := visitors[i].does("POST", login("ann")); res.StatusCode {
				case http.StatusOK:
					in.Add(1)
				case http.StatusConflict:
					out.Add(1)
				default:
					t.Errorf("policy %d: got status %d", policy, res.StatusCode)
				}
			})
		}
		logins.Wait()
		close(over)
		watching.Wait()
		usable := int32(0)
		for _, v := range visitors {
			if v.cookie != nil && v.owner() == "ann" {
				usable++
			}
		}
		want(t, "usable", usable, limit)
		want(t, "most that were listed", most.Load(), limit)
		want(t, "somebody was looking", looks.Load() > 0, true)
		succeed := int32(all)
		if policy == session.DenyNew {
			succeed = limit
		}
		want(t, "logins that succeeded", in.Load(), succeed)
		want(t, "logins that were denied", out.Load(), all-succeed)
	}
}

// A session was looked at while it was bob's, and taken for one that ann has no
// more. Meanwhile it had become ann's again: the list lost it, and neither the
// limit nor EndAll knew of it.
func TestA_session_that_comes_back_to_its_owner_beside_a_login_stays_on_the_list(t *testing.T) {
	for _, policy := range []session.OverLimit{session.EndOldest, session.DenyNew} {
		l := newLab(t, session.Options{Limit: 1, OverLimit: policy})
		v := l.login("ann")
		v.posts(login("bob"))
		id, back := v.id(), atomic.Bool{}
		l.afterSave = func(saved string, _ store.Record, _ uint64, err error) error {
			if saved == id && !back.Swap(true) {
				v.at(l.twin()).posts(login("ann"))
			}
			return err
		}
		code := l.visitor().does("POST", login("ann")).StatusCode
		want(t, "it came back", back.Load(), true)
		want(t, "status", code, map[session.OverLimit]int{session.EndOldest: 200, session.DenyNew: 409}[policy])
		want(t, "listed", len(l.list("ann")), 1)
		n := 0
		for info, err := range l.m.All(t.Context()) {
			if err == nil && info.Owner == "ann" {
				n++
			}
		}
		want(t, "alive", n, 1)
	}
}

// One that EndAll could not end is on the list, and is to be ended. It keeps
// nobody out, and does not stay in beside who takes its place.
func TestDenyNew_gives_the_place_of_a_session_that_is_being_ended_to_a_new_login(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, session.Options{Limit: 1, OverLimit: session.DenyNew})
		v := l.login("ann")
		l.onSave = func(id string, _ store.Record) error {
			if id == v.id() {
				return errLost
			}
			return nil
		}
		if _, err := l.m.EndAll(t.Context(), "ann"); !errors.Is(err, session.ErrUnavailable) {
			t.Errorf("EndAll: got %v, want ErrUnavailable", err)
		}
		l.onSave = nil
		next := l.login("ann")
		want(t, "owner of the former", v.owner(), "")
		want(t, "owner of the next", next.owner(), "ann")
	})
}

func TestDenyNew_answers_503_when_it_cannot_find_out_whether_there_is_room(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, session.Options{Limit: 1, OverLimit: session.DenyNew})
		v := l.login("ann")
		l.onLoad = func(id string) error {
			if id == v.id() {
				return errLost
			}
			return nil
		}
		want(t, "status", l.visitor().does("POST", login("ann")).StatusCode, http.StatusServiceUnavailable)
		l.onLoad = nil
		want(t, "status", l.visitor().does("POST", login("ann")).StatusCode, http.StatusConflict)
		want(t, "owner", v.owner(), "ann")
	})
}

// A session that a newer program has written is somebody's, whoever cannot read
// it.
func TestDenyNew_counts_a_session_of_a_newer_format(t *testing.T) {
	l := newLab(t, session.Options{Limit: 1, OverLimit: session.DenyNew})
	v := l.login("ann")
	rec, err := l.Store.Load(t.Context(), v.id())
	if err != nil {
		t.Fatal(err)
	}
	rec.Data = bytes.Clone(rec.Data)
	rec.Data[0]++
	if _, err := l.Store.Save(t.Context(), v.id(), rec); err != nil {
		t.Fatal(err)
	}
	want(t, "status", l.visitor().does("POST", login("ann")).StatusCode, http.StatusConflict)
}

func TestOverLimit_is_one_of_two_and_for_stored_sessions(t *testing.T) {
	for what, newManager := range managers {
		if _, err := newManager(session.Options{OverLimit: 2}); err == nil || !strings.Contains(err.Error(), "EndOldest or DenyNew") {
			t.Errorf("%s: got %v", what, err)
		}
	}
	if _, err := managers["NewSealed"](session.Options{OverLimit: session.DenyNew}); err == nil || !strings.Contains(err.Error(), "Options.OverLimit") {
		t.Errorf("NewSealed with DenyNew: got %v", err)
	}
}
