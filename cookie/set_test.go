package cookie_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sojourn-go/session/cookie"
)

// values are strings that cookies have lost, cut or changed elsewhere.
var values = []string{
	"", "plain", "Zoë; admin=1", " ", "  two  ", "+", "a+b c", "%", "50%", "%41", "%zz", `"`, `"quoted"`, `""`, `\`, "a,b", "a=b==",
	"\x00", "\r\nSet-Cookie: admin=1", "\x7f", "\xff\xfe", "žluťoučký kůň — 漢字 🎉", `{"a":[1,"x y"]}`, "\u2028\u00a0", "deleted",
	"(x){y}[z]@!#$&'*-./:<>?^_`|~",
}

// setLine returns the one Set-Cookie that Set writes.
func setLine(t testing.TB, name, value string, a cookie.Attrs) string {
	t.Helper()
	w := httptest.NewRecorder()
	if err := cookie.Set(w, name, value, a); err != nil {
		t.Fatalf("Set(%q): %v", value, err)
	}
	lines := w.Header()["Set-Cookie"]
	if len(lines) != 1 {
		t.Fatalf("got %q, want one line", lines)
	}
	return lines[0]
}

func TestAnyStringSurvivesTheRoundTrip(t *testing.T) {
	for _, value := range values {
		survives(t, value)
	}
	for c := range 256 {
		survives(t, string([]byte{byte(c)}))
		survives(t, string([]byte{'x', byte(c), byte(c), 'x'}))
	}
}

func FuzzSet(f *testing.F) {
	for _, value := range values {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if len(value) < 1200 {
			survives(t, value)
		}
	})
}

// survives fails unless the value that Set sets is read again by Get and All, by net/http with a decoder such as scripts have, by
// a decoder of forms, and by Ring; with other cookies around it.
func survives(t *testing.T, value string) {
	t.Helper()
	line := setLine(t, "id", value, cookie.Attrs{})
	sent, err := http.ParseSetCookie(line)
	if err != nil || sent.Path != "/" || !sent.Secure || !sent.HttpOnly || sent.Quoted || strings.Count(line, ";") != 4 {
		t.Fatalf("%q as %q: net/http reads %+v, %v", value, line, sent, err)
	}
	r := requestWith("x=1; id=" + sent.Value + "; y=2")
	if got, ok := cookie.Get(r, "id"); !ok || got != value {
		t.Errorf("%q as %q: Get = %q, %v", value, line, got, ok)
	}
	if got := pairs(r.Header["Cookie"]...); !slices.Equal(got, []pair{{"x", "1"}, {"id", value}, {"y", "2"}}) {
		t.Errorf("%q as %q: All = %q", value, line, got)
	}
	// decodeURIComponent, as PathUnescape, decodes %XX and nothing else.
	for decoder, decode := range map[string]func(string) (string, error){"scripts": url.PathUnescape, "forms": url.QueryUnescape} {
		if got, err := decode(readByNetHTTP(r)); got != value || err != nil {
			t.Errorf("%q as %q: %s read %q, %v", value, line, decoder, got, err)
		}
	}
	if got := ringReads(r.Header["Cookie"][0]); len(got) != 3 || got["id"] != strings.ToValidUTF8(value, "\ufffd") {
		t.Errorf("%q as %q: Ring reads %q", value, line, got)
	}
}

func readByNetHTTP(r *http.Request) string {
	c, err := r.Cookie("id")
	if err != nil {
		return err.Error()
	}
	return c.Value
}

func TestSetEncodesOnlyWhatItMust(t *testing.T) {
	for value, want := range map[string]string{
		"dark":                           "dark",
		"Zoë; admin=1":                   "Zo%C3%AB%3B%20admin=1",
		"a+b%c":                          "a%2Bb%25c",
		"\xff\n":                         "%FF%0A",
		`"a","b\c"`:                      "%22a%22%2C%22b%5Cc%22",
		"!#$&'()*-./:<=>?@[]^_`{|}~09Az": "!#$&'()*-./:<=>?@[]^_`{|}~09Az",
	} {
		if got := setLine(t, "id", value, cookie.Attrs{}); got != "id="+want+"; Path=/; Secure; HttpOnly; SameSite=Lax" {
			t.Errorf("%q: got %q, want %q", value, got, want)
		}
	}
}

// Ring 1.15.5 writes this text for {"a" {:value "v", :path "/p", :domain "example.com", :max-age 10, ...}}.
func TestSetWritesAttributesAsRingDoes(t *testing.T) {
	a := cookie.Attrs{Path: "/p", Domain: "example.com", MaxAge: 10 * time.Second, SameSite: http.SameSiteStrictMode}
	if got, want := setLine(t, "a", "v", a), "a=v; Path=/p; Domain=example.com; Max-Age=10; Secure; HttpOnly; SameSite=Strict"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAResponseHasOneSetCookieOfEachName(t *testing.T) {
	w := httptest.NewRecorder()
	http.SetCookie(w, &http.Cookie{Name: "id", Value: "of net/http", Path: "/app"})
	http.SetCookie(w, &http.Cookie{Name: "id2", Value: "x"})
	w.Header().Add("Set-Cookie", "x=id=1; id=2")
	w.Header().Add("Set-Cookie", "ID=capitals")
	for _, value := range []string{"1", "2"} {
		if err := cookie.Set(w, "id", value, cookie.Attrs{}); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"id2=x", "x=id=1; id=2", "ID=capitals", "id=2; Path=/; Secure; HttpOnly; SameSite=Lax"}
	if got := w.Header()["Set-Cookie"]; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if err := cookie.Remove(w, "id", cookie.Attrs{}); err != nil {
		t.Fatal(err)
	}
	want[3] = "id=; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Secure; HttpOnly; SameSite=Lax"
	if got := w.Header()["Set-Cookie"]; !slices.Equal(got, want) {
		t.Errorf("after Remove: got %q, want %q", got, want)
	}
}

func TestRemoveKeepsTheAttributesThatTellCookiesApart(t *testing.T) {
	w := httptest.NewRecorder()
	a := cookie.Attrs{Path: "/app", Domain: "example.com", Partitioned: true, MaxAge: time.Hour, Expires: time.Unix(2e9, 0)}
	if err := cookie.Remove(w, "id", a); err != nil {
		t.Fatal(err)
	}
	want := "id=; Path=/app; Domain=example.com; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Secure; HttpOnly; SameSite=Lax; Partitioned"
	if got := w.Header().Get("Set-Cookie"); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAFaultSetsNothingAndLeavesWhatWasSet(t *testing.T) {
	long := strings.Repeat("v", 5000)
	for story, tt := range map[string]struct {
		set  func(w http.ResponseWriter) error
		want []string
	}{
		"name": {
			func(w http.ResponseWriter) error { return cookie.Set(w, "a b", "v", cookie.Attrs{}) },
			[]string{`cookie: the name "a b" holds " "`},
		},
		"several": {
			func(w http.ResponseWriter) error {
				return cookie.Set(w, "__Host-id", "v", cookie.Attrs{Path: "app", Insecure: true, MaxAge: -1})
			},
			[]string{`cookie: Path "app"`, "cookie: Insecure does not go", `cookie: Path "app" does not go`},
		},
		"Remove": {
			func(w http.ResponseWriter) error { return cookie.Remove(w, "", cookie.Attrs{Domain: ".x"}) },
			[]string{"cookie: the name is empty", `cookie: Domain ".x"`},
		},
		"size": {
			func(w http.ResponseWriter) error { return errors.Join(cookie.Set(w, "id", long, cookie.Attrs{})) },
			[]string{`cookie: the Set-Cookie for "id" has 5043 bytes, which is 947 too many`},
		},
	} {
		t.Run(story, func(t *testing.T) {
			w := httptest.NewRecorder()
			w.Header().Add("Set-Cookie", "id=before")
			if got := texts(tt.set(w)); !slices.EqualFunc(got, tt.want, strings.HasPrefix) {
				t.Errorf("got %q, want texts that begin with %q", got, tt.want)
			}
			if h := w.Header(); len(h) != 1 || !slices.Equal(h["Set-Cookie"], []string{"id=before"}) {
				t.Errorf("the header became %q", h)
			}
		})
	}
}

// The attributes count, and so do the three bytes of an escape.
func TestASetCookieHasUpTo4096Bytes(t *testing.T) {
	const fits = 4096 - len("id=; Path=/; Secure; HttpOnly; SameSite=Lax")
	for value, ok := range map[string]bool{
		strings.Repeat("v", fits):                                   true,
		strings.Repeat("v", fits+1):                                 false,
		strings.Repeat(" ", fits/3) + strings.Repeat("v", fits%3):   true,
		strings.Repeat(" ", fits/3) + strings.Repeat("v", fits%3+1): false,
	} {
		w := httptest.NewRecorder()
		err := cookie.Set(w, "id", value, cookie.Attrs{})
		if (err == nil) != ok || err != nil && !strings.Contains(err.Error(), "4097 bytes, which is 1 too many") {
			t.Errorf("%d bytes: %v", len(value), err)
		}
		if got := len(w.Header().Get("Set-Cookie")); ok && got != 4096 {
			t.Errorf("got %d bytes, want 4096", got)
		}
	}
}

func TestNoSharedCacheMayStoreAResponseThatSetsACookie(t *testing.T) {
	for story, tt := range map[string]struct{ before, want []string }{
		"nothing said":             {nil, []string{"no-store"}},
		"no-store":                 {[]string{"no-store, max-age=0"}, []string{"no-store, max-age=0"}},
		"private, in capitals":     {[]string{"max-age=60,\tPRIVATE"}, []string{"max-age=60,\tPRIVATE"}},
		"private on a second line": {[]string{"max-age=60", "private"}, []string{"max-age=60", "private"}},
		"public":                   {[]string{"public, max-age=60"}, []string{"no-store"}},
		"max-age":                  {[]string{"max-age=60"}, []string{"no-store"}},
		"no-cache may be stored":   {[]string{"no-cache"}, []string{"no-store"}},
		"private for a field":      {[]string{`private="Set-Cookie", max-age=60`}, []string{"no-store"}},
		"a word that resembles it": {[]string{"no-store-x"}, []string{"no-store"}},
	} {
		t.Run(story, func(t *testing.T) {
			for _, set := range []func(http.ResponseWriter) error{
				func(w http.ResponseWriter) error { return cookie.Set(w, "id", "v", cookie.Attrs{}) },
				func(w http.ResponseWriter) error { return cookie.Remove(w, "id", cookie.Attrs{}) },
			} {
				w := httptest.NewRecorder()
				w.Header()["Cache-Control"] = slices.Clone(tt.before)
				if err := set(w); err != nil {
					t.Fatal(err)
				}
				if got := w.Header()["Cache-Control"]; !slices.Equal(got, tt.want) {
					t.Errorf("%q: got %q, want %q", tt.before, got, tt.want)
				}
			}
		})
	}
}
