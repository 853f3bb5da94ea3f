package session_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/store"
)

func TestIdle_ends_a_session_to_the_millisecond_and_use_puts_it_off(t *testing.T) {
	everywhereInTime(t, func(t *testing.T, newLab labMaker) {
		l := newLab(t, session.Options{Idle: 30 * time.Minute, Lifetime: 24 * time.Hour})
		for _, wait := range []time.Duration{30*time.Minute - time.Millisecond, 30 * time.Minute} {
			v := l.visitor()
			v.posts(func(s *session.Session) { count.Set(s, 1) })
			time.Sleep(20 * time.Minute)
			want(t, "count after 20 minutes", tells(v, count), 1)
			time.Sleep(wait)
			if alive := wait < 30*time.Minute; (tells(v, count) == 1) != alive {
				t.Errorf("%v after the last use: alive %v, want %v", wait, !alive, alive)
			}
		}
		want(t, "expired events", l.count(session.Expired), 1)
	})
}

func TestA_request_decides_by_the_instant_at_which_it_first_asks_for_its_session(t *testing.T) {
	everywhereInTime(t, func(t *testing.T, newLab labMaker) {
		l := newLab(t, session.Options{Idle: 30 * time.Minute})
		for _, early := range []bool{true, false} {
			v := l.visitor()
			v.posts(func(s *session.Session) { count.Set(s, 1) })
			time.Sleep(20 * time.Minute)
			got := 0
			v.gets(func(s *session.Session) {
				if early {
					count.Get(s)
				}
				time.Sleep(20 * time.Minute)
				got = count.Get(s)
			})
			if (got == 1) != early {
				t.Errorf("the session ran out under the request, which had asked for it: %v; got count %d", early, got)
			}
		}
	})
}

func TestLifetime_ends_even_a_busy_session(t *testing.T) {
	everywhereInTime(t, func(t *testing.T, newLab labMaker) {
		v := newLab(t, session.Options{}).login("ann")
		for range 24*60 - 1 {
			time.Sleep(time.Minute)
			if v.owner() != "ann" {
				t.Fatal("over too early")
			}
		}
		time.Sleep(time.Minute)
		want(t, "owner after 24 hours", v.owner(), "")
	})
}

func TestA_login_restarts_both_clocks_and_keeps_the_creation(t *testing.T) {
	everywhereInTime(t, func(t *testing.T, newLab labMaker) {
		v := newLab(t, session.Options{Lifetime: time.Hour}).visitor()
		v.posts(func(s *session.Session) { count.Set(s, 1) })
		var before, after session.Info
		v.gets(func(s *session.Session) { before = s.Info() })
		time.Sleep(20 * time.Minute)
		v.posts(func(s *session.Session) { s.Login("ann") })
		v.gets(func(s *session.Session) { after = s.Info() })
		want(t, "created", after.Created, before.Created)
		want(t, "authenticated", after.Authenticated, before.Created.Add(20*time.Minute))
		for range 2 {
			time.Sleep(29 * time.Minute)
			want(t, "owner", v.owner(), "ann")
		}
		time.Sleep(2 * time.Minute)
		want(t, "owner an hour after the login", v.owner(), "")
	})
}

func TestA_touch_is_written_at_most_once_a_tenth_of_Idle_and_sends_no_cookie(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, session.Options{Idle: 30 * time.Minute})
		v := l.visitor()
		v.posts(func(s *session.Session) { count.Set(s, 1) })
		l.saves.Store(0)
		for range 300 {
			time.Sleep(6 * time.Second)
			if res := v.sends("GET", func(s *session.Session) { count.Get(s) }); len(res.Cookies()) != 0 {
				t.Fatal("a touch sent a cookie")
			}
		}
		want(t, "saves in half an hour", l.saves.Load(), 10)
	})
}

func TestA_touch_that_fails_is_an_event_and_no_failure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, session.Options{})
		v := l.visitor()
		v.posts(func(s *session.Session) { count.Set(s, 1) })
		time.Sleep(10 * time.Minute)
		l.onSave = func(string, store.Record) error { return errLost }
		l.saves.Store(0)
		v.gets(func(s *session.Session) { count.Get(s) })
		want(t, "tries", l.saves.Load(), 1)
		want(t, "events", l.count(session.Failed), 1)
	})
}

func TestRemember_makes_the_cookie_persistent_and_outlives_Idle(t *testing.T) {
	everywhereInTime(t, func(t *testing.T, newLab labMaker) {
		v := newLab(t, session.Options{}).visitor()
		res := v.does("POST", func(s *session.Session) {
			s.LoginWith("ann", session.Terms{Remember: true, Lifetime: 30 * 24 * time.Hour})
		})
		want(t, "Max-Age", res.Cookies()[0].MaxAge, 30*24*3600)
		time.Sleep(29 * 24 * time.Hour)
		want(t, "owner after 29 days", v.owner(), "ann")
		res = v.does("POST", func(s *session.Session) { s.Renew() })
		want(t, "Max-Age after a renewal", res.Cookies()[0].MaxAge, 24*3600)
		time.Sleep(24 * time.Hour)
		want(t, "owner after 30 days", v.owner(), "")
	})
}

func TestRemember_without_end_is_for_as_long_as_browsers_keep_a_cookie(t *testing.T) {
	everywhere(t, func(t *testing.T, newLab labMaker) {
		v := newLab(t, session.Options{Lifetime: session.Never}).visitor()
		res := v.does("POST", func(s *session.Session) {
			s.LoginWith("ann", session.Terms{Remember: true, Lifetime: session.Never})
		})
		want(t, "Max-Age", res.Cookies()[0].MaxAge, 400*24*3600)
	})
}

func TestWithout_Remember_the_cookie_ends_with_the_browser(t *testing.T) {
	everywhere(t, func(t *testing.T, newLab labMaker) {
		v := newLab(t, session.Options{}).visitor()
		res := v.does("POST", func(s *session.Session) { s.Login("ann") })
		text := res.Header.Get("Set-Cookie")
		if strings.Contains(text, "Max-Age") || strings.Contains(text, "Expires") {
			t.Errorf("got %q", text)
		}
		if !strings.HasSuffix(text, "; Path=/; Secure; HttpOnly; SameSite=Lax") || !strings.HasPrefix(text, "__Host-Http-session=") {
			t.Errorf("got %q", text)
		}
	})
}

func TestReload_tells_a_long_request_what_others_did_to_its_session(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, session.Options{})
		for want, end := range map[error]func(v *visitor){
			nil:                   func(v *visitor) { v.copy().posts(func(s *session.Session) { count.Set(s, 2) }) },
			session.ErrEnded:      func(v *visitor) { v.copy().posts(func(s *session.Session) { s.End() }) },
			session.ErrSuperseded: func(v *visitor) { v.copy().posts(func(s *session.Session) { s.Renew() }) },
		} {
			v := l.login("ann")
			v.sends("GET", func(s *session.Session) {
				count.Set(s, 1)
				if err := s.Commit(t.Context()); err != nil {
					t.Error(err)
				}
				end(v)
				name.Set(s, "pending")
				if err := s.Reload(t.Context()); !errors.Is(err, want) {
					t.Errorf("got %v, want %v", err, want)
				}
				if want == nil && (count.Get(s) != 2 || name.Get(s) != "pending") {
					t.Errorf("after Reload: count %d, name %q", count.Get(s), name.Get(s))
				}
			})
		}
	})
}

func TestReload_tells_a_long_request_that_its_session_has_expired(t *testing.T) {
	everywhereInTime(t, func(t *testing.T, newLab labMaker) {
		v := newLab(t, session.Options{}).login("ann")
		v.sends("GET", func(s *session.Session) {
			s.Owner()
			time.Sleep(29 * time.Minute)
			count.Set(s, 2)
			want(t, "Reload in time", s.Reload(t.Context()), nil)
			want(t, "what is pending", count.Get(s), 2)
			time.Sleep(2 * time.Minute)
			if err := s.Reload(t.Context()); !errors.Is(err, session.ErrEnded) {
				t.Errorf("after idling: got %v, want ErrEnded", err)
			}
		})
	})
}

func TestStepUp_raises_the_level_and_changes_the_token(t *testing.T) {
	everywhere(t, func(t *testing.T, newLab labMaker) {
		l := newLab(t, session.Options{})
		v := l.visitor()
		v.gets(func(s *session.Session) {
			if err := s.StepUp(2); err == nil {
				t.Error("StepUp without an owner succeeded")
			}
		})
		v = l.login("ann")
		old := v.cookie.Value
		v.posts(func(s *session.Session) { want(t, "StepUp", s.StepUp(2), nil) })
		want(t, "level", v.info().Level, 2)
		want(t, "the cookie is the same", v.cookie.Value == old, false)
	})
}

func TestStepUp_leaves_the_old_token_nothing(t *testing.T) {
	v := newLab(t, session.Options{}).login("ann")
	old := v.copy()
	v.posts(func(s *session.Session) { want(t, "StepUp", s.StepUp(2), nil) })
	want(t, "owner by the old token", old.owner(), "")
}

// The panic of a store in a touch came upon a lock that was not held, which ends

// the whole process.

func TestA_store_that_panics_in_a_touch_harms_only_that_request(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, session.Options{})
		v := l.visitor()
		v.posts(func(s *session.Session) { count.Set(s, 1) })
		time.Sleep(10 * time.Minute)
		l.onSave = func(string, store.Record) error { panic("driver bug") }
		want(t, "panic", panicOf(t, func() { v.sends("GET", func(s *session.Session) { count.Get(s) }) }), any("driver bug"))
		l.onSave = nil
		want(t, "count", tells(v, count), 1)
	})
}

// A login in a request that took long gave the cookie more than the session's

// remaining lifetime.

func TestA_remembered_cookie_does_not_outlive_its_session(t *testing.T) {
	everywhereInTime(t, func(t *testing.T, newLab labMaker) {
		v := newLab(t, session.Options{}).visitor()
		res := v.does("POST", func(s *session.Session) {
			time.Sleep(time.Minute)
			s.LoginWith("ann", session.Terms{Remember: true, Lifetime: time.Hour})
			time.Sleep(time.Minute)
		})
		want(t, "Max-Age", res.Cookies()[0].MaxAge, 59*60)
	})
}
