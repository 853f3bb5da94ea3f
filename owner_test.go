package session_test

import (
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/store"
)

func (l *lab) login(owner string) *visitor {
	l.t.Helper()
	v := l.visitor()
	v.posts(func(s *session.Session) {
		if err := s.Login(owner); err != nil {
			l.t.Fatal(err)
		}
	})
	return v
}

func (l *lab) list(owner string) (ids []string) {
	l.t.Helper()
	for info, err := range l.m.List(l.t.Context(), owner) {
		if err != nil {
			l.t.Fatal(err)
		}
		ids = append(ids, info.ID)
	}
	return ids
}

func (v *visitor) id() string { return v.cookie.Value[:24] }

func TestList_names_the_live_sessions_of_one_owner_and_no_others(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, session.Options{})
		var anns []*visitor
		for range 5 {
			anns = append(anns, l.login("ann"))
			l.login("Ann")
			time.Sleep(time.Second)
		}
		l.loads.Store(0)
		got := l.list("ann")
		want(t, "loads for five sessions", l.loads.Load(), 6)
		for i, v := range anns {
			want(t, "id", got[i], v.id())
		}
		anns[0].posts(func(s *session.Session) { s.End() })
		anns[1].posts(func(s *session.Session) { s.Login("bob") })
		want(t, "after a logout and a change of owner", strings.Join(l.list("ann"), " "), strings.Join(got[2:], " "))
		time.Sleep(31 * time.Minute)
		want(t, "after idling", len(l.list("ann")), 0)
	})
}

func TestEnd_ends_only_a_session_of_that_owner(t *testing.T) {
	l := newLab(t, session.Options{})
	ann, bob := l.login("ann"), l.login("bob")
	if err := l.m.End(t.Context(), "bob", ann.id()); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("somebody else's: got %v, want ErrNotFound", err)
	}
	if err := l.m.End(t.Context(), "ann", "no such id"); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("no such id: got %v, want ErrNotFound", err)
	}
	want(t, "ann", ann.owner(), "ann")
	if err := l.m.End(t.Context(), "ann", ann.id()); err != nil {
		t.Error(err)
	}
	if err := l.m.End(t.Context(), "ann", ann.id()); err != nil {
		t.Errorf("twice: %v", err)
	}
	want(t, "ann", ann.owner(), "")
	want(t, "bob", bob.owner(), "bob")
}

func TestEnd_of_what_is_no_id_asks_no_store(t *testing.T) {
	l := newLab(t, session.Options{})
	l.login("ann")
	loads, saves := l.loads.Load(), l.saves.Load()
	for _, id := range []string{"", "short", strings.Repeat("a", 23) + ".", strings.Repeat("a", 23) + "\x00", strings.Repeat("ü", 12), strings.Repeat("a", 25)} {
		if err := l.m.End(t.Context(), "ann", id); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("%q: got %v, want ErrNotFound", id, err)
		}
		if err := l.m.EndID(t.Context(), id); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("%q: got %v, want ErrNotFound", id, err)
		}
	}
	want(t, "loads", l.loads.Load(), loads)
	want(t, "saves", l.saves.Load(), saves)
}

func TestEndAll_ends_every_session_of_the_owner_but_those_excepted(t *testing.T) {
	l := newLab(t, session.Options{})
	a, b, c, other := l.login("ann"), l.login("ann"), l.login("ann"), l.login("bob")
	n, err := l.m.EndAll(t.Context(), "ann", b.id())
	if n != 2 || err != nil {
		t.Errorf("got %d, %v, want 2", n, err)
	}
	for v, owner := range map[*visitor]string{a: "", b: "ann", c: "", other: "bob"} {
		want(t, "owner", v.owner(), owner)
	}
	if _, err := l.m.EndAll(t.Context(), ""); err == nil {
		t.Error("EndAll of the empty owner succeeded: it must never mean everyone")
	}
}

func TestA_login_that_checked_the_old_password_does_not_survive_its_change(t *testing.T) {
	l := newLab(t, session.Options{})
	guest := l.visitor()
	guest.posts(func(s *session.Session) { name.Set(s, "guest") })
	bob := l.login("bob")
	before := l.login("ann")
	for _, v := range []*visitor{l.visitor(), guest, bob, before} {
		was := ""
		if v.cookie != nil {
			was = v.owner()
		}
		epoch, err := l.m.Epoch(t.Context(), "ann")
		if err != nil || epoch == 0 {
			t.Fatalf("Epoch: %d, %v", epoch, err)
		}
		if _, err := l.m.EndAll(t.Context(), "ann"); err != nil {
			t.Fatal(err)
		}
		res := v.does("POST", func(s *session.Session) {
			if err := s.LoginWith("ann", session.Terms{AtEpoch: epoch}); err != nil {
				t.Error(err)
			}
		})
		want(t, "status", res.StatusCode, 409)
		want(t, "Set-Cookie lines", len(res.Cookies()), 0)
		if v == before {
			was = ""
		}
		if v.cookie != nil {
			want(t, "owner afterwards", v.owner(), was)
		}
		want(t, "ann's sessions", len(l.list("ann")), 0)
	}
	want(t, "the guest's value", tells(guest, name), "guest")
	epoch, _ := l.m.Epoch(t.Context(), "ann")
	v := l.visitor()
	v.posts(func(s *session.Session) { s.LoginWith("ann", session.Terms{AtEpoch: epoch}) })
	want(t, "with the new epoch", v.owner(), "ann")
}

func TestA_login_whose_owner_record_fails_leaves_everything_as_it_was(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, session.Options{})
		bob := l.login("bob")
		bob.posts(func(s *session.Session) { count.Set(s, 7) })
		failing := func(id string, _ store.Record) error {
			if strings.HasPrefix(id, "owner.") {
				return errLost
			}
			return nil
		}
		l.onSave = failing
		res := bob.does("POST", func(s *session.Session) { s.Login("ann") })
		want(t, "status", res.StatusCode, 503)
		want(t, "owner", bob.owner(), "bob")
		want(t, "count", tells(bob, count), 7)
		v := l.visitor()
		want(t, "status of a new visitor", v.does("POST", func(s *session.Session) { s.Login("ann") }).StatusCode, 503)
		l.onSave = nil
		n := 0
		for range l.m.All(t.Context()) {
			n++
		}
		want(t, "live sessions", n, 1)
		bob.posts(func(s *session.Session) { s.Login("ann") })
		want(t, "owner after the repair", bob.owner(), "ann")
	})
}

func TestAn_undone_login_does_not_bring_back_a_session_whose_owner_ended_all(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, session.Options{})
		bob := l.login("bob")
		ended := false
		l.onSave = func(id string, rec store.Record) error {
			if strings.HasPrefix(id, "owner.") && rec.Owner == "ann" {
				if !ended {
					ended = true
					if _, err := l.m.EndAll(t.Context(), "bob"); err != nil {
						t.Error(err)
					}
				}
				return errLost
			}
			return nil
		}
		bob.does("POST", func(s *session.Session) { s.Login("ann") })
		l.onSave = nil
		want(t, "owner", bob.owner(), "")
	})
}

func TestThe_oldest_session_ends_when_a_login_goes_over_the_limit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, session.Options{Limit: 3})
		var v []*visitor
		for range 3 {
			v = append(v, l.login("ann"))
			time.Sleep(time.Minute)
		}
		v[1].posts(func(s *session.Session) { s.End() })
		v = append(v, l.login("ann"))
		want(t, "evicted while one of the three had ended", l.count(session.Evicted), 0)
		time.Sleep(time.Minute)
		v = append(v, l.login("ann"))
		want(t, "evicted", l.count(session.Evicted), 1)
		for i, owner := range []string{"", "", "ann", "ann", "ann"} {
			want(t, "owner of session "+strconv.Itoa(i), v[i].owner(), owner)
		}
	})
}

func TestParallel_logins_of_one_owner_are_all_on_the_list(t *testing.T) {
	l := newLab(t, session.Options{})
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() { l.login("ann") })
	}
	wg.Wait()
	want(t, "sessions", len(l.list("ann")), 50)
}

func TestA_failed_EndAll_can_be_repeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, session.Options{})
		v := l.login("ann")
		l.onSave = func(id string, _ store.Record) error {
			if id == v.id() {
				return errLost
			}
			return nil
		}
		if _, err := l.m.EndAll(t.Context(), "ann"); !errors.Is(err, session.ErrUnavailable) {
			t.Errorf("got %v, want ErrUnavailable", err)
		}
		l.onSave = nil
		if n, err := l.m.EndAll(t.Context(), "ann"); n != 1 || err != nil {
			t.Errorf("again: got %d, %v, want 1", n, err)
		}
		want(t, "owner", v.owner(), "")
	})
}

func TestOwners_that_are_no_owners_are_refused(t *testing.T) {
	everywhere(t, func(t *testing.T, newLab labMaker) {
		l := newLab(t, session.Options{})
		for _, owner := range []string{"", "a\x00b", "\xff", strings.Repeat("x", 256)} {
			l.visitor().posts(func(s *session.Session) {
				if err := s.Login(owner); err == nil {
					t.Errorf("Login(%q) succeeded", owner)
				}
			})
			if _, err := l.m.Epoch(t.Context(), owner); err == nil {
				t.Errorf("Epoch(%q) succeeded", owner)
			}
		}
		want(t, "saves", l.saves.Load(), 0)
	})
}

func TestOperators_see_and_end_sessions_of_everybody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, session.Options{})
		early := l.login("ann")
		anonymous := l.visitor()
		anonymous.posts(func(s *session.Session) { count.Set(s, 1) })
		time.Sleep(time.Minute)
		then := time.Now()
		late := l.login("bob")
		n := 0
		for info, err := range l.m.All(t.Context()) {
			if err != nil || info.ID == "" || info.Bytes == 0 {
				t.Errorf("got %+v, %v", info, err)
			}
			n++
		}
		want(t, "sessions", n, 3)
		ended, err := l.m.EndBefore(t.Context(), then)
		if ended != 2 || err != nil {
			t.Errorf("EndBefore: got %d, %v, want 2", ended, err)
		}
		want(t, "early", early.owner(), "")
		want(t, "anonymous", tells(anonymous, count), 0)
		want(t, "late", late.owner(), "bob")
		if err := l.m.EndID(t.Context(), late.id()); err != nil {
			t.Error(err)
		}
		want(t, "late", late.owner(), "")
		if err := l.m.EndID(t.Context(), "owner.x"); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("got %v, want ErrNotFound", err)
		}
	})
}

// An owner record that could not be read was replaced without a word, and
// EndAll reported that there was nothing to end.
func TestA_list_of_sessions_that_cannot_be_read_is_an_error_and_no_empty_list(t *testing.T) {
	l := newLab(t, session.Options{})
	v := l.login("ann")
	spoil := func() {
		for e := range store.All(t.Context(), l.labStore) {
			if strings.HasPrefix(e.ID, "owner.") {
				e.Record.Data = []byte("no record")
				if _, err := l.Store.Save(t.Context(), e.ID, e.Record); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	spoil()
	for _, err := range l.m.List(t.Context(), "ann") {
		want(t, "List says so", err != nil, true)
	}
	if n, err := l.m.EndAll(t.Context(), "ann"); n != 0 || err == nil {
		t.Errorf("EndAll: got %d, %v, want an error", n, err)
	}
	want(t, "events", l.count(session.Unreadable), 1)
	want(t, "the session", v.owner(), "ann")
	spoil()
	second := l.login("ann")
	want(t, "events after a login", l.count(session.Unreadable), 2)
	want(t, "the list", strings.Join(l.list("ann"), " "), second.id())
}
