package session_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/store"
)

// All of bob's sessions were ended while ann signed in with his browser. The
// first Commit failed, and the second took into ann's session what was bob's.
func TestA_login_tried_again_takes_over_nothing_of_the_session_before_it(t *testing.T) {
	l := newLab(t, session.Options{})
	v := l.visitor()
	v.posts(func(s *session.Session) { s.Login("bob"); name.Set(s, "bob's secret") })
	v.posts(func(s *session.Session) {
		name.Update(s, func(n string) string { return n + " and more" })
		if _, err := l.m.EndAll(t.Context(), "bob"); err != nil {
			t.Error(err)
		}
		s.Login("ann")
		count.Set(s, 5)
		l.onSave = func(_ string, rec store.Record) error {
			if rec.Version == 0 {
				return store.ErrFull
			}
			return nil
		}
		if err := s.Commit(t.Context()); !errors.Is(err, session.ErrUnavailable) {
			t.Errorf("while the store was full: got %v, want ErrUnavailable", err)
		}
		l.onSave = nil
		want(t, "the second Commit", s.Commit(t.Context()), nil)
	})
	want(t, "owner", v.owner(), "ann")
	want(t, "count", tells(v, count), 5)
	want(t, "name", tells(v, name), "")
}

// A goroutine that outlived its request was handed the same coupon as often as
// it asked, and its TryUpdate reported success; nothing of it was ever kept.
func TestA_change_after_the_request_hands_nothing_out(t *testing.T) {
	everywhere(t, func(t *testing.T, newLab labMaker) {
		l := newLab(t, session.Options{})
		v := l.visitor()
		v.posts(func(s *session.Session) { once.Set(s, "coupon") })
		var kept *session.Session
		v.gets(func(s *session.Session) { kept = s; once.Get(s) })
		for range 2 {
			got, ok := once.Take(kept)
			want(t, "taken", got, "")
			want(t, "ok", ok, false)
		}
		got, err := once.TryUpdate(kept, func(string) (string, error) { return "spent", nil })
		want(t, "after TryUpdate", got, "coupon")
		if !errors.Is(err, session.ErrLate) {
			t.Errorf("TryUpdate: got %v, want ErrLate", err)
		}
		want(t, "after Update", once.Update(kept, func(string) string { return "spent" }), "coupon")
		want(t, "late events", l.count(session.Late), 4)
		want(t, "in the next request", tells(v, once), "coupon")
	})
}

// The answer to a logout was lost, and a second Commit found it done: the
// browser was not told to drop its cookie.
func TestAn_End_that_a_second_Commit_finds_done_removes_the_cookie(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, session.Options{})
		v := l.login("ann")
		v.posts(func(s *session.Session) {
			s.End()
			l.afterSave = func(string, store.Record, uint64, error) error { return errLost }
			if err := s.Commit(t.Context()); !errors.Is(err, errLost) {
				t.Errorf("got %v, want the store's error", err)
			}
			l.afterSave = nil
			want(t, "the second Commit", s.Commit(t.Context()), nil)
		})
		if v.cookie != nil {
			t.Errorf("the browser still has the cookie %v", v.cookie)
		}
	})
}

// The answer to an update was lost. After the second Commit the request saw what
// another one had written meanwhile, instead of its own number.
func TestAfter_a_second_Commit_too_a_request_sees_what_stood_directly_after_its_list(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, session.Options{})
		v := l.visitor()
		v.posts(func(s *session.Session) { count.Set(s, 1) })
		v.posts(func(s *session.Session) {
			count.Update(s, inc)
			l.afterSave = func(string, store.Record, uint64, error) error { return errLost }
			if err := s.Commit(t.Context()); !errors.Is(err, errLost) {
				t.Errorf("got %v, want the store's error", err)
			}
			l.afterSave = nil
			v.copy().posts(func(s *session.Session) { count.Set(s, 50) })
			want(t, "the second Commit", s.Commit(t.Context()), nil)
			want(t, "count", count.Get(s), 2)
		})
		want(t, "count in the store", tells(v, count), 50)
	})
}

// The client was told of a failure, and a goroutine of the handler committed all
// the same: what was reported as lost was kept, and nobody knew.
func TestA_Commit_after_Handler_has_returned_is_too_late(t *testing.T) {
	everywhere(t, func(t *testing.T, newLab labMaker) {
		l := newLab(t, session.Options{MaxRecord: 2000})
		v := l.visitor()
		v.posts(func(s *session.Session) { count.Set(s, 1) })
		var kept *session.Session
		res := v.does("POST", func(s *session.Session) {
			kept = s
			count.Set(s, 2)
			name.Set(s, strings.Repeat("x", 3000))
		})
		want(t, "status", res.StatusCode, 500)
		if err := kept.Commit(t.Context()); !errors.Is(err, session.ErrLate) {
			t.Errorf("got %v, want ErrLate", err)
		}
		want(t, "count", tells(v, count), 1)
	})
}

// With Load and Commit in place of Handler, a Set after Commit was lost without
// a word.
func TestA_set_after_the_managers_Commit_is_reported(t *testing.T) {
	everywhere(t, func(t *testing.T, newLab labMaker) {
		l := newLab(t, session.Options{MaxRecord: 2000})
		v := l.visitor()
		v.posts(func(s *session.Session) { count.Set(s, 1) })
		for _, fails := range []bool{false, true} {
			r := httptest.NewRequest("POST", "https://example.com/", nil)
			r.AddCookie(v.cookie)
			s := l.m.Load(r)
			count.Update(s, inc)
			if fails {
				name.Set(s, strings.Repeat("x", 3000))
			}
			h := http.Header{}
			err := l.m.Commit(t.Context(), h, s)
			want(t, "failed", err != nil, fails)
			v.takes(&http.Response{Header: h})
			late := l.count(session.Late)
			count.Set(s, 100)
			want(t, "late events", l.count(session.Late)-late, 1)
			if err := s.Login("ann"); !errors.Is(err, session.ErrLate) {
				t.Errorf("Login: got %v, want ErrLate", err)
			}
			want(t, "count", tells(v, count), 2)
		}
	})
}

// A long request waited for the store to come back: Reload said that all was
// well, and the session was empty.
func TestReload_after_a_failed_load_loads(t *testing.T) {
	everywhere(t, func(t *testing.T, newLab labMaker) {
		l := newLab(t, session.Options{})
		v := l.login("ann")
		v.posts(func(s *session.Session) { count.Set(s, 7) })
		v.gets(func(s *session.Session) {
			l.onLoad = func(string) error { return errLost }
			want(t, "count while the store is down", count.Get(s), 0)
			if err := s.Reload(t.Context()); !errors.Is(err, errLost) {
				t.Errorf("while the store is down: got %v, want its error", err)
			}
			l.onLoad = nil
			want(t, "Reload", s.Reload(t.Context()), nil)
			want(t, "count", count.Get(s), 7)
			want(t, "Err", s.Err(), nil)
			count.Set(s, 8)
		})
		want(t, "count", tells(v, count), 8)
	})
}

// A double click on the login, with Strict: the second one begins a session of
// its own, in which it was refused what nobody else had written.
func TestStrict_refuses_nothing_in_a_session_that_has_just_begun(t *testing.T) {
	l := newLab(t, session.Options{Strict: true})
	v := l.visitor()
	v.posts(func(s *session.Session) { name.Set(s, "guest") })
	second := v.copy()
	res := v.meanwhile(func(s *session.Session) {
		name.Get(s)
		s.Login("ann")
		name.Set(s, "ann")
	}, func() { v.copy().posts(func(s *session.Session) { s.Login("ann") }) })
	want(t, "status", res.StatusCode, 200)
	second.takes(res)
	want(t, "name", tells(second, name), "ann")
}

// An export took longer than Idle: its commit succeeded upon a session that had
// expired meanwhile, and the next request found nothing of it.
func TestA_session_that_a_long_request_committed_lives_on(t *testing.T) {
	everywhereInTime(t, func(t *testing.T, newLab labMaker) {
		l := newLab(t, session.Options{Idle: 10 * time.Second})
		v := l.visitor()
		v.posts(func(s *session.Session) { count.Set(s, 1) })
		v.gets(func(s *session.Session) {
			count.Get(s)
			time.Sleep(30 * time.Second)
			count.Set(s, 2)
			want(t, "Commit", s.Commit(t.Context()), nil)
			want(t, "Reload", s.Reload(t.Context()), nil)
		})
		want(t, "count", tells(v, count), 2)
		w := l.visitor()
		w.posts(func(s *session.Session) {
			time.Sleep(11 * time.Second)
			s.Login("ann")
		})
		want(t, "owner after a slow login", w.owner(), "ann")
	})
}
