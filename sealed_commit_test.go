package session_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/cookie"
)

// A cookie for each Commit would have the browser keep whichever comes last, and
// proxies with little room for headers answer 502.
func TestSealed_two_Commits_in_a_request_send_one_cookie_with_the_last_state(t *testing.T) {
	v := newLabSealed(t, session.Options{}).visitor()
	res := v.does("POST", func(s *session.Session) {
		for n := range 3 {
			count.Set(s, n)
			want(t, "Commit", s.Commit(t.Context()), nil)
		}
		s.Login("ann")
		want(t, "Commit", s.Commit(t.Context()), nil)
		name.Set(s, "kept with the response")
	})
	want(t, "Set-Cookie lines", len(res.Header["Set-Cookie"]), 1)
	want(t, "count", tells(v, count), 2)
	want(t, "name", tells(v, name), "kept with the response")
	want(t, "owner", v.owner(), "ann")
}

// What was acknowledged stays acknowledged, whatever fails after it.
func TestSealed_a_Commit_and_then_one_too_large_send_the_cookie_of_the_first(t *testing.T) {
	for _, code := range []int{200, 507} { // not dealt with, and dealt with
		v := newLabSealed(t, session.Options{}).visitor()
		v.posts(func(s *session.Session) { count.Set(s, 1) })
		res := sendRaw(v, func(w http.ResponseWriter, r *http.Request) {
			s := session.From(r.Context())
			count.Set(s, 2)
			want(t, "the first Commit", s.Commit(r.Context()), nil)
			count.Set(s, 3)
			name.Set(s, strings.Repeat("x", 5000))
			if err := s.Commit(r.Context()); !errors.Is(err, session.ErrTooLarge) {
				t.Errorf("got %v, want ErrTooLarge", err)
			}
			w.WriteHeader(code)
		})
		v.takes(res)
		want(t, "status", res.StatusCode, map[int]int{200: 500, 507: 507}[code])
		want(t, "Set-Cookie lines", len(res.Header["Set-Cookie"]), 1)
		want(t, "count", tells(v, count), 2)
		want(t, "name", tells(v, name), "")
	}
}

// The same with an End: the browser is told of it, though the session after it
// is too large.
func TestSealed_an_End_before_a_session_too_large_removes_the_cookie(t *testing.T) {
	v := newLabSealed(t, session.Options{}).login("ann")
	res := v.does("POST", func(s *session.Session) {
		s.End()
		name.Set(s, strings.Repeat("x", 5000))
	})
	want(t, "status", res.StatusCode, http.StatusInternalServerError)
	want(t, "the browser keeps the cookie", v.cookie != nil, false)
}

// Attributes that came with SetCookie or Remember made a cookie, measured
// without them, longer than browsers keep.
func TestSealed_attributes_count_in_the_4096_bytes_wherever_they_come_from(t *testing.T) {
	wide := cookie.Attrs{MaxAge: 999999 * time.Second, Partitioned: true, SameSite: http.SameSiteNoneMode}
	remember := session.Terms{Remember: true, Lifetime: 400 * 24 * time.Hour}
	for what, story := range map[string]func(s *session.Session, value string){
		"Set": func(s *session.Session, value string) { name.Set(s, value) },
		"SetCookie": func(s *session.Session, value string) {
			name.Set(s, value)
			want(t, "SetCookie", s.SetCookie(wide), nil)
		},
		"SetCookie, Commit, Set": func(s *session.Session, value string) {
			want(t, "SetCookie", s.SetCookie(wide), nil)
			want(t, "Commit", s.Commit(t.Context()), nil)
			name.Set(s, value)
		},
		"Set, Commit, SetCookie": func(s *session.Session, value string) {
			name.Set(s, value)
			_ = s.Commit(t.Context())
			want(t, "SetCookie", s.SetCookie(wide), nil)
		},
		"Login": func(s *session.Session, value string) {
			name.Set(s, value)
			want(t, "LoginWith", s.LoginWith("ann", remember), nil)
			want(t, "SetCookie", s.SetCookie(wide), nil)
		},
		"End": func(s *session.Session, value string) {
			s.End()
			name.Set(s, value)
			want(t, "SetCookie", s.SetCookie(wide), nil)
		},
	} {
		l := newLabSealed(t, session.Options{})
		longest, refused := 0, 0
		for n := 2600; n < 2900; n++ {
			v := l.visitor()
			v.cookie = l.guest(t)
			res := v.sends("POST", func(s *session.Session) { story(s, strings.Repeat("x", n)) })
			for _, line := range res.Header["Set-Cookie"] {
				longest = max(longest, len(line))
			}
			if res.StatusCode != http.StatusOK {
				refused++
			}
		}
		if longest > 4096 || longest < 4090 || refused == 0 {
			t.Errorf("%s: the longest Set-Cookie has %d bytes, and %d were refused", what, longest, refused)
		}
	}
}

// guest returns the cookie of a session with hardly anything in it.
func (l *lab) guest(t *testing.T) *http.Cookie {
	t.Helper()
	v := l.visitor()
	v.posts(func(s *session.Session) { count.Set(s, 1) })
	return v.cookie
}

// A use is noted in a cookie of the same size, so that a session which just fits
// does not get stuck.
func TestSealed_a_session_that_just_fits_goes_on_being_used(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLabSealed(t, session.Options{})
		v := l.visitor()
		for n := 2900; v.cookie == nil; n-- {
			v.does("POST", func(s *session.Session) {
				name.Set(s, strings.Repeat("x", n))
				s.LoginWith("ann", session.Terms{Remember: true, Lifetime: 200 * 24 * time.Hour})
			})
		}
		for range 100 {
			time.Sleep(47 * time.Hour)
			res := v.does("GET", func(s *session.Session) { want(t, "owner", s.Owner(), "ann") })
			want(t, "Set-Cookie lines", len(res.Cookies()), 1)
		}
	})
}

// Another program with the key may have been larger: what is there may be read
// and made smaller.
func TestSealed_what_is_too_large_already_can_be_made_smaller(t *testing.T) {
	keys := newKeys(t)
	large := newSealedLab(t, keys, session.Options{})
	v := large.visitor()
	v.posts(func(s *session.Session) { name.Set(s, strings.Repeat("x", 2000)); count.Set(s, 1) })
	v = v.at(newSealedLab(t, keys, session.Options{MaxRecord: 600}))
	want(t, "count", tells(v, count), 1)
	want(t, "status of a change", v.does("POST", func(s *session.Session) { count.Set(s, 2) }).StatusCode, 500)
	v.posts(func(s *session.Session) { name.Delete(s); count.Set(s, 3) })
	want(t, "count", tells(v, count), 3)
}

// Goroutines of one request change, commit and read its session at once.
func TestSealed_goroutines_of_one_request_share_its_session(t *testing.T) {
	v := newLabSealed(t, session.Options{}).login("ann")
	res := v.does("POST", func(s *session.Session) {
		done := make(chan bool)
		for range 20 {
			go func() {
				count.Update(s, inc)
				want(t, "Commit", s.Commit(t.Context()), nil)
				want(t, "owner", s.Owner(), "ann")
				done <- true
			}()
		}
		for range 20 {
			<-done
		}
	})
	want(t, "Set-Cookie lines", len(res.Cookies()), 1)
	want(t, "count", tells(v, count), 20)
}

// With HEAD and OPTIONS nothing is promised that the browser could not keep.
func TestSealed_whatever_the_method_what_was_read_before_is_not_sent_again(t *testing.T) {
	for _, method := range []string{"GET", "HEAD", "OPTIONS", "POST", "PUT", "PURCHASE"} {
		v := newLabSealed(t, session.Options{}).login("ann")
		for what, use := range map[string]func(s *session.Session){
			"nothing":        func(*session.Session) {},
			"reading":        func(s *session.Session) { count.Get(s); s.Owner(); s.ID(); s.Expires() },
			"there and back": func(s *session.Session) { count.Set(s, 1); count.Delete(s) },
			"Commit": func(s *session.Session) {
				want(t, "Commit", s.Commit(httptest.NewRequest("GET", "/", nil).Context()), nil)
			},
		} {
			want(t, method+" "+what+": Set-Cookie lines", len(v.sends(method, use).Cookies()), 0)
		}
	}
}

// After a change of MaxRecord, or of the cookie's attributes, a session had no
// room for the note that it is used. It ended amid its use, and nobody was told.
func TestSealed_a_use_that_cannot_be_noted_is_an_event_and_no_failure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		keys := newKeys(t)
		v := newSealedLab(t, keys, session.Options{}).login("ann")
		v.posts(func(s *session.Session) { name.Set(s, strings.Repeat("x", 2000)) })
		l := newSealedLab(t, keys, session.Options{MaxRecord: 600})
		v = v.at(l)
		time.Sleep(10 * time.Minute)
		res := v.does("GET", func(s *session.Session) { want(t, "owner", s.Owner(), "ann") })
		want(t, "status", res.StatusCode, http.StatusOK)
		want(t, "Set-Cookie lines", len(res.Cookies()), 0)
		want(t, "events", l.count(session.Failed), 1)
	})
}
