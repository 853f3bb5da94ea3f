package cookie_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/sojourn-go/session/cookie"
)

// ringVectors are what Ring itself read and wrote: testdata/ring-cookies.json says which.
type ringVectors struct {
	Parse []struct {
		Header  string
		Cookies map[string]string
	}
	Write []struct{ Wire, Value string }
}

func readRing(t testing.TB) (v ringVectors) {
	t.Helper()
	text, err := os.ReadFile("testdata/ring-cookies.json")
	if err == nil {
		err = json.Unmarshal(text, &v)
	}
	if err != nil || len(v.Parse) < 20 || len(v.Write) < 5 {
		t.Fatalf("%d and %d vectors, %v", len(v.Parse), len(v.Write), err)
	}
	return v
}

// notAsRing are the headers that we read otherwise than Ring does, with what we read.
var notAsRing = map[string]struct {
	why  string
	want map[string]string
}{
	"a=1,b=2":            {"RFC 6265bis knows ';' only", map[string]string{"a": "1,b=2"}},
	"a=\"qu oted\"; b=1": {"the whole value, or nothing", map[string]string{"a": "qu oted", "b": "1"}},
	"a=%FF":              {"any bytes survive the round trip", map[string]string{"a": "\xff"}},
	"a=\\x; b=2":         {"the whole value, or nothing", map[string]string{"a": "\\x", "b": "2"}},
	"a[b]=1":             {"browsers keep such names, and the bytes are the name", map[string]string{"a[b]": "1"}},
	"a={\"json\":1}":     {"the whole value, or nothing", map[string]string{"a": "{\"json\":1}"}},
	"a=\"":               {"one quote is no pair", map[string]string{"a": "\""}},
	"a=\"\"x\"\"":        {"one pair of quotes comes off", map[string]string{"a": "\"x\""}},
	"a = 1":              {"a browser sends no such name: it is another one", map[string]string{"a ": " 1"}},
	"a=1\r\nb=2":         {"no header holds CR or LF; and they separate nothing", map[string]string{"a": "1\r\nb=2"}},
}

func TestAllReadsWhatRingReadsAndTheDifferencesAreListed(t *testing.T) {
	for _, tt := range readRing(t).Parse {
		want := tt.Cookies
		if d := notAsRing[tt.Header]; d.want != nil {
			want = d.want
		}
		if got := maps.Collect(cookie.All(requestWith(tt.Header))); !maps.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", tt.Header, got, want)
		}
	}
}

func TestGetReadsWhatRingWrites(t *testing.T) {
	for _, tt := range readRing(t).Write {
		name, _, _ := strings.Cut(tt.Wire, "=")
		if got, ok := cookie.Get(requestWith(tt.Wire), name); !ok || got != tt.Value {
			t.Errorf("%q: got %q, %v; want %q", tt.Wire, got, ok, tt.Value)
		}
	}
}

// The reader below stands in for Ring where a test has no recording: here it reads every recorded header as Ring did.
func TestTheModelOfRingReadsAsRingDid(t *testing.T) {
	for _, tt := range readRing(t).Parse {
		if got := ringReads(tt.Header); !maps.Equal(got, tt.Cookies) {
			t.Errorf("%q: got %q, want %q", tt.Header, got, tt.Cookies)
		}
	}
}

func TestRingReadsWhatSetWrites(t *testing.T) {
	for _, value := range values {
		line := setLine(t, "id", value, cookie.Attrs{})
		pair, _, _ := strings.Cut(line, ";")
		if got := ringReads(pair)["id"]; got != strings.ToValidUTF8(value, "\ufffd") {
			t.Errorf("%q as %q: got %q", value, pair, got)
		}
	}
}

var ringCookie = regexp.MustCompile("\\s*([!#$%&'*\\-+.0-9A-Z^_`a-z|~]+)=(\"" + ringOctets + "\"|" + ringOctets + ")\\s*[;,]?")

const ringOctets = "[!#$%&'()*+\\-./0-9:<=>?@A-Z\\[\\]^_`a-z{|}~]*"

func ringReads(header string) map[string]string {
	cookies := map[string]string{}
	for _, m := range ringCookie.FindAllStringSubmatch(header, -1) {
		if value, err := url.QueryUnescape(strings.Trim(m[2], `"`)); err == nil {
			cookies[m[1]] = strings.ToValidUTF8(value, "\ufffd")
		}
	}
	return cookies
}

func requestWith(lines ...string) *http.Request {
	return &http.Request{Header: http.Header{"Cookie": lines}}
}
