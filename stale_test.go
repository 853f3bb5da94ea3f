package session_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/store"
)

// remembered is a visitor whose cookie outlives the browser.
func (l *lab) remembered(owner string) *visitor {
	l.t.Helper()
	v := l.visitor()
	v.posts(func(s *session.Session) {
		if err := s.LoginWith(owner, session.Terms{Remember: true, Lifetime: 60 * day}); err != nil {
			l.t.Error(err)
		}
	})
	return v
}

func TestRemembered_sessions_outlive_Idle_and_their_login_is_stale_then(t *testing.T) {
	everywhereInTime(t, func(t *testing.T, newLab labMaker) {
		l := newLab(t, session.Options{Lifetime: 60 * day, Idle: 30 * time.Minute})
		v := l.remembered("ann")
		login := time.Now()
		time.Sleep(29 * time.Minute)
		want(t, "stale within Idle", v.info().Stale, time.Time{})
		time.Sleep(30 * time.Minute)
		want(t, "owner", v.owner(), "ann")
		want(t, "stale", v.info().Stale.IsZero(), false)
		want(t, "authenticated", v.info().Authenticated.Equal(login), true)
		for range 10 { // it is used again, and no more recent for that
			time.Sleep(20 * time.Minute)
			want(t, "stale in use", v.info().Stale.Equal(login.Add(59*time.Minute)), true)
		}
		v.posts(func(s *session.Session) { count.Set(s, 1) })
		want(t, "stale after a write", v.info().Stale.Equal(login.Add(59*time.Minute)), true)
		v.posts(func(s *session.Session) { s.StepUp(1) })
		want(t, "stale after StepUp", v.info().Stale, time.Time{})
		time.Sleep(time.Hour)
		want(t, "stale again", v.info().Stale.IsZero(), false)
		v.posts(func(s *session.Session) { s.Login("ann") })
		want(t, "stale after Login", v.info().Stale, time.Time{})
	})
}

func TestRemembered_sessions_that_are_written_to_after_Idle_are_stale_too(t *testing.T) {
	everywhereInTime(t, func(t *testing.T, newLab labMaker) {
		l := newLab(t, session.Options{Lifetime: 60 * day, Idle: 30 * time.Minute})
		v := l.remembered("ann")
		time.Sleep(time.Hour)
		v.posts(func(s *session.Session) { count.Set(s, 1) })
		want(t, "stale", v.info().Stale.IsZero(), false)
	})
}

func TestSessions_that_nobody_remembers_are_never_stale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, session.Options{})
		v := l.login("ann")
		for range 20 {
			time.Sleep(29 * time.Minute)
			want(t, "stale", v.info().Stale, time.Time{})
		}
	})
}

// A visitor is there, in a request that is slow: its commit came after Idle, and
// took the login for stale.
func TestRemembered_sessions_are_not_made_stale_by_a_slow_request(t *testing.T) {
	everywhereInTime(t, func(t *testing.T, newLab labMaker) {
		l := newLab(t, session.Options{Lifetime: 60 * day, Idle: 30 * time.Minute})
		v := l.remembered("ann")
		time.Sleep(29 * time.Minute)
		v.posts(func(s *session.Session) {
			want(t, "stale at arrival", s.Info().Stale, time.Time{})
			time.Sleep(2 * time.Minute)
			count.Set(s, 1)
		})
		want(t, "stale after a write", v.info().Stale, time.Time{})
		time.Sleep(29 * time.Minute)
		v.gets(func(s *session.Session) { // its use is noted at its end
			s.Owner()
			time.Sleep(2 * time.Minute)
		})
		want(t, "stale after reading", v.info().Stale, time.Time{})
	})
}

// A login or StepUp that is undone leaves the login before as old as it was.
func TestRemembered_sessions_stay_as_stale_as_they_were_when_a_login_is_undone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, session.Options{
			Lifetime: 60 * day, Idle: 30 * time.Minute, Limit: 1, OverLimit: session.DenyNew,
			Client: func(r *http.Request) session.Client { return session.Client{Agent: r.Method} },
		})
		v := l.remembered("ann")
		time.Sleep(time.Hour)
		l.login("bob")
		before := v.info()
		want(t, "stale", before.Stale.IsZero(), false)
		undone := func(status int, f func(s *session.Session)) {
			t.Helper()
			want(t, "status", v.does("PUT", f).StatusCode, status)
			l.onSave = nil
			after := v.info()
			want(t, "stale", after.Stale, before.Stale)
			want(t, "client", after.Client, before.Client)
			want(t, "remembered", after.Remembered, true)
			want(t, "level", after.Level, before.Level)
			want(t, "authenticated", after.Authenticated.Equal(before.Authenticated), true)
		}
		undone(http.StatusConflict, login("bob"))
		l.onSave = func(id string, _ store.Record) error {
			if isOwner(id) {
				return store.ErrFull
			}
			return nil
		}
		undone(http.StatusServiceUnavailable, func(s *session.Session) { s.StepUp(3) })
	})
}
