package session_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/store"
)

const siteData = `"cache", "storage"`

var tidying = session.Options{ClearSiteData: []string{"cache", "storage"}}

func cleared(res *http.Response) string { return strings.Join(res.Header["Clear-Site-Data"], "; ") }

func end(s *session.Session) { s.End() }

func TestClearSiteData_goes_with_the_answer_to_a_logout_and_with_no_other(t *testing.T) {
	everywhere(t, func(t *testing.T, newLab labMaker) {
		l := newLab(t, tidying)
		for what, c := range map[string]struct {
			f    func(s *session.Session)
			want string
		}{
			"nothing":             {func(*session.Session) {}, ""},
			"reading":             {func(s *session.Session) { s.Owner() }, ""},
			"writing":             {func(s *session.Session) { count.Set(s, 1) }, ""},
			"Renew":               {func(s *session.Session) { s.Renew() }, ""},
			"ClearValues":         {func(s *session.Session) { s.ClearValues() }, ""},
			"End":                 {end, siteData},
			"End and Commit":      {func(s *session.Session) { s.End(); want(t, "Commit", s.Commit(t.Context()), nil) }, siteData},
			"End and a message":   {func(s *session.Session) { s.End(); name.Set(s, "Good bye.") }, siteData},
			"Login and End":       {func(s *session.Session) { s.Login("bob"); s.End() }, siteData},
			"End and Login":       {func(s *session.Session) { s.End(); s.Login("bob") }, ""},
			"End, Commit, Login":  {func(s *session.Session) { s.End(); s.Commit(t.Context()); s.Login("bob") }, ""},
			"End, Commit, anew":   {func(s *session.Session) { s.End(); s.Commit(t.Context()); s.End(); name.Set(s, "Good bye.") }, siteData},
			"End and Login again": {func(s *session.Session) { s.End(); s.Login("ann") }, ""},
		} {
			want(t, what, cleared(l.login("ann").sends("POST", c.f)), c.want)
		}
		quiet := newLab(t, session.Options{}).login("ann").sends("POST", end)
		want(t, "without the option", cleared(quiet), "")
	})
}

// Who presses logout wants to be forgotten, whether or not the session was there
// still.
func TestClearSiteData_goes_with_a_logout_that_found_the_session_ended(t *testing.T) {
	everywhere(t, func(t *testing.T, newLab labMaker) {
		v := newLab(t, tidying).login("ann")
		old := v.copy()
		want(t, "the logout", cleared(v.does("POST", end)), siteData)
		want(t, "the logout of another tab", cleared(old.does("POST", end)), siteData)
		want(t, "the logout of nobody", cleared(v.does("POST", end)), siteData)
	})
}

// A page that calls End before it shows a login form begins anew. If the session
// was over when it came that is no logout: after EndAll everybody's browser would
// forget what it has of the site, and each time that the form is shown. An End
// with nothing after it is one, be it by a link.
func TestClearSiteData_does_not_go_with_a_page_that_begins_anew_where_a_session_was_over(t *testing.T) {
	anew := func(s *session.Session) { s.End(); name.Set(s, "Please sign in.") }
	for _, method := range []string{"GET", "HEAD", "POST"} {
		l := newLab(t, tidying)
		v := l.login("ann")
		tells := func(what string, v *visitor, f func(s *session.Session), line string) {
			t.Helper()
			want(t, method+": "+what, cleared(v.copy().does(method, f)), line)
		}
		tells("anew, of nobody", l.visitor(), anew, "")
		tells("anew, of a live one", v, anew, siteData)
		tells("anew, of one that was ended", v, anew, "")
		tells("End of one that was ended", v, end, siteData)

		v = l.login("ann")
		if _, err := l.m.EndAll(t.Context(), "ann"); err != nil {
			t.Fatal(err)
		}
		tells("reading after EndAll", v, func(s *session.Session) { s.Owner() }, "")
		tells("anew, after EndAll", v, anew, "")
		tells("End after EndAll", v, end, siteData)
	}
}

func TestClearSiteData_does_not_go_with_a_logout_that_failed(t *testing.T) {
	l := newLab(t, tidying)
	v := l.login("ann")
	l.onSave = func(string, store.Record) error { return store.ErrFull }
	res := v.sends("POST", end)
	want(t, "status", res.StatusCode, http.StatusServiceUnavailable)
	want(t, "header", cleared(res), "")
	l.onSave = nil
	want(t, "owner", v.owner(), "ann")

	// A token that was replaced ends nothing.
	old := v.copy()
	v.posts(func(s *session.Session) { s.Renew() })
	res = old.sends("POST", end)
	want(t, "status", res.StatusCode, http.StatusConflict)
	want(t, "header", cleared(res), "")
	res = old.sends("GET", end)
	want(t, "status of a link", res.StatusCode, http.StatusOK)
	want(t, "its header", cleared(res), "")
	want(t, "owner", v.owner(), "ann")

	// What cannot be kept takes the End with it.
	channel := session.NewKey[chan int]("channel")
	res = v.sends("POST", func(s *session.Session) { s.End(); channel.Set(s, nil) })
	want(t, "status of what cannot be encoded", res.StatusCode, http.StatusInternalServerError)
	want(t, "its header", cleared(res), "")
}

// What came after the End failed, and the handler answers for it: the session
// has ended all the same. Under a token that was replaced it has not.
func TestClearSiteData_goes_with_the_handlers_own_answer_to_a_failure_after_the_End(t *testing.T) {
	l := newLab(t, tidying)
	answers := func(v *visitor) *http.Response {
		l.onSave = func(id string, _ store.Record) error {
			if id != v.id() {
				return store.ErrFull
			}
			return nil
		}
		defer func() { l.onSave = nil }()
		return sendRaw(v, func(w http.ResponseWriter, r *http.Request) {
			s := session.From(r.Context())
			s.End()
			s.Login("bob")
			if err := s.Commit(r.Context()); !errors.Is(err, session.ErrUnavailable) {
				t.Errorf("Commit: got %v, want ErrUnavailable", err)
			}
			http.Error(w, "You are signed out, and not in again.", http.StatusInternalServerError)
		})
	}
	v := l.login("ann")
	want(t, "header", cleared(answers(v)), siteData)
	want(t, "owner", v.owner(), "")

	v = l.login("ann")
	old := v.copy()
	v.posts(func(s *session.Session) { s.Renew() })
	want(t, "header under a replaced token", cleared(answers(old)), "")
	want(t, "owner", v.owner(), "ann")
}

// The session of the inner manager is ended, and stays so, when the commit of
// the outer one fails: what its handler said of the answer is void, but the
// browser is still to forget.
func TestClearSiteData_outlives_the_failure_of_another_manager(t *testing.T) {
	inner := newLab(t, tidying)
	outer := newLab(t, session.Options{Name: "__Host-other"})
	v := inner.login("ann")
	outer.onSave = func(string, store.Record) error { return store.ErrFull }
	h := inner.m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inner.m.From(r.Context()).End()
		count.Set(outer.m.From(r.Context()), 1)
		w.Header().Set("Location", "/gone")
		w.WriteHeader(http.StatusSeeOther)
	}))
	res := serve(outer.m.Handler(h), v.request("POST"))
	want(t, "status", res.StatusCode, http.StatusServiceUnavailable)
	want(t, "Location", res.Header.Get("Location"), "")
	want(t, "header", cleared(res), siteData)
	want(t, "owner", v.owner(), "")
}

func TestClearSiteData_joins_what_the_handler_says(t *testing.T) {
	v := newLab(t, tidying).login("ann")
	res := sendRaw(v, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Clear-Site-Data", `"executionContexts"`)
		session.From(r.Context()).End()
	})
	want(t, "header", cleared(res), `"executionContexts"; `+siteData)
}

func TestClearSiteData_goes_with_Manager_Commit(t *testing.T) {
	everywhere(t, func(t *testing.T, newLab labMaker) {
		l := newLab(t, tidying)
		v := l.login("ann")
		for what, c := range map[string]struct {
			f    func(s *session.Session)
			want string
		}{"reading": {func(s *session.Session) { s.Owner() }, ""}, "End": {end, siteData}} {
			s, h := l.m.Load(v.request("POST")), http.Header{}
			c.f(s)
			want(t, what, l.m.Commit(context.Background(), h, s), nil)
			want(t, what, h.Get("Clear-Site-Data"), c.want)
		}
	})
}

func TestClearSiteData_takes_names_that_browsers_know(t *testing.T) {
	for what, newManager := range managers {
		for _, names := range [][]string{{"cookie"}, {"Cache"}, {`"cache"`}, {""}, {"cache, storage"}, {"cache", "cache"}, {"cache\r\nX: y"}} {
			if _, err := newManager(session.Options{ClearSiteData: names}); err == nil || !strings.Contains(err.Error(), "ClearSiteData has") {
				t.Errorf("%s: %q: got %v", what, names, err)
			}
		}
		for _, names := range [][]string{{}, {"*"}, {"cache", "cookies", "storage", "executionContexts"}} {
			if _, err := newManager(session.Options{ClearSiteData: names}); err != nil {
				t.Errorf("%s: %q: %v", what, names, err)
			}
		}
	}
}

// What ends with an answer of ErrorHandler, or of a recoverer, was ended all the
// same.
func TestClearSiteData_goes_with_the_answer_to_a_failure_after_the_End(t *testing.T) {
	l := newLab(t, tidying)
	ended := func(v *visitor, res *http.Response, status int) {
		t.Helper()
		l.onSave = nil
		want(t, "status", res.StatusCode, status)
		want(t, "cookies, the removal", len(res.Cookies()), 1)
		want(t, "header", cleared(res), siteData)
		want(t, "owner", v.owner(), "")
	}
	v := l.login("ann")
	ended(v, v.sends("POST", func(s *session.Session) {
		s.End()
		want(t, "Commit", s.Commit(t.Context()), nil)
		l.onSave = func(string, store.Record) error { return store.ErrFull }
		count.Set(s, 1)
	}), http.StatusServiceUnavailable)

	v = l.login("ann")
	l.onSave = func(id string, _ store.Record) error {
		if id != v.id() {
			return store.ErrFull
		}
		return nil
	}
	ended(v, v.sends("POST", func(s *session.Session) { s.End(); count.Set(s, 1) }), http.StatusServiceUnavailable)

	v = l.login("ann")
	h := l.m.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		s.End()
		want(t, "Commit", s.Commit(r.Context()), nil)
		panic("the handler's own")
	}))
	ended(v, serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if recover() != nil {
				w.WriteHeader(http.StatusInternalServerError)
			}
		}()
		h.ServeHTTP(w, r)
	}), v.request("POST")), http.StatusInternalServerError)
}

func TestClearSiteData_does_not_go_with_a_logout_that_was_rolled_back(t *testing.T) {
	for _, owner := range []string{"", "ann"} {
		for _, kept := range []bool{false, true} {
			l := newTxLab(t, tidying)
			v := l.visitor()
			v.posts(func(s *session.Session) {
				count.Set(s, 1)
				if owner != "" {
					s.Login(owner)
				}
			})
			res := l.within(v, kept, end)
			want(t, "header, owner "+owner, cleared(res), map[bool]string{true: siteData}[kept])
			want(t, "value", tells(v, count), map[bool]int{false: 1}[kept])
		}
	}
}
