package session_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/cookie"
)

// Each of these tests is one story that ends otherwise with a sealed session
// than with a stored one. The documentation's table of differences cites them;
// what is not among them is the same everywhere.

// differs tells the story of both keepers, and expects of each its own end.
func differs[T comparable](t *testing.T, stored, sealed T, story func(t *testing.T, newLab labMaker) T) {
	t.Helper()
	for _, c := range []struct {
		name   string
		newLab labMaker
		end    T
	}{{"stored", newLab, stored}, {"sealed", newLabSealed, sealed}} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { want(t, "the end", story(t, c.newLab), c.end) })
		})
	}
}

func TestSealed_differs_of_changes_at_the_same_time_the_browser_keeps_one_answers(t *testing.T) {
	differs(t, `16, "b", 2 conflicts`, `11, "", 0 conflicts`, func(t *testing.T, newLab labMaker) string {
		l := newLab(t, session.Options{})
		v := l.visitor()
		v.posts(func(s *session.Session) { count.Set(s, 10) })
		v.takes(v.meanwhile(func(s *session.Session) { count.Update(s, inc) },
			func() { v.copy().posts(func(s *session.Session) { count.Update(s, func(n int) int { return n + 5 }) }) }))
		v.takes(v.meanwhile(func(s *session.Session) { once.Set(s, "a") },
			func() { v.copy().posts(func(s *session.Session) { name.Set(s, "b") }) }))
		return fmt.Sprintf("%d, %q, %d conflicts", tells(v, count), tells(v, name), l.count(session.Conflict))
	})
}

func TestSealed_differs_a_value_can_be_taken_by_each_of_two_requests(t *testing.T) {
	differs(t, "200, 409", "200, 200", func(t *testing.T, newLab labMaker) string {
		v := newLab(t, session.Options{}).visitor()
		v.posts(func(s *session.Session) { once.Set(s, "coupon") })
		take := func(s *session.Session) {
			got, ok := once.Take(s)
			want(t, "taken", got, "coupon")
			want(t, "ok", ok, true)
		}
		first := 0
		second := v.meanwhile(take, func() { first = v.copy().does("POST", take).StatusCode }).StatusCode
		return fmt.Sprintf("%d, %d", first, second)
	})
}

func TestSealed_differs_an_older_cookie_opens_what_was_in_it(t *testing.T) {
	differs(t, 2, 1, func(t *testing.T, newLab labMaker) int {
		v := newLab(t, session.Options{}).visitor()
		v.posts(func(s *session.Session) { count.Set(s, 1) })
		old := v.copy()
		v.posts(func(s *session.Session) { count.Set(s, 2) })
		return tells(old, count)
	})
}

func TestSealed_differs_a_copy_of_the_cookie_outlives_End_until_Idle_has_passed(t *testing.T) {
	differs(t, `"", ""`, `"ann", ""`, func(t *testing.T, newLab labMaker) string {
		v := newLab(t, session.Options{}).login("ann")
		stolen := v.copy()
		v.posts(func(s *session.Session) { s.End() })
		want(t, "the browser itself has no cookie", v.cookie == nil, true)
		before := stolen.owner()
		time.Sleep(30 * time.Minute)
		return fmt.Sprintf("%q, %q", before, stolen.owner())
	})
}

func TestSealed_differs_a_copy_of_the_cookie_in_use_outlives_End_until_Lifetime_has_passed(t *testing.T) {
	differs(t, 0, 24*time.Hour, func(t *testing.T, newLab labMaker) time.Duration {
		v := newLab(t, session.Options{}).login("ann")
		began, stolen := time.Now(), v.copy()
		v.posts(func(s *session.Session) { s.End() })
		for stolen.owner() == "ann" && time.Since(began) < 48*time.Hour {
			time.Sleep(time.Minute)
		}
		return time.Since(began)
	})
}

func TestSealed_differs_a_request_under_way_undoes_a_logout(t *testing.T) {
	differs(t, `409, ""`, `200, "ann"`, func(t *testing.T, newLab labMaker) string {
		v := newLab(t, session.Options{}).login("ann")
		slow := v.meanwhile(func(s *session.Session) { count.Set(s, 2) },
			func() { v.posts(func(s *session.Session) { s.End() }) })
		v.takes(slow)
		return fmt.Sprintf("%d, %q", slow.StatusCode, v.owner())
	})
}

func TestSealed_differs_a_request_under_way_undoes_a_login(t *testing.T) {
	differs(t, `409, "ann"`, `200, ""`, func(t *testing.T, newLab labMaker) string {
		v := newLab(t, session.Options{}).visitor()
		v.posts(func(s *session.Session) { name.Set(s, "guest") })
		slow := v.meanwhile(func(s *session.Session) { count.Set(s, 2) },
			func() { v.posts(func(s *session.Session) { s.Login("ann") }) })
		v.takes(slow)
		return fmt.Sprintf("%d, %q", slow.StatusCode, v.owner())
	})
}

func TestSealed_differs_the_cookie_of_before_Renew_goes_on_opening(t *testing.T) {
	differs(t, `"", 409, 1 superseded`, `"ann", 200, 0 superseded`, func(t *testing.T, newLab labMaker) string {
		l := newLab(t, session.Options{})
		v := l.login("ann")
		old := v.copy()
		v.posts(func(s *session.Session) { s.Renew() })
		res := old.copy().does("POST", func(s *session.Session) { count.Set(s, 2) })
		superseded := l.count(session.Superseded)
		return fmt.Sprintf("%q, %d, %d superseded", old.owner(), res.StatusCode, superseded)
	})
}

func TestSealed_differs_Reload_sees_nothing_of_other_requests(t *testing.T) {
	differs(t, "2, ended", "1, <nil>", func(t *testing.T, newLab labMaker) (end string) {
		v := newLab(t, session.Options{}).login("ann")
		v.posts(func(s *session.Session) { count.Set(s, 1) })
		v.gets(func(s *session.Session) {
			want(t, "count", count.Get(s), 1)
			v.copy().posts(func(s *session.Session) { count.Set(s, 2) })
			want(t, "Reload", s.Reload(t.Context()), nil)
			seen := count.Get(s)
			v.copy().posts(func(s *session.Session) { s.End() })
			err := s.Reload(t.Context())
			end = fmt.Sprintf("%d, %v", seen, err)
			if errors.Is(err, session.ErrEnded) {
				end = fmt.Sprintf("%d, ended", seen)
			}
		})
		return end
	})
}

func TestSealed_differs_a_late_change_is_refused_and_reported(t *testing.T) {
	differs(t, `2, "", 0 late`, `1, "ann", 2 late`, func(t *testing.T, newLab labMaker) string {
		l := newLab(t, session.Options{})
		v := l.login("ann")
		v.posts(func(s *session.Session) { count.Set(s, 1) })
		late := func(change func(s *session.Session)) {
			v.takes(sendRaw(v, func(w http.ResponseWriter, r *http.Request) {
				s := session.From(r.Context())
				s.Owner()
				w.WriteHeader(http.StatusOK)
				change(s)
			}))
		}
		late(func(s *session.Session) { count.Set(s, 2) })
		n := tells(v, count)
		late(func(s *session.Session) { s.End() })
		return fmt.Sprintf("%d, %q, %d late", n, v.owner(), l.count(session.Late))
	})
}

func TestSealed_differs_an_answer_that_does_not_arrive_takes_its_changes_along(t *testing.T) {
	differs(t, "503, 2", "503, 1", func(t *testing.T, newLab labMaker) string {
		l := newLab(t, session.Options{Idle: 6 * time.Hour})
		v := l.visitor()
		v.posts(func(s *session.Session) { count.Set(s, 1) })
		h := http.TimeoutHandler(l.m.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			count.Set(session.From(r.Context()), 2)
			time.Sleep(time.Hour)
		})), time.Minute, "too slow")
		r := httptest.NewRequest("POST", "https://example.com/", nil)
		r.AddCookie(v.cookie)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		v.takes(w.Result())
		time.Sleep(2 * time.Hour)
		return fmt.Sprintf("%d, %d", w.Code, tells(v, count))
	})
}

func TestSealed_differs_a_change_sends_a_cookie_and_a_Set_of_an_equal_value_sends_none(t *testing.T) {
	differs(t, "0, 0", "1, 0", func(t *testing.T, newLab labMaker) string {
		v := newLab(t, session.Options{}).visitor()
		v.posts(func(s *session.Session) { count.Set(s, 1) })
		set := func(s *session.Session) { count.Set(s, 2) }
		changed, equal := v.does("POST", set), v.does("POST", set)
		return fmt.Sprintf("%d, %d", len(changed.Cookies()), len(equal.Cookies()))
	})
}

func TestSealed_differs_SetCookie_alone_sends_another_text(t *testing.T) {
	differs(t, true, false, func(t *testing.T, newLab labMaker) (same bool) {
		v := newLab(t, session.Options{}).login("ann")
		res := v.sends("GET", func(s *session.Session) { s.SetCookie(cookie.Attrs{MaxAge: time.Hour}) })
		return res.Cookies()[0].Value == v.cookie.Value
	})
}

func TestSealed_differs_a_use_sends_a_cookie_when_a_page_is_opened(t *testing.T) {
	differs(t, 0, 1, func(t *testing.T, newLab labMaker) int {
		v := newLab(t, session.Options{}).login("ann")
		time.Sleep(4 * time.Minute)
		return len(v.does("GET", func(s *session.Session) { s.Owner() }).Cookies())
	})
}

func TestSealed_differs_a_page_that_only_fetches_keeps_its_session_by_Renew_alone(t *testing.T) {
	fetch := func(v *visitor, use func(s *session.Session)) {
		r := httptest.NewRequest("GET", "https://example.com/", nil)
		r.Header.Set("Sec-Fetch-Mode", "cors")
		r.AddCookie(v.cookie)
		w := httptest.NewRecorder()
		v.l.m.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			use(session.From(r.Context()))
		})).ServeHTTP(w, r)
		v.takes(w.Result())
	}
	differs(t, `"ann", "ann"`, `"", "ann"`, func(t *testing.T, newLab labMaker) string {
		l := newLab(t, session.Options{})
		reads, renews := l.login("ann"), l.login("ann")
		for range 6 {
			time.Sleep(10 * time.Minute)
			fetch(reads, func(s *session.Session) { s.Owner() })
			fetch(renews, func(s *session.Session) { s.Renew() })
		}
		return fmt.Sprintf("%q, %q", reads.owner(), renews.owner())
	})
}

func TestSealed_differs_End_of_what_has_ended_sends_the_removal_again(t *testing.T) {
	differs(t, 0, 1, func(t *testing.T, newLab labMaker) int {
		v := newLab(t, session.Options{}).login("ann")
		v.copy().posts(func(s *session.Session) { s.End() })
		res := v.does("POST", func(s *session.Session) { s.End() })
		want(t, "status", res.StatusCode, http.StatusOK)
		return len(res.Cookies())
	})
}

func TestSealed_differs_Hijack_with_anything_to_keep_is_refused(t *testing.T) {
	differs(t, true, false, func(t *testing.T, newLab labMaker) (done bool) {
		l := newLab(t, session.Options{})
		v := l.visitor()
		v.posts(func(s *session.Session) { count.Set(s, 1) })
		for _, change := range []bool{false, true} {
			r := httptest.NewRequest("GET", "https://example.com/", nil)
			r.AddCookie(v.cookie)
			calls := 0
			l.m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if s := session.From(r.Context()); count.Get(s) == 1 && change {
					count.Set(s, 2)
				}
				conn, _, err := http.NewResponseController(w).Hijack()
				if done = err == nil; done {
					conn.Close()
				}
				want(t, "hijacked with nothing to keep", done || change, true)
			})).ServeHTTP(hijacker{httptest.NewRecorder(), &calls}, r)
		}
		return done
	})
}

func TestSealed_differs_a_session_has_room_for_what_fits_into_a_cookie(t *testing.T) {
	differs(t, "200 200 200 500", "200 500 500 500", func(t *testing.T, newLab labMaker) string {
		v := newLab(t, session.Options{}).visitor()
		var statuses []string
		for _, n := range []int{2_000, 4_000, 100_000, 2_000_000} {
			res := v.does("POST", func(s *session.Session) { name.Set(s, strings.Repeat("x", n)) })
			statuses = append(statuses, fmt.Sprint(res.StatusCode))
		}
		return strings.Join(statuses, " ")
	})
}

func TestSealed_differs_nobody_else_can_list_or_end_a_session(t *testing.T) {
	differs(t, "", "List End EndAll All EndID EndBefore", func(t *testing.T, newLab labMaker) string {
		l := newLab(t, session.Options{})
		id := l.login("ann").info().ID
		var unsupported []string
		note := func(what string, err error) {
			if errors.Is(err, errors.ErrUnsupported) {
				unsupported = append(unsupported, what)
			} else if err != nil {
				t.Errorf("%s: got %v", what, err)
			}
		}
		ctx, m := t.Context(), l.m
		for _, err := range m.List(ctx, "ann") {
			note("List", err)
		}
		note("End", m.End(ctx, "ann", id))
		_, err := m.EndAll(ctx, "ann")
		note("EndAll", err)
		for _, err := range m.All(ctx) {
			note("All", err)
		}
		note("EndID", m.EndID(ctx, id))
		_, err = m.EndBefore(ctx, time.Now())
		note("EndBefore", err)
		return strings.Join(unsupported, " ")
	})
}

func TestSealed_differs_options_that_need_a_store_are_faults_and_Epoch_is_none(t *testing.T) {
	epoch := (&labStore{}).epoch
	for what, o := range map[string]session.Options{
		"Limit": {Limit: 3}, "OverLimit": {OverLimit: session.DenyNew}, "Strict": {Strict: true},
		"Rotate": {Rotate: time.Hour}, "Client": {Client: session.ClientOf},
		"Epoch": {Epoch: epoch}, "NotBefore": {NotBefore: time.Now},
	} {
		_, storedErr := managers["New"](o)
		_, sealedErr := managers["NewSealed"](o)
		ofSealed := what == "Epoch" || what == "NotBefore"
		want(t, what+" is a fault of a stored one's", storedErr != nil, ofSealed)
		want(t, what+" is a fault of a sealed one's", sealedErr != nil, !ofSealed)
	}
}

func TestSealed_differs_a_login_cannot_outlast_what_its_cookie_opens_for(t *testing.T) {
	differs(t, "true true", "true false", func(t *testing.T, newLab labMaker) string {
		var accepted []string
		for _, lifetime := range []time.Duration{400 * 24 * time.Hour, 401 * 24 * time.Hour} {
			newLab(t, session.Options{}).visitor().posts(func(s *session.Session) {
				err := s.LoginWith("ann", session.Terms{Lifetime: lifetime})
				accepted = append(accepted, fmt.Sprint(err == nil))
			})
		}
		return strings.Join(accepted, " ")
	})
}
