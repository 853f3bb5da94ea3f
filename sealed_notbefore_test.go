package session_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
)

func TestSealed_NotBefore_ends_what_was_created_and_recognised_before(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var from time.Time
		l := newLabSealed(t, session.Options{NotBefore: func() time.Time { return from }})
		early, again, stepped, guest := l.login("ann"), l.login("bob"), l.login("cho"), l.visitor()
		guest.posts(func(s *session.Session) { count.Set(s, 1) })
		time.Sleep(time.Minute)
		want(t, "owner while nothing is ended", early.owner(), "ann")
		from = time.Now()
		at := l.visitor()
		at.posts(func(s *session.Session) { s.Login("dan") })
		from = from.Add(-time.Millisecond)
		again.posts(func(s *session.Session) { s.Login("bob") }) // of a session that has ended: a new one
		from = time.Time{}
		stepped.posts(func(s *session.Session) { s.StepUp(2) })
		from = time.Now()

		before := l.count(session.Ended)
		want(t, "created and recognised before", early.owner(), "")
		want(t, "events", l.count(session.Ended)-before, 1)
		want(t, "status of a write", early.sends("POST", func(s *session.Session) { count.Set(s, 1) }).StatusCode, http.StatusConflict)
		want(t, "status of a logout", early.sends("POST", func(s *session.Session) { s.End() }).StatusCode, http.StatusOK)
		want(t, "nobody's, of before", tells(guest, count), 0)
		want(t, "created at that time", at.owner(), "dan")
		want(t, "logged in anew since", again.owner(), "bob")
		want(t, "recognised since", stepped.owner(), "cho")
		time.Sleep(time.Second)
		from = time.Now()
		want(t, "after another such time", at.owner(), "")
	})
}

// Stored sessions are ended by EndBefore, sealed ones by NotBefore: both draw the
// same line.
func TestSealed_NotBefore_draws_the_line_where_EndBefore_does(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var from time.Time
		sealed, stored := newLabSealed(t, session.Options{NotBefore: func() time.Time { return from }}), newLab(t, session.Options{})
		for _, at := range []time.Duration{-time.Millisecond, 0, time.Millisecond} {
			from = time.Time{}
			a, b := sealed.login("ann"), stored.login("ann")
			from = time.Now().Add(at)
			if _, err := stored.m.EndBefore(t.Context(), from); err != nil {
				t.Fatal(err)
			}
			want(t, "owner, "+at.String()+" after the login", a.owner(), b.owner())
			want(t, "it goes on", b.owner() != "", at <= 0)
			time.Sleep(time.Second)
		}
	})
}

func TestSealed_Reload_tells_that_the_session_is_from_before_NotBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var from time.Time
		v := newLabSealed(t, session.Options{NotBefore: func() time.Time { return from }}).login("ann")
		v.gets(func(s *session.Session) {
			want(t, "owner", s.Owner(), "ann")
			time.Sleep(time.Second)
			from = time.Now()
			if err := s.Reload(t.Context()); !errors.Is(err, session.ErrEnded) {
				t.Errorf("got %v, want ErrEnded", err)
			}
		})
	})
}

func TestNotBefore_is_for_sealed_sessions_and_the_error_names_EndBefore(t *testing.T) {
	_, err := managers["New"](session.Options{NotBefore: time.Now})
	if err == nil || !strings.Contains(err.Error(), "EndBefore") {
		t.Errorf("got %v", err)
	}
}
