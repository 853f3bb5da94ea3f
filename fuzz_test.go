package session_test

import (
	"bytes"
	"encoding/json"
	"math"
	"net/http"
	"net/http/httptest"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/seal"
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

// Whatever strangers send as a sealed cookie, with a genuine one at hand to cut,
// change and repeat (the @ in the line): no panic, no 500, nobody's session but
// by the genuine text itself, no cookie for what only reads, and a cost that
// does not grow with what was sent.
func FuzzSealedCookie(f *testing.F) {
	const name = peerCookie + "="
	for _, line := range []string{
		"", name, name + "@", name + "@; " + name + "@", name + "x@", name + `"@"`, name + "@@", "other=@; " + name + "A" + "@",
		strings.Repeat(name+"@; ", 5), name + peerNoToken + "; " + name + "@", strings.ToUpper(name) + "@", name + strings.Repeat("A", 9000),
		"\u2000" + name + "@", name + "@=; " + name + "@\n", name + "@\x00; a=b; " + name + "AQ",
	} {
		f.Add(line, uint16(0), uint16(0), byte(0))
		f.Add(line, uint16(1), uint16(0), byte(0))
		f.Add(line, uint16(0), uint16(3), byte(1))
		f.Add(line, uint16(100), uint16(14), byte(4))
	}
	f.Fuzz(func(t *testing.T, line string, cut, at uint16, flip byte) {
		l := newLabSealed(t, session.Options{})
		v := l.login("ann")
		genuine := v.cookie.Value
		text := []byte(genuine[:len(genuine)-int(cut)%len(genuine)])
		text[int(at)%len(text)] ^= flip
		line = strings.ReplaceAll(line, "@", string(text))
		opens := strings.Contains(line, genuine)
		for _, method := range []string{"GET", "POST"} {
			r := httptest.NewRequest(method, "https://example.com/", nil)
			r.Header["Cookie"] = []string{line}
			l.loads.Store(0)
			owner, before := "", allocated()
			res := serve(l.m.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				s := session.From(r.Context())
				if owner = s.Owner(); !opens && (owner != "" || s.ID() != "") {
					t.Errorf("%q opened the session %s of %q", line, s.ID(), owner)
				}
				if method == "POST" {
					count.Set(s, 1)
				}
			})), r)
			if cost := allocated() - before; cost > 256<<10 {
				t.Errorf("%d bytes of cookies cost %d bytes", len(line), cost)
			}
			want(t, "status", res.StatusCode, 200)
			want(t, "Set-Cookie lines", len(res.Cookies()), map[string]int{"POST": 1}[method])
			want(t, "epochs asked for nobody", l.loads.Load() > 0 && owner == "" && !opens, false)
			fresh := l.visitor()
			fresh.takes(res)
			want(t, "owner afterwards", fresh.owner(), map[string]string{"POST": owner}[method])
		}
	})
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// What another program with the key may have sealed: no panic and no 500, a
// session or none, and 503 for a newer format alone. What opens can be changed,
// and keeps its owner and its other values.
func FuzzSealedPlaintext(f *testing.F) {
	keys, err := seal.NewKeys(seal.NewKey())
	if err != nil {
		f.Fatal(err)
	}
	o := session.Options{Idle: session.Never, Lifetime: session.Never}
	sealer, err := keys.Sealer("session", peerCookie, math.MaxInt64)
	if err != nil {
		f.Fatal(err)
	}
	for _, plain := range genuinePlaintexts(f, keys, sealer, o) {
		f.Add(plain)
		f.Add(plain[:len(plain)-1])
		f.Add(append([]byte{0, 2, 'b', 'o'}, plain...))
	}
	f.Add([]byte("\x00\x00"))
	f.Add([]byte("{}"))
	f.Fuzz(func(t *testing.T, plain []byte) {
		if seal.Size(len(plain)) > seal.MaxText {
			return
		}
		l := newSealedLab(t, keys, o)
		v := l.visitor()
		v.cookie = &http.Cookie{Name: peerCookie, Value: string(sealer.Seal(nil, plain, time.Now()))}
		data := plain
		if len(plain) > 1 && plain[0] == 0 && len(plain) >= 2+int(plain[1]) {
			data = plain[2+int(plain[1]):]
		}
		newer := len(data) > 0 && data[0] >= 0xf9
		var seen sealedSight
		res := v.sends("GET", func(s *session.Session) { seen = sightOf(s) })
		if res.StatusCode != 200 && !(newer && res.StatusCode == 503) {
			t.Fatalf("status %d", res.StatusCode)
		}
		changed := v.does("POST", func(s *session.Session) { once.Set(s, "new") })
		if changed.StatusCode == 500 && len(plain) > 2000 { // it did fit, and does no more
			return
		}
		want(t, "status of a change", changed.StatusCode, res.StatusCode)
		if res.StatusCode == 200 && !seen.expires {
			var after sealedSight
			v.gets(func(s *session.Session) { after = sightOf(s); want(t, "the change", once.Get(s), "new") })
			want(t, "owner after a change", after.owner, seen.owner)
			want(t, "values after a change", after.values, seen.values)
		}
	})
}

type sealedSight struct {
	owner, values string
	expires       bool // perhaps at once
}

func sightOf(s *session.Session) (seen sealedSight) {
	seen.owner, seen.expires = s.Owner(), !s.Expires().IsZero()
	for name, value := range s.All() {
		if name != "once" {
			seen.values += name + "=" + string(value) + ";"
		}
	}
	return seen
}

// genuinePlaintexts are what sessions are before they are sealed.
func genuinePlaintexts(f *testing.F, keys seal.Keys, sealer *seal.Sealer, o session.Options) (all [][]byte) {
	m, err := session.NewSealed(keys, o)
	if err != nil {
		f.Fatal(err)
	}
	for _, use := range []func(s *session.Session){
		func(s *session.Session) { count.Set(s, 7) },
		func(s *session.Session) { s.Login("ann"); count.Set(s, 7); name.Set(s, "Zoë") },
		func(s *session.Session) { s.LoginWith("ann", session.Terms{Remember: true, Level: 2}) },
	} {
		res := serve(m.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			use(session.From(r.Context()))
		})), httptest.NewRequest("GET", "https://example.com/", nil))
		plain, err := sealer.Open(nil, res.Cookies()[0].Value, time.Now())
		if err != nil {
			f.Fatal(err)
		}
		all = append(all, plain)
	}
	return all
}
