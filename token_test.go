package session_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/store"
)

func TestTokens_are_64_characters_of_fresh_randomness(t *testing.T) {
	l := newLab(t, session.Options{})
	form := regexp.MustCompile(`^[A-Za-z0-9_-]{64}$`)
	v := l.login("ann")
	seen := map[string]bool{}
	bits := make([]int, 48*8)
	const n = 400
	for range n {
		v.posts(func(s *session.Session) { s.Renew() })
		other := l.visitor()
		other.posts(func(s *session.Session) { count.Set(s, 1) })
		for _, token := range []string{v.cookie.Value, other.cookie.Value} {
			if !form.MatchString(token) {
				t.Fatalf("got token of form %q", token)
			}
			if seen[token[24:]] {
				t.Fatal("a secret came twice")
			}
			seen[token[24:]] = true
		}
		raw, err := base64.RawURLEncoding.DecodeString(other.cookie.Value)
		if err != nil {
			t.Fatal(err)
		}
		for i := range bits {
			bits[i] += int(raw[i/8] >> (i % 8) & 1)
		}
	}
	for i, ones := range bits { // six standard deviations of a fair coin
		if ones < n/2-60 || ones > n/2+60 {
			t.Errorf("bit %d of the token: %d ones in %d", i, ones, n)
		}
	}
}

func TestA_dump_of_the_store_opens_nothing(t *testing.T) {
	l := newLab(t, session.Options{})
	v := l.login("ann")
	old := v.cookie.Value
	v.posts(func(s *session.Session) { s.Renew(); name.Set(s, "value") })
	secrets := []string{old[24:], v.cookie.Value[24:]}
	for e, err := range store.All(t.Context(), l.labStore) {
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range secrets {
			raw, _ := base64.RawURLEncoding.DecodeString(secret)
			for _, form := range []string{secret, string(raw), hex.EncodeToString(raw)} {
				if bytes.Contains(e.Record.Data, []byte(form)) || strings.Contains(e.ID, form) {
					t.Errorf("record %s holds a secret", e.ID)
				}
			}
		}
	}
	// What is in the record, presented as a secret, is a wrong one.
	rec, err := l.Store.Load(t.Context(), v.id())
	if err != nil {
		t.Fatal(err)
	}
	for i := range len(rec.Data) - 30 {
		forged := v.copy()
		c := *v.cookie
		c.Value = v.id() + base64.RawURLEncoding.EncodeToString(rec.Data[i:i+30])
		forged.cookie = &c
		if forged.owner() != "" {
			t.Fatal("bytes of the record opened the session")
		}
	}
}

func TestHouse_the_public_API_has_no_way_to_the_token(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, src, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range f.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && fn.Name.IsExported() && strings.Contains(strings.ToLower(fn.Name.Name), "token") {
				t.Errorf("%s: exported function %s", name, fn.Name.Name)
			}
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if field, ok := n.(*ast.Field); ok {
				for _, id := range field.Names {
					if id.IsExported() && strings.Contains(strings.ToLower(id.Name), "token") {
						t.Errorf("%s: exported field %s", name, id.Name)
					}
				}
			}
			return true
		})
		// The cookie is the only way in: nothing reads a URL or another header.
		for _, way := range []string{".URL", "FormValue", "PostForm", "Authorization"} {
			if bytes.Contains(src, []byte(way)) {
				t.Errorf("%s mentions %s", name, way)
			}
		}
	}
}

func TestOne_token_that_comes_twice_is_one_token(t *testing.T) {
	everywhere(t, func(t *testing.T, newLab labMaker) {
		l := newLab(t, session.Options{})
		v := l.login("ann")
		r := httptest.NewRequest("GET", "https://example.com/", nil)
		r.AddCookie(v.cookie)
		r.AddCookie(v.cookie)
		want(t, "owner", l.m.Load(r).Owner(), "ann")
	})
}

func TestOnly_a_login_gives_an_owner(t *testing.T) {
	everywhere(t, func(t *testing.T, newLab labMaker) {
		l := newLab(t, session.Options{})
		v := l.visitor()
		for _, f := range []func(s *session.Session){
			func(s *session.Session) { count.Set(s, 1) },
			func(s *session.Session) { session.NewKey[string]("owner").Set(s, "ann") },
			func(s *session.Session) { s.Renew() },
			func(s *session.Session) { _ = s.StepUp(3) },
			func(s *session.Session) { s.ClearValues() },
			func(s *session.Session) { _ = s.Login("") },
		} {
			v.posts(f)
			want(t, "owner", v.owner(), "")
		}
		l.login("ann")
		want(t, "owner of another visitor", v.owner(), "")
	})
}

func TestA_visitor_whose_cookie_was_lost_begins_anew(t *testing.T) {
	everywhere(t, func(t *testing.T, newLab labMaker) {
		l := newLab(t, session.Options{})
		v := l.login("ann")
		lost := v.cookie
		v.cookie = nil
		v.posts(func(s *session.Session) {
			want(t, "owner", s.Owner(), "")
			want(t, "new", s.IsNew(), true)
			count.Set(s, 1)
		})
		want(t, "count", tells(v, count), 1)
		v.cookie = lost
		want(t, "owner by the old cookie", v.owner(), "ann")
	})
}

func TestA_key_that_nobody_made_panics_where_it_is_used_and_harms_nobody_else(t *testing.T) {
	everywhere(t, func(t *testing.T, newLab labMaker) {
		l := newLab(t, session.Options{})
		v := l.visitor()
		v.posts(func(s *session.Session) { count.Set(s, 1) })
		var zero session.Key[int]
		for _, use := range []func(s *session.Session){
			func(s *session.Session) { zero.Get(s) },
			func(s *session.Session) { zero.Set(s, 1) },
			func(s *session.Session) { zero.Delete(s) },
			func(s *session.Session) { zero.Update(s, inc) },
			func(s *session.Session) { zero.Take(s) },
		} {
			if p, ok := panicOf(t, func() { v.sends("POST", use) }).(string); !ok || !strings.Contains(p, "NewKey") {
				t.Errorf("got panic %v, want one that names NewKey", p)
			}
		}
		want(t, "count", tells(v, count), 1)
	})
}
