package session_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/sojourn-go/session"
)

func TestA_value_set_in_one_request_is_there_in_the_next(t *testing.T) {
	everywhere(t, func(t *testing.T, newLab labMaker) {
		v := newLab(t, session.Options{}).visitor()
		v.gets(func(s *session.Session) { name.Set(s, "Zoë; admin=1") })
		want(t, "name", tells(v, name), "Zoë; admin=1")
		v.gets(func(s *session.Session) { name.Delete(s) })
		want(t, "deleted name", tells(v, name), "")
	})
}

func inc(n int) int { return n + 1 }

func TestA_TryUpdate_refused_at_once_changes_nothing_and_fails_nothing(t *testing.T) {
	everywhere(t, func(t *testing.T, newLab labMaker) {
		v := newLab(t, session.Options{}).visitor()
		v.posts(func(s *session.Session) { count.Set(s, 3) })
		errEmpty := errors.New("empty")
		v.posts(func(s *session.Session) {
			n, err := count.TryUpdate(s, func(int) (int, error) { return 0, errEmpty })
			if n != 3 || !errors.Is(err, errEmpty) {
				t.Errorf("got %d, %v", n, err)
			}
			name.Set(s, "kept")
		})
		want(t, "count", tells(v, count), 3)
		want(t, "name", tells(v, name), "kept")
	})
}

func TestA_double_click_on_login_signs_in_both_times(t *testing.T) {
	everywhere(t, func(t *testing.T, newLab labMaker) {
		v := newLab(t, session.Options{}).visitor()
		v.posts(func(s *session.Session) { name.Set(s, "anonymous") })
		second := v.copy()
		second.takes(v.meanwhile(func(s *session.Session) {
			s.Login("ann")
			count.Set(s, 7)
		}, func() { v.posts(func(s *session.Session) { s.Login("ann") }) }))
		want(t, "owner by the first answer", v.owner(), "ann")
		want(t, "owner by the second answer", second.owner(), "ann")
		want(t, "set after the second login", tells(second, count), 7)
	})
}

func TestLogin_as_another_owner_drops_what_the_first_one_had(t *testing.T) {
	everywhere(t, func(t *testing.T, newLab labMaker) {
		v := newLab(t, session.Options{}).visitor()
		v.posts(func(s *session.Session) { count.Set(s, 1) })
		v.posts(func(s *session.Session) { s.Login("ann") })
		want(t, "ann's count", tells(v, count), 1)
		v.posts(func(s *session.Session) { s.Login("ann") })
		want(t, "ann's count after another login", tells(v, count), 1)
		v.posts(func(s *session.Session) {
			name.Set(s, "ann's")
			s.Login("bob")
			want(t, "seen at once", count.Get(s), 0)
		})
		want(t, "bob's count", tells(v, count), 0)
		want(t, "bob's name", tells(v, name), "")
	})
}

func TestRenew_gives_the_same_session_another_cookie(t *testing.T) {
	everywhere(t, func(t *testing.T, newLab labMaker) {
		l := newLab(t, session.Options{})
		v := l.login("ann")
		v.posts(func(s *session.Session) { count.Set(s, 1) })
		old, before := v.cookie.Value, v.info()
		v.posts(func(s *session.Session) { s.Renew() })
		if v.cookie.Value == old {
			t.Error("the cookie is the same after Renew")
		}
		want(t, "id", v.info().ID, before.ID)
		want(t, "created", v.info().Created, before.Created)
		want(t, "owner", v.owner(), "ann")
		want(t, "count", tells(v, count), 1)
		want(t, "renewed events", l.count(session.Renewed), 1)
	})
}

func TestEnd_of_what_has_ended_succeeds(t *testing.T) {
	everywhere(t, func(t *testing.T, newLab labMaker) {
		l := newLab(t, session.Options{})
		v := l.login("ann")
		old := v.copy()
		end := func(s *session.Session) { s.End() }
		want(t, "status", v.meanwhile(end, func() { old.copy().posts(end) }).StatusCode, 200)
		want(t, "status of a later request", old.copy().does("POST", end).StatusCode, 200)
		v = l.login("ann")
		v.posts(end)
		want(t, "the browser keeps the cookie", v.cookie != nil, false)
		want(t, "status without a cookie", v.does("POST", end).StatusCode, 200)
	})
}

func TestEnd_and_then_Set_is_a_new_session_with_one_cookie(t *testing.T) {
	everywhere(t, func(t *testing.T, newLab labMaker) {
		l := newLab(t, session.Options{})
		v := l.visitor()
		v.posts(func(s *session.Session) { s.Login("ann"); count.Set(s, 1) })
		old := v.info().ID
		res := v.does("POST", func(s *session.Session) {
			s.End()
			want(t, "owner after End", s.Owner(), "")
			want(t, "id after End", s.ID(), "")
			name.Set(s, "bye")
		})
		want(t, "Set-Cookie lines", len(res.Header["Set-Cookie"]), 1)
		want(t, "name", tells(v, name), "bye")
		want(t, "count", tells(v, count), 0)
		want(t, "owner", v.owner(), "")
		if v.info().ID == old {
			t.Error("the new session has the id of the ended one")
		}
	})
}

func TestA_Commit_whose_context_is_cancelled_before_it_begins_keeps_nothing_yet(t *testing.T) {
	everywhere(t, func(t *testing.T, newLab labMaker) {
		v := newLab(t, session.Options{}).visitor()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		v.posts(func(s *session.Session) {
			count.Set(s, 2)
			if err := s.Commit(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want context.Canceled", err)
			}
			want(t, "id", s.ID(), "")
		})
		want(t, "count, kept with the response", tells(v, count), 2)
	})
}

func TestAn_update_runs_once_if_nobody_was_faster(t *testing.T) {
	everywhere(t, func(t *testing.T, newLab labMaker) {
		v := newLab(t, session.Options{}).visitor()
		for range 2 {
			runs := 0
			v.posts(func(s *session.Session) { count.Update(s, func(n int) int { runs++; return n + 1 }) })
			want(t, "runs", runs, 1)
		}
		want(t, "count", tells(v, count), 2)
	})
}

// A function given to Update called Commit: at its replay it waited for the
// commit that waited for it, far beyond Timeout.
func TestA_Commit_inside_an_Update_that_runs_again_is_an_error_and_no_deadlock(t *testing.T) {
	everywhere(t, func(t *testing.T, newLab labMaker) {
		v := newLab(t, session.Options{Timeout: 20 * time.Millisecond}).visitor()
		v.posts(func(s *session.Session) { count.Set(s, 1) })
		var inside error
		v.does("POST", func(s *session.Session) {
			count.Update(s, func(n int) int { inside = s.Commit(t.Context()); return n + 1 })
			want(t, "Reload", s.Reload(t.Context()), nil) // so that it is replayed
		})
		if !errors.Is(inside, session.ErrUnavailable) {
			t.Errorf("at the replay: got %v, want ErrUnavailable", inside)
		}
	})
}
