package session_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/seal"
	"github.com/sojourn-go/session/store/memstore"
)

func newKeys(t *testing.T, keys ...seal.Key) seal.Keys {
	t.Helper()
	if len(keys) == 0 {
		keys = append(keys, seal.NewKey())
	}
	k, err := seal.NewKeys(keys[0], keys[1:]...)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// newSealedLab is newLab with sessions sealed in their cookies.
func newSealedLab(t *testing.T, keys seal.Keys, o session.Options) *lab {
	l := &lab{t: t, o: o}
	o.Observe = l.observe
	m, err := session.NewSealed(keys, o)
	if err != nil {
		t.Fatal(err)
	}
	l.m = m
	l.like = func(o session.Options) *lab { return newSealedLab(t, keys, o) }
	return l
}

func TestSealed_a_session_lives_in_its_cookie_alone(t *testing.T) {
	keys := newKeys(t)
	l := newSealedLab(t, keys, session.Options{})
	v := l.visitor()
	v.posts(func(s *session.Session) { s.Login("ann"); count.Set(s, 7) })
	other := newSealedLab(t, keys, session.Options{}) // another process, or this one after a restart
	v = v.at(other)
	want(t, "owner", v.owner(), "ann")
	want(t, "count", tells(v, count), 7)
	if text := v.cookie.Value; strings.Contains(text, "ann") {
		t.Errorf("the cookie tells the owner: %s", text)
	}
}

func TestSealed_the_id_stays_while_the_session_does(t *testing.T) {
	l := newSealedLab(t, newKeys(t), session.Options{})
	v := l.visitor()
	var ids []string
	note := func(s *session.Session) { ids = append(ids, s.ID()) }
	v.posts(func(s *session.Session) { count.Set(s, 1) })
	v.gets(note)
	v.posts(func(s *session.Session) { s.Login("ann") })
	v.gets(note)
	v.posts(func(s *session.Session) { s.Renew() })
	v.gets(note)
	v.posts(func(s *session.Session) { s.End(); count.Set(s, 2) })
	v.gets(note)
	if len(ids[0]) != 24 || ids[0] != ids[1] || ids[1] != ids[2] || ids[2] == ids[3] || len(ids[3]) != 24 {
		t.Errorf("got the ids %q", ids)
	}
}

// Rails, gorilla and Ring: a cookie over 4096 bytes is dropped by the browser
// in silence, and the visitor signed out.
func TestSealed_a_cookie_over_4096_bytes_is_refused_by_how_much_and_the_one_before_it_stands(t *testing.T) {
	var failure error
	o := session.Options{ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
		failure = err
		w.WriteHeader(session.StatusCode(err))
	}}
	l := newSealedLab(t, newKeys(t), o)
	v := l.visitor()
	v.posts(func(s *session.Session) { s.Login("ann") })
	for n, fits := 2000, true; n < 3500; n += 7 {
		res := v.does("POST", func(s *session.Session) { name.Set(s, strings.Repeat("x", n)) })
		line := res.Header.Get("Set-Cookie")
		if res.StatusCode == http.StatusOK {
			if !fits || len(line) > 4096 {
				t.Fatalf("%d bytes of value: a Set-Cookie of %d bytes", n, len(line))
			}
			continue
		}
		if fits && n < 2700 {
			t.Errorf("%d bytes are too many already", n)
		}
		if fits {
			text := failure.Error()
			if !errors.Is(failure, session.ErrTooLarge) || !strings.Contains(text, `"name"`) || !strings.Contains(text, " more than ") {
				t.Errorf("got %q", text)
			}
		}
		fits = false
		want(t, "Set-Cookie", line, "")
	}
	want(t, "owner", v.owner(), "ann")
}

func TestSealed_every_character_changed_and_every_length_cut_is_no_session(t *testing.T) {
	l := newSealedLab(t, newKeys(t), session.Options{})
	v := l.visitor()
	v.posts(func(s *session.Session) { s.Login("ann"); count.Set(s, 7) })
	text := v.cookie.Value
	ownerOf := func(value string) (owner string) {
		v := l.visitor()
		v.cookie = &http.Cookie{Name: peerCookie, Value: value}
		res := v.does("GET", func(s *session.Session) { owner = s.Owner() })
		if res.StatusCode != http.StatusOK || len(res.Cookies()) > 0 {
			t.Fatalf("got status %d and %d cookies", res.StatusCode, len(res.Cookies()))
		}
		return owner
	}
	want(t, "as it is", ownerOf(text), "ann")
	for i := range text {
		other := byte('A')
		if text[i] == 'A' {
			other = 'B'
		}
		if got := ownerOf(text[:i] + string(other) + text[i+1:]); got != "" {
			t.Fatalf("with character %d changed: %q", i, got)
		}
		if got := ownerOf(text[:i]); got != "" {
			t.Fatalf("cut to %d characters: %q", i, got)
		}
	}
	if l.count(session.Refused) == 0 {
		t.Error("nobody is told of cookies that do not open")
	}
}

func TestSealed_keys_rotate_in_the_middle_of_traffic_and_nobody_is_signed_out(t *testing.T) {
	first, second := seal.NewKey(), seal.NewKey()
	old := newSealedLab(t, newKeys(t, first), session.Options{})
	both := newSealedLab(t, newKeys(t, first, second), session.Options{})
	turned := newSealedLab(t, newKeys(t, second, first), session.Options{})
	alone := newSealedLab(t, newKeys(t, second), session.Options{})
	v := old.visitor()
	v.posts(func(s *session.Session) { s.Login("ann") })
	stale := v.copy()
	for i, l := range []*lab{old, both, turned, both, turned, alone} {
		v = v.at(l)
		want(t, fmt.Sprint("owner at step ", i), v.owner(), "ann")
		v.posts(func(s *session.Session) { count.Update(s, inc) })
	}
	want(t, "count", tells(v, count), 6)
	want(t, "who comes with what a retired key sealed", stale.at(alone).owner(), "")
}

func TestSealed_cookies_of_another_name_purpose_or_key_open_nothing(t *testing.T) {
	keys := newKeys(t)
	l := newSealedLab(t, keys, session.Options{})
	v := l.visitor()
	v.posts(func(s *session.Session) { s.Login("ann") })
	renamed := newSealedLab(t, keys, session.Options{Name: "__Host-Http-admin"})
	w := renamed.visitor()
	w.cookie = &http.Cookie{Name: "__Host-Http-admin", Value: v.cookie.Value}
	want(t, "under another name", w.owner(), "")
	sealer, err := keys.Sealer("cookie:session", peerCookie, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	foreign := l.visitor()
	foreign.cookie = &http.Cookie{Name: peerCookie, Value: string(sealer.Seal(nil, []byte("\x00\x03ann"), time.Now()))}
	want(t, "of another purpose", foreign.owner(), "")
	want(t, "of another key", v.at(newSealedLab(t, newKeys(t), session.Options{})).owner(), "")
}

// What our own key sealed is read with care all the same: another program may
// have the key.
func TestSealed_what_opens_and_is_no_session_is_an_event_and_no_session(t *testing.T) {
	keys := newKeys(t)
	sealer, err := keys.Sealer("session", peerCookie, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for _, plain := range []string{"", "\x00", "\x00\x00", "\x00\x03ann", "\x00\xffann", "{}", "\xf9", "\xf9\x01" + strings.Repeat("\xf9", 300), strings.Repeat("\x00", 300)} {
		l := newSealedLab(t, keys, session.Options{})
		v := l.visitor()
		v.cookie = &http.Cookie{Name: peerCookie, Value: string(sealer.Seal(nil, []byte(plain), time.Now()))}
		want(t, fmt.Sprintf("owner of %q", plain), v.owner(), "")
		v.posts(func(s *session.Session) { count.Set(s, 1) })
		want(t, fmt.Sprintf("count after %q", plain), tells(v, count), 1)
		if len(plain) > 0 && l.count(session.Unreadable) == 0 {
			t.Errorf("%q: no event", plain)
		}
	}
	l := newSealedLab(t, keys, session.Options{})
	v := l.visitor()
	v.cookie = &http.Cookie{Name: peerCookie, Value: string(sealer.Seal(nil, []byte("\xfa a record of a newer format"), time.Now()))}
	res := v.does("GET", func(s *session.Session) { count.Get(s) })
	want(t, "status upon a newer format", res.StatusCode, http.StatusServiceUnavailable)
	want(t, "cookies", len(res.Cookies()), 0)
}

func TestSealed_a_use_is_noted_when_a_page_is_opened_and_by_nothing_else(t *testing.T) {
	for _, c := range []struct {
		method, site, mode, dest string
		sends                    bool
	}{
		{"GET", "none", "navigate", "document", true},
		{"GET", "cross-site", "navigate", "document", true},
		{"POST", "same-origin", "navigate", "document", true},
		{"GET", "", "navigate", "", true},
		{"GET", "", "", "", true},
		{"HEAD", "", "", "", false},
		{"POST", "", "", "", false},
		{"GET", "same-origin", "", "", false},
		{"GET", "same-origin", "no-cors", "image", false},
		{"GET", "same-origin", "cors", "empty", false},
		{"GET", "same-origin", "navigate", "iframe", false},
		{"GET", "same-origin", "websocket", "websocket", false},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := newSealedLab(t, newKeys(t), session.Options{})
			v := l.visitor()
			v.posts(func(s *session.Session) { s.Login("ann") })
			time.Sleep(4 * time.Minute)
			r := httptest.NewRequest(c.method, "https://example.com/", nil)
			r.AddCookie(v.cookie)
			for field, value := range map[string]string{"Site": c.site, "Mode": c.mode, "Dest": c.dest} {
				if value != "" {
					r.Header.Set("Sec-Fetch-"+field, value)
				}
			}
			w := httptest.NewRecorder()
			l.m.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				session.From(r.Context()).Owner()
			})).ServeHTTP(w, r)
			want(t, fmt.Sprint(c), len(w.Result().Cookies()) == 1, c.sends)
		})
	}
}

func TestSealed_idle_and_lifetime_end_a_session_to_the_millisecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newSealedLab(t, newKeys(t), session.Options{Idle: time.Hour, Lifetime: 3 * time.Hour})
		v := l.visitor()
		v.posts(func(s *session.Session) { s.Login("ann") })
		time.Sleep(time.Hour - time.Millisecond)
		want(t, "within Idle", v.copy().owner(), "ann")
		time.Sleep(time.Millisecond)
		want(t, "after Idle", v.owner(), "")
		want(t, "expired events", l.count(session.Expired), 1)

		v = l.visitor()
		v.posts(func(s *session.Session) { s.Login("ann") })
		copied := v.copy()
		for range 5 {
			time.Sleep(30 * time.Minute)
			v.gets(func(s *session.Session) { want(t, "in use", s.Owner(), "ann") })
		}
		want(t, "a copy of before", copied.owner(), "")
		time.Sleep(30*time.Minute - time.Millisecond)
		want(t, "within Lifetime", v.copy().owner(), "ann")
		time.Sleep(time.Millisecond)
		want(t, "after Lifetime, and in use", v.owner(), "")
	})
}

func TestSealed_Epoch_ends_the_sessions_of_an_owner_everywhere(t *testing.T) {
	epoch, failing := uint64(3), error(nil)
	var asked int
	l := newSealedLab(t, newKeys(t), session.Options{Epoch: func(_ context.Context, owner string) (uint64, error) {
		asked++
		return epoch, failing
	}})
	v := l.visitor()
	v.posts(func(s *session.Session) { count.Set(s, 1) })
	want(t, "asked for nobody's session", asked, 0)
	v.posts(func(s *session.Session) { s.Login("ann") })
	copied := v.copy()
	asked = 0
	want(t, "owner", v.owner(), "ann")
	want(t, "asked for one request", asked, 1)

	failing = errors.New("no route to host")
	res := v.does("GET", func(s *session.Session) { s.Owner() })
	want(t, "status while nobody knows the epoch", res.StatusCode, http.StatusServiceUnavailable)
	ran := false
	res = v.does("POST", func(*session.Session) { ran = true })
	want(t, "status of a POST", res.StatusCode, http.StatusServiceUnavailable)
	want(t, "its handler ran", ran, false)
	failing = nil

	epoch++
	want(t, "a copy in another epoch", copied.owner(), "")
	if l.count(session.Ended) == 0 {
		t.Error("no Ended event")
	}
	res = copied.does("POST", func(s *session.Session) { count.Set(s, 9) })
	want(t, "status of a write", res.StatusCode, http.StatusConflict)
	res = copied.does("POST", func(s *session.Session) { s.Login("ann") })
	want(t, "status of a login", res.StatusCode, http.StatusOK)
	want(t, "owner after it", copied.owner(), "ann")
}

func TestSealed_a_login_that_checked_the_old_password_does_not_survive_its_change(t *testing.T) {
	epoch := uint64(3)
	l := newSealedLab(t, newKeys(t), session.Options{Epoch: func(context.Context, string) (uint64, error) { return epoch, nil }})
	v := l.visitor()
	at, err := l.m.Epoch(t.Context(), "ann")
	if err != nil {
		t.Fatal(err)
	}
	epoch++
	res := v.does("POST", func(s *session.Session) {
		if err := s.LoginWith("ann", session.Terms{AtEpoch: at}); err != nil {
			t.Error(err)
		}
	})
	want(t, "status", res.StatusCode, http.StatusConflict)
	want(t, "cookies", len(res.Cookies()), 0)
}

func TestSealed_what_only_a_store_can_do_says_so(t *testing.T) {
	l := newSealedLab(t, newKeys(t), session.Options{})
	unsupported := func(what string, err error) {
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: got %v", what, err)
		}
	}
	ctx := t.Context()
	for _, err := range l.m.List(ctx, "ann") {
		unsupported("List", err)
	}
	for _, err := range l.m.All(ctx) {
		unsupported("All", err)
	}
	unsupported("End", l.m.End(ctx, "ann", "id"))
	unsupported("EndID", l.m.EndID(ctx, "id"))
	_, err := l.m.EndAll(ctx, "ann")
	unsupported("EndAll", err)
	_, err = l.m.EndBefore(ctx, time.Now())
	unsupported("EndBefore", err)
	_, err = l.m.Epoch(ctx, "ann")
	unsupported("Epoch", err)
	l.visitor().posts(func(s *session.Session) {
		if err := s.LoginWith("ann", session.Terms{AtEpoch: 1}); err == nil {
			t.Error("an epoch that nobody compares was accepted")
		}
		if err := s.LoginWith("ann", session.Terms{Lifetime: session.Never, Idle: session.Never}); err == nil {
			t.Error("a lifetime beyond what opens was accepted")
		}
	})
}

func TestSealed_options_that_would_only_seem_to_hold_are_faults_all_at_once(t *testing.T) {
	_, err := session.NewSealed(seal.Keys{}, session.Options{Limit: 3, Strict: true, Idle: 48 * time.Hour})
	for _, part := range []string{"no key", "Limit", "Strict", "Idle"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not in %v", part, err)
		}
	}
	_, err = session.New(memstore.New(memstore.Options{}), session.Options{Epoch: func(context.Context, string) (uint64, error) { return 0, nil }})
	if err == nil || !strings.Contains(err.Error(), "Options.Epoch") {
		t.Errorf("New with Options.Epoch: got %v", err)
	}
}

func TestSealed_a_change_after_the_response_has_begun_is_late(t *testing.T) {
	l := newSealedLab(t, newKeys(t), session.Options{})
	v := l.visitor()
	v.posts(func(s *session.Session) { count.Set(s, 1) })
	r := httptest.NewRequest("POST", "https://example.com/", nil)
	r.AddCookie(v.cookie)
	w := httptest.NewRecorder()
	l.m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		w.WriteHeader(http.StatusOK)
		count.Set(s, 2)
		s.End()
		want(t, "count", count.Get(s), 1)
	})).ServeHTTP(w, r)
	want(t, "late events", l.count(session.Late), 3) // the first: consulted late
	want(t, "cookies", len(w.Result().Cookies()), 0)
}
