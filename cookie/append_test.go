package cookie_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sojourn-go/session/cookie"
)

var everything = cookie.Attrs{
	Path: "/app", Domain: "example.com", SameSite: http.SameSiteNoneMode,
	MaxAge: 90 * time.Second, Expires: time.Date(2030, 2, 3, 4, 5, 6, 7, time.FixedZone("east", 3600)), Partitioned: true,
}

var renderings = map[string]struct {
	attrs cookie.Attrs
	want  string
}{
	"zero is strict":                   {cookie.Attrs{}, "id=v; Path=/; Secure; HttpOnly; SameSite=Lax"},
	"everything, in a fixed order":     {everything, "id=v; Path=/app; Domain=example.com; Max-Age=90; Expires=Sun, 03 Feb 2030 03:05:06 GMT; Secure; HttpOnly; SameSite=None; Partitioned"},
	"Insecure drops Secure":            {cookie.Attrs{Insecure: true}, "id=v; Path=/; HttpOnly; SameSite=Lax"},
	"Scriptable drops HttpOnly":        {cookie.Attrs{Scriptable: true}, "id=v; Path=/; Secure; SameSite=Lax"},
	"SameSite default is Lax":          {cookie.Attrs{SameSite: http.SameSiteDefaultMode}, "id=v; Path=/; Secure; HttpOnly; SameSite=Lax"},
	"SameSite Strict":                  {cookie.Attrs{SameSite: http.SameSiteStrictMode}, "id=v; Path=/; Secure; HttpOnly; SameSite=Strict"},
	"a nanosecond is a second":         {cookie.Attrs{MaxAge: 1}, "id=v; Path=/; Max-Age=1; Secure; HttpOnly; SameSite=Lax"},
	"a second is a second":             {cookie.Attrs{MaxAge: time.Second}, "id=v; Path=/; Max-Age=1; Secure; HttpOnly; SameSite=Lax"},
	"a second and a bit is two":        {cookie.Attrs{MaxAge: time.Second + 1}, "id=v; Path=/; Max-Age=2; Secure; HttpOnly; SameSite=Lax"},
	"400 days":                         {cookie.Attrs{MaxAge: 400 * day}, "id=v; Path=/; Max-Age=34560000; Secure; HttpOnly; SameSite=Lax"},
	"a negative MaxAge removes":        {cookie.Attrs{MaxAge: -1}, "id=v; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax"},
	"a MaxAge of minus a year removes": {cookie.Attrs{MaxAge: -365 * day}, "id=v; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax"},
	"the year 1601 has four digits":    {cookie.Attrs{Expires: time.Date(1601, 1, 1, 0, 0, 0, 0, time.UTC)}, "id=v; Path=/; Expires=Mon, 01 Jan 1601 00:00:00 GMT; Secure; HttpOnly; SameSite=Lax"},
}

func TestAppendRendersEachAttribute(t *testing.T) {
	for name, tt := range renderings {
		t.Run(name, func(t *testing.T) {
			if err := cookie.Check("id", tt.attrs); err != nil {
				t.Fatal(err)
			}
			if got := string(cookie.Append([]byte("> "), "id", "v", tt.attrs)); got != "> "+tt.want {
				t.Errorf("\n got %q\nwant %q", got, "> "+tt.want)
			}
			sameWhenParsed(t, "id", "v", tt.attrs)
		})
	}
}

func TestAppendAllocatesNothingWhereThereIsRoom(t *testing.T) {
	value := strings.Repeat("x", 64)
	buf := make([]byte, 0, 512)
	if n := testing.AllocsPerRun(100, func() { buf = cookie.Append(buf[:0], "__Http-session", value, everything) }); n != 0 {
		t.Errorf("got %v allocations, want 0", n)
	}
}

func FuzzAppend(f *testing.F) {
	f.Add("__Host-Http-session", []byte("value"), "", "", false, false, 0, int64(0), int64(0), false)
	f.Add("__Secure-id", []byte{}, "/app", "example.com", false, true, 4, int64(time.Hour), int64(2e9), true)
	f.Add("id", []byte{0xff}, "/a%3Bb", "xn--mnchen-3ya.example", true, true, 3, int64(-1), int64(-1e10), false)
	f.Add("a=b", []byte("\r\n"), "/\r\nSet-Cookie: x=y", "a;b", true, false, 2, int64(1), int64(1), false)
	f.Fuzz(func(t *testing.T, name string, secret []byte, path, domain string, insecure, scriptable bool,
		sameSite int, maxAge, expires int64, partitioned bool) {
		a := cookie.Attrs{
			Path: path, Domain: domain, Insecure: insecure, Scriptable: scriptable,
			SameSite: http.SameSite(sameSite), MaxAge: time.Duration(maxAge), Partitioned: partitioned,
		}
		if expires != 0 {
			a.Expires = time.Unix(expires, 0)
		}
		if cookie.Check(name, a) == nil {
			sameWhenParsed(t, name, base64.RawURLEncoding.EncodeToString(secret), a)
		}
	})
}

// sameWhenParsed fails unless net/http reads what Append writes as the same cookie with the same attributes and no others.
func sameWhenParsed(t *testing.T, name, value string, a cookie.Attrs) {
	t.Helper()
	text := string(cookie.Append(nil, name, value, a))
	got, err := http.ParseSetCookie(text)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	want := parsed(name, value, a)
	want.Raw, want.RawExpires = text, got.RawExpires
	if got.String() != want.String() || got.MaxAge != want.MaxAge || !got.Expires.Equal(want.Expires) || len(got.Unparsed) > 0 {
		t.Errorf("%q:\n got %+v\nwant %+v", text, got, want)
	}
	if got, want := strings.Count(text, ";"), attributes(a); got != want {
		t.Errorf("%q: got %d attributes, want %d", text, got, want)
	}
	if strings.ContainsAny(text, "\r\n\x00") {
		t.Errorf("%q: holds a control character", text)
	}
}

// parsed returns what net/http should read.
func parsed(name, value string, a cookie.Attrs) *http.Cookie {
	c := &http.Cookie{
		Name: name, Value: value, Path: a.Path, Domain: a.Domain, Secure: !a.Insecure, HttpOnly: !a.Scriptable,
		SameSite: max(a.SameSite, http.SameSiteLaxMode), Partitioned: a.Partitioned,
	}
	if c.Path == "" {
		c.Path = "/"
	}
	if a.MaxAge < 0 {
		c.MaxAge = -1 // as net/http says "Max-Age=0"
	} else {
		c.MaxAge = int((a.MaxAge + time.Second - 1) / time.Second)
	}
	if !a.Expires.IsZero() {
		c.Expires = a.Expires.UTC().Truncate(time.Second)
	}
	return c
}

// attributes counts what the text of a cookie with these attributes should hold.
func attributes(a cookie.Attrs) int {
	n := 2 // Path and SameSite
	for _, given := range []bool{a.Domain != "", a.MaxAge != 0, !a.Expires.IsZero(), !a.Insecure, !a.Scriptable, a.Partitioned} {
		if given {
			n++
		}
	}
	return n
}
