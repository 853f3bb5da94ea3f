package session_test

import (
	"bufio"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/cookie"
)

var quarterly = session.Options{Rotate: 15 * time.Minute, Idle: 12 * time.Hour, Lifetime: 48 * time.Hour}

// rotated is a session whose token was just replaced: a visitor with the one of
// before, and one with the new one, which has not been presented yet.
func (l *lab) rotated(owner string) (old, young *visitor) {
	l.t.Helper()
	old = l.login(owner)
	time.Sleep(l.o.Rotate)
	young = old.copy()
	young.gets(func(s *session.Session) { s.Owner() })
	if young.cookie.Value == old.cookie.Value {
		l.t.Fatal("there is no new token")
	}
	return old, young
}

func TestRotation_gives_a_new_token_to_the_same_session(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, quarterly)
		v := l.login("ann")
		v.posts(func(s *session.Session) { name.Set(s, "kept") })
		before := v.cookie.Value
		time.Sleep(l.o.Rotate - time.Second)
		want(t, "owner", v.owner(), "ann")
		want(t, "cookie before it is time", v.cookie.Value, before)
		time.Sleep(time.Second)
		want(t, "owner", v.owner(), "ann")
		after := v.cookie.Value
		want(t, "the id stays", after[:24], before[:24])
		if after[24:] == before[24:] {
			t.Error("the secret is the same")
		}
		want(t, "value", tells(v, name), "kept")
		want(t, "Rotated events", l.count(session.Rotated), 1)
		saves := l.saves.Load()
		want(t, "owner", v.owner(), "ann")
		want(t, "saves once the new one was seen", l.saves.Load(), saves)
		want(t, "cookie", v.cookie.Value, after)
	})
}

func TestRotation_gives_everybody_with_the_token_before_the_same_new_one(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, quarterly)
		old, young := l.rotated("ann")
		for range 5 {
			late := old.copy()
			want(t, "owner", late.owner(), "ann")
			want(t, "token", late.cookie.Value, young.cookie.Value)
		}
		want(t, "writes by the old token", func() int {
			late := old.copy()
			late.posts(func(s *session.Session) { count.Set(s, 1) })
			return tells(young, count)
		}(), 1)
	})
}

func TestRotation_whose_answer_is_lost_signs_nobody_out_however_long_it_takes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, quarterly)
		old, _ := l.rotated("ann")
		time.Sleep(11 * time.Hour)
		want(t, "owner", old.owner(), "ann")
		want(t, "Forked events", l.count(session.Forked), 0)
		time.Sleep(time.Minute)
		want(t, "owner by the new one", old.owner(), "ann")
	})
}

func TestRotation_accepts_the_token_before_until_30_seconds_after_the_new_one_was_seen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, quarterly)
		old, young := l.rotated("ann")
		time.Sleep(10 * time.Minute)
		want(t, "owner", old.copy().owner(), "ann") // it does not count as the new one seen
		time.Sleep(2 * time.Minute)
		want(t, "owner by the new one", young.owner(), "ann")
		time.Sleep(30*time.Second - time.Millisecond)
		want(t, "owner in the grace", old.copy().owner(), "ann")
		time.Sleep(time.Millisecond)
		want(t, "owner after it", old.copy().owner(), "")
		want(t, "Forked events", l.count(session.Forked), 1)
		want(t, "owner by the new one", young.owner(), "ann")
	})
}

func TestRotation_recognises_a_copy_however_old(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, quarterly)
		v := l.login("ann")
		stolen := v.copy()
		for range 50 {
			time.Sleep(l.o.Rotate)
			v.owner()
			v.owner() // the new one is seen
		}
		want(t, "rotations", l.count(session.Rotated), 50)
		want(t, "owner", stolen.owner(), "")
		res := stolen.does("POST", func(s *session.Session) { count.Set(s, 7) })
		want(t, "status of a write", res.StatusCode, http.StatusConflict)
		want(t, "Forked events, one a minute", l.count(session.Forked), 1)
	})
}

func TestRotation_takes_a_wrong_secret_for_no_copy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, quarterly)
		_, young := l.rotated("ann")
		young.owner()
		time.Sleep(time.Hour)
		for _, secret := range []string{strings.Repeat("A", 40), young.cookie.Value[24:25] + strings.Repeat("B", 39)} {
			v := young.copy()
			v.cookie = &http.Cookie{Name: young.cookie.Name, Value: young.cookie.Value[:24] + secret}
			want(t, "owner", v.owner(), "")
		}
		want(t, "Forked events", l.count(session.Forked), 0)
		want(t, "Refused events", l.count(session.Refused), 1)
	})
}

func TestRotation_has_no_grace_after_a_login_a_renewal_or_a_step_up(t *testing.T) {
	for what, f := range map[string]func(s *session.Session){
		"Login":  func(s *session.Session) { s.Login("ann") },
		"Renew":  func(s *session.Session) { s.Renew() },
		"StepUp": func(s *session.Session) { s.StepUp(2) },
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, quarterly)
				old, young := l.rotated("ann")
				v := young.copy()
				v.posts(f)
				for name, late := range map[string]*visitor{"the one before": young, "the one before that": old} {
					want(t, name, late.copy().owner(), "")
				}
				want(t, "Superseded events", l.count(session.Superseded), 2)
				want(t, "owner", v.owner(), "ann")
				time.Sleep(3 * time.Minute)
				want(t, "long after", old.copy().owner(), "")
				want(t, "Forked events", l.count(session.Forked), 0)
			})
		})
	}
}

func TestRotation_lets_the_token_before_end_the_session(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, quarterly)
		old, young := l.rotated("ann")
		old.posts(func(s *session.Session) { s.End() })
		if old.cookie != nil {
			t.Error("the cookie is not removed")
		}
		want(t, "owner", young.owner(), "")
	})
}

func TestRotation_leaves_a_connection_that_is_taken_over_alone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, quarterly)
		v := l.login("ann")
		time.Sleep(l.o.Rotate)
		taken := false
		l.m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			session.From(r.Context()).Owner()
			_, _, err := http.NewResponseController(w).Hijack()
			taken = err == nil
		})).ServeHTTP(hijackable{httptest.NewRecorder()}, v.request("GET"))
		want(t, "taken over", taken, true)
		want(t, "Rotated events", l.count(session.Rotated), 0)

		// And one that was given a token again can still be taken over.
		old, _ := v.copy(), v.owner()
		l.m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			want(t, "owner", session.From(r.Context()).Owner(), "ann")
			_, _, err := http.NewResponseController(w).Hijack()
			taken = err == nil
		})).ServeHTTP(hijackable{httptest.NewRecorder()}, old.request("GET"))
		want(t, "taken over", taken, true)
	})
}

type hijackable struct{ *httptest.ResponseRecorder }

func (hijackable) Hijack() (net.Conn, *bufio.ReadWriter, error) { return nil, nil, nil }

func TestRotation_under_a_slow_request_does_not_bring_the_old_token_back(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, quarterly)
		v := l.login("ann")
		time.Sleep(l.o.Rotate)
		again := func(s *session.Session) {
			if err := s.SetCookie(cookie.Attrs{SameSite: http.SameSiteStrictMode}); err != nil {
				t.Error(err)
			}
		}
		slow := v.meanwhile(again, func() { v.owner() })
		want(t, "token of the answer", slow.Cookies()[0].Value, v.cookie.Value)
		v.owner()

		// Two rotations later nothing is sent.
		slow = v.meanwhile(again, func() {
			for range 2 {
				time.Sleep(l.o.Rotate)
				v.owner()
				v.owner()
			}
		})
		want(t, "status", slow.StatusCode, http.StatusOK)
		want(t, "cookies", len(slow.Cookies()), 0)

		// Nor by one that was given the token again, and takes its time.
		time.Sleep(l.o.Rotate)
		old := v.copy()
		v.owner()
		slow = old.meanwhile(nothing, func() {
			v.owner()
			time.Sleep(l.o.Rotate)
			v.owner()
		})
		want(t, "cookies", len(slow.Cookies()), 0)
		want(t, "owner", v.owner(), "ann")
	})
}

func nothing(*session.Session) {}

func TestRotation_waits_for_the_grace_of_the_token_before(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, quarterly)
		old, young := l.rotated("ann")
		time.Sleep(l.o.Rotate - time.Second)
		young.owner() // for the first time
		time.Sleep(time.Second)
		young.owner()
		want(t, "owner in the grace", old.owner(), "ann")
		want(t, "rotations", l.count(session.Rotated), 1)
		time.Sleep(30 * time.Second)
		young.owner()
		want(t, "rotations", l.count(session.Rotated), 2)
	})
}

// A request with the token before is under way while another logs in, or ends the
// session: what it is answered carries no cookie.
func TestRotation_does_not_overwrite_the_cookie_of_a_login_that_was_faster(t *testing.T) {
	for what, f := range map[string]func(s *session.Session){
		"Login": func(s *session.Session) { s.Login("ann") },
		"End":   func(s *session.Session) { s.End() },
	} {
		for how, slowly := range map[string]func(s *session.Session){
			"reading": nothing,
			"writing": func(s *session.Session) { count.Set(s, 1) },
			"a login": func(s *session.Session) { s.Login("bob") },
			"an end":  func(s *session.Session) { s.End() },
		} {
			t.Run(what+", "+how, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					l := newLab(t, quarterly)
					old, young := l.rotated("ann")
					res := old.meanwhile(slowly, func() { young.posts(f) })
					for _, c := range res.Cookies() {
						if c.Value[:24] == old.cookie.Value[:24] {
							t.Errorf("status %d, with a cookie of the session of before", res.StatusCode)
						}
					}
				})
			})
		}
	}
}

func TestRotation_of_a_fork_says_what_becomes_of_the_session(t *testing.T) {
	for fork, w := range map[session.Fork]struct {
		owner string
		stale bool
	}{
		session.ForkReport: {"ann", false},
		session.ForkStale:  {"ann", true},
		session.ForkEnd:    {"", false},
	} {
		synctest.Test(t, func(t *testing.T) {
			o := quarterly
			o.Fork = fork
			l := newLab(t, o)
			old, young := l.rotated("ann")
			young.owner()
			time.Sleep(time.Minute)
			for range 3 {
				want(t, "owner by the copy", old.copy().owner(), "")
			}
			want(t, "Forked events", l.count(session.Forked), 1)
			want(t, "owner", young.copy().owner(), w.owner)
			want(t, "stale", !young.copy().info().Stale.IsZero(), w.stale)
			if w.stale {
				young.posts(func(s *session.Session) { s.StepUp(1) })
				want(t, "stale after a step up", !young.info().Stale.IsZero(), false)
			}
			if fork == session.ForkEnd {
				want(t, "Ended events", l.count(session.Ended) > 0, true)
			}
		})
	}
}

func TestRotation_that_is_switched_off_keeps_its_promises_to_tokens_under_way(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, quarterly)
		old, young := l.rotated("ann")
		o := quarterly
		o.Rotate = 0
		l = l.like(o)
		late := old.copy().at(l)
		want(t, "owner", late.owner(), "ann")
		want(t, "token", late.cookie.Value, young.cookie.Value)
		young = young.at(l)
		want(t, "owner", young.owner(), "ann")
		time.Sleep(time.Hour)
		want(t, "owner by the copy", old.at(l).owner(), "")
		want(t, "owner", young.owner(), "ann")
	})
}

func TestRotation_faults_come_out_of_the_constructor(t *testing.T) {
	for _, o := range []session.Options{
		{Rotate: time.Minute - 1}, {Rotate: -1}, {Fork: session.ForkEnd}, {Rotate: time.Hour, Fork: 9},
	} {
		if _, err := session.New(newLab(t, session.Options{}).Store, o); err == nil {
			t.Errorf("%v, %v: no error", o.Rotate, o.Fork)
		}
	}
}
