package session_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/cookie"
	"github.com/sojourn-go/session/store"
)

func greets(s *session.Session) { s.Owner() }

func strictly(s *session.Session) { s.SetCookie(cookie.Attrs{SameSite: http.SameSiteStrictMode}) }

// seen lets it be time for the next token, which is sent and comes back, and a
// minute pass.
func (v *visitor) seen() {
	v.l.t.Helper()
	time.Sleep(v.l.o.Rotate)
	v.owner()
	v.owner()
	time.Sleep(time.Minute)
}

// A request with the token before commits across the rotation: it took the new
// token for seen, which no browser had yet, and half a minute later the browser,
// whose answer was lost, was a thief.
func TestRotation_is_not_seen_by_a_request_that_was_under_way_before_it(t *testing.T) {
	for how, f := range map[string]func(s *session.Session){
		"writing": func(s *session.Session) { count.Set(s, 1) },
		"Reload":  func(s *session.Session) { _ = s.Reload(context.Background()) },
	} {
		t.Run(how, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, quarterly)
				v := l.login("ann")
				time.Sleep(l.o.Rotate)
				res := v.meanwhile(f, func() { v.sends("GET", greets) }) // the answer is lost
				want(t, "status", res.StatusCode, http.StatusOK)
				want(t, "rotations", l.count(session.Rotated), 1)
				v.takes(res)
				time.Sleep(time.Minute)
				want(t, "owner", v.owner(), "ann")
				want(t, "Forked events", l.count(session.Forked), 0)
			})
		})
	}
}

// A long poll lives through two rotations. It made the next token from the one
// that it had come with, and whoever had the present one was a thief.
func TestRotation_by_a_long_request_is_from_the_present_token_or_not_at_all(t *testing.T) {
	for how, f := range map[string]func(s *session.Session){
		"Reload":  func(s *session.Session) { _ = s.Reload(context.Background()) },
		"Commit":  func(s *session.Session) { count.Set(s, 1); _ = s.Commit(context.Background()) },
		"writing": func(s *session.Session) { count.Set(s, 1) },
	} {
		t.Run(how, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, quarterly)
				v := l.login("ann")
				time.Sleep(l.o.Rotate)
				v.copy().meanwhile(f, func() { // its answer is lost, or overtaken
					for range 2 {
						v.owner() // rotates
						v.owner() // is seen
						time.Sleep(l.o.Rotate)
					}
				})
				want(t, "owner", v.owner(), "ann")
				want(t, "Forked events", l.count(session.Forked), 0)
				want(t, "Refused events", l.count(session.Refused), 0)
			})
		})
	}
}

// inOneBatch has f and g commit in one Save, f first.
func (l *lab) inOneBatch(a *visitor, f func(*session.Session), b *visitor, g func(*session.Session)) (resA, resB *http.Response) {
	release, over := l.stall(), make(chan bool)
	var all sync.WaitGroup
	begin := func(f func()) {
		all.Go(f)
		synctest.Wait()
	}
	first := a.copy() // has the others wait for its Save, and then keeps out of their way
	begin(func() {
		first.sends("POST", func(s *session.Session) { once.Set(s, "x"); s.Commit(context.Background()); <-over })
	})
	begin(func() { resA = a.sends("POST", f); close(over) })
	begin(func() { resB = b.sends("POST", g) })
	release()
	all.Wait()
	l.afterSave = nil
	return resA, resB
}

// The write's request has the record of after the Renew, or the End, and rotated
// that by the token of before: a cookie that opens nothing took the place of the
// renewed one.
func TestRotation_does_not_follow_a_write_in_one_batch_with_a_Renew_or_an_End(t *testing.T) {
	for what, f := range map[string]func(s *session.Session){
		"Renew": func(s *session.Session) { s.Renew() },
		"End":   end,
	} {
		for where, prepare := range map[string]func(v *visitor){
			"when it is due":   func(v *visitor) { time.Sleep(v.l.o.Rotate) },
			"when it is fresh": (*visitor).seen,
		} {
			t.Run(what+" "+where, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					l := newLab(t, quarterly)
					v := l.login("ann")
					prepare(v)
					a, b := v.copy(), v.copy()
					resA, resB := l.inOneBatch(a, func(s *session.Session) { count.Set(s, 1) }, b, f)
					want(t, "status of the write", resA.StatusCode, http.StatusOK)
					want(t, "cookies of the write", len(resA.Cookies()), 0)
					if b.takes(resB); what == "Renew" {
						want(t, "owner by the renewed token", b.owner(), "ann")
						want(t, "value", tells(b, count), 1)
					}
				})
			})
		}
	}
}

// The answer to the write's Save is lost, another process renews the session, and
// the write finds itself in the record of after that.
func TestRotation_does_not_follow_a_write_whose_answer_was_lost_before_a_Renew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, quarterly)
		v := l.login("ann")
		v.seen()
		a, b, lost := v.copy(), v.at(l.twin()), false
		l.afterSave = func(string, store.Record, uint64, error) error {
			if lost {
				return nil
			}
			lost = true
			b.posts(func(s *session.Session) { s.Renew() })
			return errLost
		}
		res := a.does("POST", func(s *session.Session) { count.Set(s, 1) })
		want(t, "status", res.StatusCode, http.StatusOK)
		want(t, "cookies of the write", len(res.Cookies()), 0)
		want(t, "owner by the renewed token", b.owner(), "ann")
		want(t, "owner by the superseded one", a.owner(), "")
	})
}

// Without any rotation, too.
func TestSetCookie_in_one_batch_with_a_login_does_not_bring_the_old_token_back(t *testing.T) {
	for name, o := range map[string]session.Options{"zero Options": {}, "rotating": quarterly} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, o)
				v := l.login("ann")
				a, b := v.copy(), v.copy()
				resA, resB := l.inOneBatch(a, strictly, b, login("ann"))
				b.takes(resB)
				want(t, "the login's token is another", b.cookie.Value != v.cookie.Value, true)
				for _, c := range resA.Cookies() {
					want(t, "the answer has the token of the login", c.Value == b.cookie.Value, true)
				}
			})
		})
	}
}

// An application that sets its cookie's attributes with each answer.
func TestRotation_goes_on_where_SetCookie_is_called_in_each_request(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, quarterly)
		v := l.login("ann")
		first := v.cookie.Value
		for range 20 {
			time.Sleep(time.Hour / 2)
			res := v.does("GET", strictly)
			want(t, "cookies", len(res.Cookies()), 1)
			want(t, "its SameSite", res.Cookies()[0].SameSite, http.SameSiteStrictMode)
			want(t, "there is a new token", v.cookie.Value != first, true)
		}
		want(t, "owner", v.owner(), "ann")

		// And that the new one was seen is noted.
		old, young := l.rotated("ann")
		for range 20 {
			time.Sleep(time.Minute)
			young.gets(strictly)
		}
		want(t, "owner by a copy, long after the new one was seen", old.owner(), "")
	})
}

// A login that is undone put the token before, in its grace, among the superseded.
func TestRotation_keeps_its_grace_when_a_login_is_denied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := quarterly
		o.Limit, o.OverLimit = 1, session.DenyNew
		l := newLab(t, o)
		l.login("bob")
		old, young := l.rotated("ann") // its answer is on its way, or lost
		res := old.copy().does("POST", login("bob"))
		want(t, "status", res.StatusCode, http.StatusConflict)
		want(t, "owner by the new one", young.copy().owner(), "ann")
		want(t, "owner by the one before", old.copy().owner(), "ann")
		want(t, "Superseded events", l.count(session.Superseded), 0)
	})
}

// Two cookies, of another Path or Domain: the token before and the new one are of
// one session, and choose no account wrongly.
func TestRotation_takes_the_token_before_beside_the_new_one_for_one_session(t *testing.T) {
	for what, swap := range map[string]bool{"the new one first": false, "the one before first": true} {
		synctest.Test(t, func(t *testing.T) {
			o := quarterly
			o.Name = "sid"
			l := newLab(t, o)
			old, young := l.rotated("ann")
			if swap {
				old, young = young, old
			}
			r := young.request("GET")
			r.AddCookie(old.cookie)
			owner := ""
			h := l.m.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				owner = session.From(r.Context()).Owner()
			}))
			serve(h, r)
			want(t, what, owner, "ann")

			// Beside a token of another session neither opens one.
			r = l.login("bob").request("GET")
			r.AddCookie(old.cookie)
			serve(h, r)
			want(t, what+": one of them, and another session's", owner, "")
		})
	}
}
