package session_test

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
)

// An asked is an Options.Epoch that does what the test says.
type asked struct {
	times  atomic.Int32
	answer func(ctx context.Context) (uint64, error)
}

func (a *asked) epoch(ctx context.Context, _ string) (uint64, error) {
	a.times.Add(1)
	if a.answer != nil {
		return a.answer(ctx)
	}
	return 1, nil
}

// A driver's bug, a panic in the look-up, must not leave the session locked: the
// request would hang for ever, and with it the recoverer that is to answer.
func TestSealed_an_Epoch_that_panics_hangs_nobody_and_is_its_own_requests_panic(t *testing.T) {
	for what, f := range map[string]func(s *session.Session){
		"reading": func(s *session.Session) { s.Owner() },
		"Login":   func(s *session.Session) { s.Login("ann") },
		"Reload":  func(s *session.Session) { _ = s.Reload(t.Context()) },
		"Commit":  func(s *session.Session) { s.Login("ann"); _ = s.Commit(t.Context()) },
	} {
		for _, method := range []string{"GET", "POST"} {
			a := &asked{}
			l := newLabSealed(t, session.Options{Epoch: a.epoch})
			v := l.login("ann")
			a.answer = func(context.Context) (uint64, error) { panic("driver's bug") }
			got := panicOf(t, func() { v.does(method, f) })
			want(t, method+" "+what+" panics with", got, any("driver's bug"))
			a.answer = nil
			want(t, "owner afterwards", v.owner(), "ann")
		}
	}
}

func TestSealed_an_Epoch_that_panics_under_a_recoverer_inside_is_answered_by_it_and_keeps_nothing(t *testing.T) {
	for _, signedIn := range []bool{true, false} {
		a := &asked{}
		l := newLabSealed(t, session.Options{Epoch: a.epoch})
		v := l.visitor()
		if signedIn {
			v = l.login("ann")
		}
		a.answer = func(context.Context) (uint64, error) { panic("driver's bug") }
		got := panicOf(t, func() {
			r := v.request("GET")
			res := serve(l.m.Handler(recoverer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				s := session.From(r.Context())
				name.Set(s, "lost")
				s.Login("ann")
				w.WriteHeader(http.StatusOK)
			}))), r)
			want(t, "status", res.StatusCode, http.StatusInternalServerError)
			want(t, "Set-Cookie lines", len(res.Cookies()), 0)
		})
		want(t, "panic out of Handler", got, nil)
	}
}

// An Epoch whose database hangs would hold the request as long as it likes.
func TestSealed_Timeout_limits_Epoch_at_the_load_and_at_the_login(t *testing.T) {
	hangs := func(ctx context.Context) (uint64, error) { <-ctx.Done(); return 0, ctx.Err() }
	for what, f := range map[string]func(s *session.Session){
		"reading": func(s *session.Session) { s.Owner() },
		"Login":   func(s *session.Session) { s.Login("ann") },
		"Reload": func(s *session.Session) {
			if err := s.Reload(context.Background()); !errors.Is(err, session.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Reload: got %v, want ErrUnavailable of a deadline", err)
			}
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			a := &asked{}
			l := newLabSealed(t, session.Options{Epoch: a.epoch, Timeout: 3 * time.Second})
			v := l.visitor()
			if what != "Login" {
				v = l.login("ann")
			}
			a.answer = hangs
			if what == "Reload" {
				a.answer = nil
			}
			began := time.Now()
			res := v.does("GET", func(s *session.Session) {
				s.Owner()
				a.answer = hangs
				f(s)
			})
			want(t, what+": time lost", time.Since(began), 3*time.Second)
			if what != "Reload" { // of which the handler was told
				want(t, what+": status", res.StatusCode, http.StatusServiceUnavailable)
			}
			want(t, what+": Set-Cookie lines", len(res.Cookies()), 0)
		})
	}
}

func TestSealed_when_a_client_hangs_up_Epoch_at_the_load_is_cancelled_and_at_the_login_is_not(t *testing.T) {
	a := &asked{}
	l := newLabSealed(t, session.Options{Epoch: a.epoch})
	ctx, hangUp := context.WithCancel(t.Context())
	r := l.login("ann").request("GET").WithContext(ctx)
	a.answer = func(ctx context.Context) (uint64, error) {
		hangUp()
		<-ctx.Done()
		return 0, ctx.Err()
	}
	res := serve(l.m.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		want(t, "owner", session.From(r.Context()).Owner(), "")
	})), r)
	want(t, "status", res.StatusCode, http.StatusServiceUnavailable)

	a.answer = func(ctx context.Context) (uint64, error) { return 1, ctx.Err() }
	v := l.visitor()
	ctx, hangUp = context.WithCancel(t.Context())
	v.takes(serve(l.m.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		session.From(r.Context()).Login("ann")
		hangUp()
	})), v.request("POST").WithContext(ctx)))
	want(t, "owner", v.owner(), "ann")
}

func TestSealed_Epoch_is_asked_once_for_a_request_and_once_for_each_login(t *testing.T) {
	a := &asked{}
	l := newLabSealed(t, session.Options{Epoch: a.epoch})
	v := l.login("ann")
	for what, c := range map[string]struct {
		f     func(s *session.Session)
		times int32
	}{
		"nothing":  {func(*session.Session) {}, 0},
		"reading":  {func(s *session.Session) { s.Owner(); count.Get(s); s.Owner() }, 1},
		"writing":  {func(s *session.Session) { count.Update(s, inc) }, 1},
		"Commits":  {func(s *session.Session) { count.Set(s, 5); _ = s.Commit(t.Context()); count.Set(s, 6) }, 1},
		"Renew":    {func(s *session.Session) { s.Renew() }, 1},
		"StepUp":   {func(s *session.Session) { s.StepUp(2) }, 1},
		"End, Set": {func(s *session.Session) { s.End(); count.Set(s, 1) }, 1},
		"Login":    {func(s *session.Session) { s.Login("ann") }, 2},
		"Reload":   {func(s *session.Session) { s.Owner(); _ = s.Reload(t.Context()) }, 2},
	} {
		a.times.Store(0)
		v.copy().does("GET", c.f)
		want(t, what+": times", a.times.Load(), c.times)
	}
}

// Whoever holds another's epoch: a login as bob is judged by bob's.
func TestSealed_a_change_of_owner_takes_the_epoch_of_the_new_one(t *testing.T) {
	epochs := map[string]uint64{"ann": 1, "bob": 2}
	l := newLabSealed(t, session.Options{Epoch: func(_ context.Context, owner string) (uint64, error) { return epochs[owner], nil }})
	v := l.login("ann")
	v.posts(func(s *session.Session) { s.Login("bob") })
	epochs["ann"]++
	want(t, "owner after ann's epoch moved", v.owner(), "bob")
	v.posts(func(s *session.Session) { s.StepUp(2); count.Set(s, 1) })
	want(t, "owner after a StepUp", v.owner(), "bob")
	epochs["bob"]++
	want(t, "owner after bob's epoch moved", v.owner(), "")
	want(t, "status of a read", v.sends("GET", func(s *session.Session) { s.Owner() }).StatusCode, http.StatusOK)
	want(t, "status of a write", v.sends("POST", func(s *session.Session) { count.Set(s, 1) }).StatusCode, http.StatusConflict)
	want(t, "status of End", v.sends("POST", func(s *session.Session) { s.End() }).StatusCode, http.StatusOK)
}

// An owner's epoch moves while a request of the owner's is under way: its Reload
// is told.
func TestSealed_Reload_tells_that_the_epoch_has_moved(t *testing.T) {
	a := &asked{}
	l := newLabSealed(t, session.Options{Epoch: a.epoch})
	v := l.login("ann")
	v.gets(func(s *session.Session) {
		want(t, "owner", s.Owner(), "ann")
		a.answer = func(context.Context) (uint64, error) { return 2, nil }
		if err := s.Reload(t.Context()); !errors.Is(err, session.ErrEnded) {
			t.Errorf("got %v, want ErrEnded", err)
		}
	})
}

// A column of epochs that begins at 0: the login that had checked the old
// password was held to no epoch at all, and survived the change of password.
func TestSealed_a_login_is_held_to_an_epoch_of_zero_or_told_that_there_is_none(t *testing.T) {
	epoch := uint64(0)
	l := newLabSealed(t, session.Options{Epoch: func(context.Context, string) (uint64, error) { return epoch, nil }})
	at, err := l.m.Epoch(t.Context(), "ann")
	if err != nil {
		return // the application learns at its first login that 0 is no epoch
	}
	epoch++ // the password is changed
	v := l.visitor()
	v.does("POST", func(s *session.Session) {
		if err := s.LoginWith("ann", session.Terms{AtEpoch: at}); err != nil {
			t.Error(err)
		}
	})
	want(t, "signed in by the old password", v.cookie != nil, false)
}

// A long request was told by Reload that its session is over. Its Commit was
// acknowledged all the same, and what it kept nobody could open.
func TestSealed_a_Commit_after_Reload_found_the_session_ended_fails(t *testing.T) {
	a := &asked{}
	l := newLabSealed(t, session.Options{Epoch: a.epoch})
	v := l.login("ann")
	res := v.does("POST", func(s *session.Session) {
		want(t, "owner", s.Owner(), "ann")
		a.answer = func(context.Context) (uint64, error) { return 2, nil }
		want(t, "Reload tells", errors.Is(s.Reload(t.Context()), session.ErrEnded), true)
		count.Set(s, 2)
		if err := s.Commit(t.Context()); !errors.Is(err, session.ErrEnded) {
			t.Errorf("Commit: got %v, want ErrEnded", err)
		}
	})
	want(t, "status", res.StatusCode, http.StatusConflict)
	want(t, "Set-Cookie lines", len(res.Cookies()), 0)
}

// The changes of a GET were dropped in silence.
func TestSealed_changes_after_a_Reload_that_found_the_session_ended_are_409_to_GET_too(t *testing.T) {
	epoch := uint64(1)
	l := newSealedLab(t, newKeys(t), session.Options{Epoch: func(context.Context, string) (uint64, error) { return epoch, nil }})
	for _, method := range []string{"GET", "POST"} {
		v := l.visitor()
		v.posts(func(s *session.Session) { s.Login("ann") })
		before := l.count(session.Ended)
		res := v.does(method, func(s *session.Session) {
			want(t, "owner", s.Owner(), "ann")
			epoch++
			want(t, "Reload tells", errors.Is(s.Reload(t.Context()), session.ErrEnded), true)
			count.Set(s, 1)
		})
		want(t, method, res.StatusCode, http.StatusConflict)
		want(t, "events of "+method, l.count(session.Ended)-before, 1)
	}
}
