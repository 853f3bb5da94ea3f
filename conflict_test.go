package session_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/sojourn-go/session"
)

// What stored sessions promise to requests at the same time. What becomes of it
// in sealed ones is in sealed_differences_test.go.

func TestAn_update_that_another_request_overtook_runs_again_on_the_newer_value(t *testing.T) {
	l := newLab(t, session.Options{})
	v := l.visitor()
	v.posts(func(s *session.Session) { count.Set(s, 10) })
	res := v.meanwhile(
		func(s *session.Session) { want(t, "provisional", count.Update(s, inc), 11) },
		func() { v.copy().posts(func(s *session.Session) { count.Update(s, func(n int) int { return n + 5 }) }) })
	want(t, "status", res.StatusCode, 200)
	want(t, "count", tells(v, count), 16)
	want(t, "conflict events", l.count(session.Conflict), 1)
}

func TestBlind_sets_of_different_keys_both_survive(t *testing.T) {
	l := newLab(t, session.Options{})
	v := l.visitor()
	v.posts(func(s *session.Session) { count.Set(s, 1) })
	v.meanwhile(func(s *session.Session) { name.Set(s, "b") },
		func() { v.copy().posts(func(s *session.Session) { count.Set(s, 2) }) })
	want(t, "name", tells(v, name), "b")
	want(t, "count", tells(v, count), 2)
	want(t, "overwritten events", l.count(session.Overwritten), 0)
}

func TestA_set_that_overtakes_a_value_changed_since_it_was_read_is_reported_with_key_and_caller(t *testing.T) {
	l := newLab(t, session.Options{})
	v := l.visitor()
	v.posts(func(s *session.Session) { count.Set(s, 1); name.Set(s, "a") })
	sets := 100
	race := func(read func(*session.Session)) *http.Response {
		return v.sends("POST", func(s *session.Session) {
			read(s)
			v.copy().posts(func(s *session.Session) { count.Update(s, inc) })
			sets += 100
			count.Set(s, sets)
		})
	}
	race(func(s *session.Session) { name.Get(s) })
	want(t, "events after reading another key", l.count(session.Overwritten), 0)
	race(func(s *session.Session) { count.Get(s) })
	want(t, "events after reading the key", l.count(session.Overwritten), 1)
	want(t, "count", tells(v, count), 300)
	for _, e := range l.events {
		if e.Kind == session.Overwritten && (e.Key != "count" || !strings.Contains(e.Caller, "conflict_test.go:")) {
			t.Errorf("got key %q, caller %q", e.Key, e.Caller)
		}
	}
}

func TestStrict_refuses_a_set_of_a_value_that_changed_since_it_was_read(t *testing.T) {
	l := newLab(t, session.Options{Strict: true})
	v := l.visitor()
	v.posts(func(s *session.Session) { count.Set(s, 1) })
	for _, write := range []func(s *session.Session){
		func(s *session.Session) { count.Set(s, 100) },
		func(s *session.Session) { count.Delete(s) },
		func(s *session.Session) { s.ClearValues() },
	} {
		res := v.sends("POST", func(s *session.Session) {
			count.Get(s)
			v.copy().posts(func(s *session.Session) { count.Update(s, inc) })
			write(s)
		})
		want(t, "status", res.StatusCode, 409)
	}
	want(t, "count", tells(v, count), 4)
}

func TestOne_of_many_takes_of_a_value_succeeds(t *testing.T) {
	l := newLab(t, session.Options{})
	v := l.visitor()
	v.posts(func(s *session.Session) { once.Set(s, "coupon") })
	res := v.meanwhile(
		func(s *session.Session) {
			got, ok := once.Take(s)
			want(t, "taken provisionally", got, "coupon")
			want(t, "ok", ok, true)
		},
		func() { v.copy().posts(func(s *session.Session) { once.Take(s) }) })
	want(t, "status of the second", res.StatusCode, 409)
	want(t, "value left", tells(v, once), "")
}

func TestA_TryUpdate_refused_at_the_replay_fails_the_commit(t *testing.T) {
	l := newLab(t, session.Options{})
	v := l.visitor()
	errEmpty := errors.New("empty")
	spend := func(n int) (int, error) {
		if n == 0 {
			return 0, errEmpty
		}
		return n - 1, nil
	}
	v.posts(func(s *session.Session) { count.Set(s, 1) })
	res := v.sends("POST", func(s *session.Session) {
		_ = s.Err()
		v.copy().posts(func(s *session.Session) { count.TryUpdate(s, spend) })
		if n, err := count.TryUpdate(s, spend); n != 0 || err != nil {
			t.Errorf("first run: got %d, %v", n, err)
		}
		name.Set(s, "must not be kept")
		err := s.Commit(t.Context())
		if !errors.Is(err, session.ErrRefused) || !errors.Is(err, errEmpty) {
			t.Errorf("got %v, want ErrRefused wrapping the function's error", err)
		}
	})
	want(t, "status", res.StatusCode, 409)
	want(t, "name", tells(v, name), "")
}

func TestA_logout_is_not_undone_by_a_request_in_flight(t *testing.T) {
	l := newLab(t, session.Options{})
	for _, method := range []string{"GET", "POST"} {
		v := l.visitor()
		v.posts(func(s *session.Session) { s.Login("ann"); count.Set(s, 1) })
		slow := v.copy()
		res := slow.sends(method, func(s *session.Session) {
			count.Get(s)
			v.copy().posts(func(s *session.Session) { s.End() })
			count.Set(s, 2)
		})
		want(t, method+" status", res.StatusCode, 409)
		want(t, "Set-Cookie lines", len(res.Cookies()), 0)
		want(t, "owner", slow.owner(), "")
		want(t, "count", tells(slow, count), 0)
	}
}

func TestNothing_written_under_the_token_of_before_a_login_is_in_the_session_after_it(t *testing.T) {
	l := newLab(t, session.Options{})
	v := l.visitor()
	v.posts(func(s *session.Session) { name.Set(s, "anonymous") })
	res := v.meanwhile(func(s *session.Session) { count.Set(s, 666) },
		func() { v.posts(func(s *session.Session) { s.Login("ann") }) })
	want(t, "status of the slow request", res.StatusCode, 409)
	want(t, "count", tells(v, count), 0)
	want(t, "value of before the login", tells(v, name), "anonymous")
	want(t, "owner", v.owner(), "ann")
}

func TestWhat_was_set_before_the_second_of_two_logins_is_not_in_its_session(t *testing.T) {
	v := newLab(t, session.Options{}).visitor()
	v.posts(func(s *session.Session) { name.Set(s, "anonymous") })
	second := v.copy()
	second.takes(v.meanwhile(func(s *session.Session) {
		name.Set(s, "before the second login")
		s.Login("ann")
	}, func() { v.posts(func(s *session.Session) { s.Login("ann") }) }))
	want(t, "owner by the second answer", second.owner(), "ann")
	want(t, "set before the second login", tells(second, name), "")
}

func TestAn_old_token_opens_nothing_and_its_bearer_is_told(t *testing.T) {
	l := newLab(t, session.Options{})
	v := l.visitor()
	v.posts(func(s *session.Session) { s.Login("ann"); count.Set(s, 1) })
	old := v.copy()
	v.posts(func(s *session.Session) { s.Renew() })
	want(t, "id", old.cookie.Value[:24], v.cookie.Value[:24])
	want(t, "owner by the new token", v.owner(), "ann")
	want(t, "owner by the old token", old.owner(), "")
	want(t, "unsafe request", old.does("POST", func(s *session.Session) { count.Set(s, 2) }).StatusCode, 409)
	want(t, "safe request", old.does("GET", func(s *session.Session) {
		count.Set(s, 2)
		want(t, "visible to itself", count.Get(s), 2)
		if err := s.Commit(t.Context()); !errors.Is(err, session.ErrSuperseded) {
			t.Errorf("Commit: got %v, want ErrSuperseded", err)
		}
	}).StatusCode, 200)
	want(t, "count", tells(v, count), 1)
	old.posts(func(s *session.Session) { s.Login("bob") })
	want(t, "after a login of its own", old.owner(), "bob")
	want(t, "the other one", v.owner(), "ann")
}

func TestEnd_of_what_has_ended_sends_no_cookie_and_of_what_was_superseded_is_refused(t *testing.T) {
	l := newLab(t, session.Options{})
	v := l.login("ann")
	old := v.copy()
	res := v.meanwhile(func(s *session.Session) { s.End() },
		func() { old.copy().posts(func(s *session.Session) { s.End() }) })
	want(t, "Set-Cookie lines", len(res.Cookies()), 0)

	v = l.login("ann")
	res = v.meanwhile(func(s *session.Session) { s.End() },
		func() { v.posts(func(s *session.Session) { s.Renew() }) })
	want(t, "superseded", res.StatusCode, 409)
	want(t, "owner", v.owner(), "ann")
}

func TestAfter_Commit_a_request_sees_what_stood_directly_after_its_own_list(t *testing.T) {
	l := newLab(t, session.Options{})
	v := l.visitor()
	v.posts(func(s *session.Session) { count.Set(s, 1) })
	v.posts(func(s *session.Session) {
		_ = s.Err()
		v.copy().posts(func(s *session.Session) { count.Set(s, 10); name.Set(s, "other") })
		want(t, "provisional", count.Update(s, inc), 2)
		want(t, "before", name.Get(s), "")
		if err := s.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		want(t, "after", count.Get(s), 11)
		want(t, "the other's", name.Get(s), "other")
	})
}

func TestAn_update_pending_at_a_Reload_runs_on_what_was_reloaded(t *testing.T) {
	l := newLab(t, session.Options{})
	v := l.visitor()
	v.posts(func(s *session.Session) { count.Set(s, 0) })
	v.posts(func(s *session.Session) {
		count.Update(s, inc)
		v.copy().posts(func(s *session.Session) { count.Set(s, 10) })
		if err := s.Reload(t.Context()); err != nil {
			t.Error(err)
		}
	})
	want(t, "count", tells(v, count), 11)
}

func TestAn_update_before_a_login_that_begins_a_new_session_is_not_in_it(t *testing.T) {
	l := newLab(t, session.Options{})
	v := l.visitor()
	v.posts(func(s *session.Session) { count.Set(s, 41) })
	second := v.copy()
	second.takes(v.meanwhile(func(s *session.Session) {
		s.Login("ann")
		count.Update(s, inc)
	}, func() { v.posts(func(s *session.Session) { s.End() }) }))
	want(t, "count in the new session", tells(second, count), 1)
}

func TestTwo_writers_of_one_number_that_both_read_before_are_told(t *testing.T) {
	for _, strict := range []bool{false, true} {
		l := newLab(t, session.Options{Strict: strict})
		v := l.visitor()
		v.posts(func(s *session.Session) { count.Set(s, 1) })
		res := v.sends("POST", func(s *session.Session) {
			n := count.Get(s)
			v.copy().posts(func(s *session.Session) { count.Set(s, count.Get(s)+1) })
			count.Set(s, n+1)
		})
		want(t, "status", res.StatusCode, map[bool]int{false: 200, true: 409}[strict])
		want(t, "events", l.count(session.Overwritten), map[bool]int{false: 1, true: 0}[strict])
	}
}

func TestA_handler_that_was_told_of_a_failed_commit_answers_for_itself(t *testing.T) {
	l := newLab(t, session.Options{})
	v := l.visitor()
	v.posts(func(s *session.Session) { once.Set(s, "coupon") })
	serve := func(code int) *http.Response {
		v.copy().posts(func(s *session.Session) { once.Set(s, "coupon") })
		return sendRaw(v, func(w http.ResponseWriter, r *http.Request) {
			s := session.From(r.Context())
			once.Take(s)
			v.copy().posts(func(s *session.Session) { once.Take(s) })
			if err := s.Commit(r.Context()); !errors.Is(err, session.ErrTaken) {
				t.Errorf("got %v, want ErrTaken", err)
			}
			name.Set(s, "noted all the same")
			w.WriteHeader(code)
			w.Write([]byte("the handler's own page"))
		})
	}
	res := serve(410)
	want(t, "status", res.StatusCode, 410)
	want(t, "set after the failure", tells(v, name), "noted all the same")
	want(t, "a failure it did not deal with", serve(200).StatusCode, 409)
}
