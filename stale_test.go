package session_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
)

// remembered is a visitor whose cookie outlives the browser.
func (l *lab) remembered(owner string) *visitor {
	l.t.Helper()
	v := l.visitor()
	v.posts(func(s *session.Session) {
		if err := s.LoginWith(owner, session.Terms{Remember: true, Lifetime: 60 * 24 * time.Hour}); err != nil {
			l.t.Error(err)
		}
	})
	return v
}

func TestRemembered_sessions_outlive_Idle_and_their_login_is_stale_then(t *testing.T) {
	everywhereInTime(t, func(t *testing.T, newLab labMaker) {
		l := newLab(t, session.Options{Lifetime: 60 * 24 * time.Hour, Idle: 30 * time.Minute})
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
		l := newLab(t, session.Options{Lifetime: 60 * 24 * time.Hour, Idle: 30 * time.Minute})
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
