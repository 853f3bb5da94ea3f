package session_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/memstore"
)

// Whatever a stranger sends as cookies: no panic, no 500, no session that is
// not ours to give, no store call for what is no token, and at most three loads.
func FuzzCookieHeader(f *testing.F) {
	const name = "__Host-Http-session="
	token := strings.Repeat("Ab0-_", 12) + "Zz9_"
	for _, line := range []string{
		"", name, name + token, name + token[1:], name + token + "=", name + `"` + token + `"`, " " + name + token + " ;;",
		name + token + "; " + name + "x" + token[1:], name + token + strings.Repeat("; "+name+token, 5),
		strings.ToUpper(name) + token, "\u2000" + name + token, name + strings.Repeat("A", 64) + "\x00", "a=b; " + name + token + "; c",
	} {
		f.Add(line)
	}
	wellFormed := regexp.MustCompile(`^[A-Za-z0-9_-]{64}$`)
	f.Fuzz(func(t *testing.T, line string) {
		l := newLab(t, session.Options{})
		v := l.login("ann")
		secret := v.cookie.Value[24:]
		possible := 0
		for pair := range strings.SplitSeq(line, ";") {
			if value, ok := strings.CutPrefix(strings.Trim(pair, " \t"), name); ok && wellFormed.MatchString(value) {
				possible++
			}
		}
		for _, method := range []string{"GET", "POST"} {
			l.loads.Store(0)
			r := httptest.NewRequest(method, "https://example.com/", nil)
			r.Header["Cookie"] = []string{line}
			w := httptest.NewRecorder()
			l.m.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				s := session.From(r.Context())
				if s.Owner() != "" && !strings.Contains(line, secret) {
					t.Errorf("%q opened a session", line)
				}
				if id := s.ID(); id != "" {
					t.Errorf("%q was given the session %s", line, id)
				}
				count.Set(s, 1)
			})).ServeHTTP(w, r)
			if w.Code != 200 {
				t.Errorf("%q: status %d", line, w.Code)
			}
			if c := w.Result().Cookies(); len(c) != 1 || strings.Contains(line, c[0].Value[:24]) {
				t.Errorf("%q: the new session's cookie is %v", line, c)
			}
			if n := int(l.loads.Load()); n > min(possible, 3) || possible > 3 && n > 0 {
				t.Errorf("%q, with %d tokens: %d loads", line, possible, n)
			}
		}
	})
}

// The fast ways of the JSON codec write what encoding/json writes, and read
// what it reads.
func FuzzPlainJSON(f *testing.F) {
	f.Add("plain", int64(-1), uint64(1<<63), []byte{0, 255}, int64(1e9))
	f.Add("<&>\u2028\"\\\x7f\t", int64(1<<62), uint64(0), []byte(nil), int64(-62135596800))
	f.Add("Zoë \xff", int64(-1<<63), uint64(18), []byte{}, int64(253402300799))
	m, err := session.New(memstore.New(memstore.Options{}), session.Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string, n int64, u uint64, b []byte, sec int64) {
		s := m.Load(httptest.NewRequest("GET", "https://example.com/", nil))
		asJSON(t, s, text)
		asJSON(t, s, n)
		asJSON(t, s, int(n))
		asJSON(t, s, int32(n))
		asJSON(t, s, int8(n))
		asJSON(t, s, u)
		asJSON(t, s, uint16(u))
		asJSON(t, s, n > 0)
		asJSON(t, s, b)
		asJSON(t, s, time.Unix(sec, n&0x1fffffff).UTC())
	})
}

func asJSON[T any](t *testing.T, s *session.Session, v T) {
	t.Helper()
	var want bytes.Buffer
	e := json.NewEncoder(&want)
	e.SetEscapeHTML(false)
	wantErr := e.Encode(v)
	key := session.NewKey[T]("v")
	s.ClearValues()
	key.Set(s, v)
	for _, got := range s.All() {
		if wantErr != nil || string(got)+"\n" != want.String() {
			t.Errorf("%T %v: got %s, want %s (%v)", v, v, got, want.Bytes(), wantErr)
		}
		var back T
		if err := json.Unmarshal(got, &back); err != nil {
			t.Fatal(err)
		}
		again, err := json.Marshal(key.Get(s))
		if expect, _ := json.Marshal(back); err != nil || !bytes.Equal(again, expect) {
			t.Errorf("%T %v: read as %s, want %s", v, v, again, expect)
		}
	}
}

// A record that somebody else wrote under a session's id: no panic, no 500 for
// ever, nobody signed in by it unless it is a record with the right secret.
func FuzzForeignRecord(f *testing.F) {
	f.Add([]byte{}, "")
	f.Add([]byte("{}"), "ann")
	f.Add([]byte{0xf9, 1, 0, 2, 0, 0, 0, 0}, "ann")
	f.Fuzz(func(t *testing.T, data []byte, owner string) {
		l := newLab(t, session.Options{})
		v := l.visitor()
		v.posts(func(s *session.Session) { count.Set(s, 1) })
		old, err := l.Store.Load(t.Context(), v.id())
		if err != nil {
			t.Fatal(err)
		}
		rec := store.Record{Data: data, Owner: owner, Expires: old.Expires, Version: old.Version}
		if _, err := l.Store.Save(t.Context(), v.id(), rec); err != nil {
			return // the store refuses the owner: no such record can be there
		}
		res := v.sends("GET", func(s *session.Session) {
			if s.Owner() != "" {
				t.Errorf("record %x signed in %q", data, s.Owner())
			}
			name.Set(s, "new")
		})
		newer := len(data) > 0 && data[0] >= 0xf9 // a newer format or kind is left alone, and answered 503
		if res.StatusCode != 200 && !(newer && res.StatusCode == 503) {
			t.Errorf("record %x: status %d", data, res.StatusCode)
		}
	})
}
