package cookie_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sojourn-go/session/cookie"
)

const day = 24 * time.Hour

func TestCheckAcceptsWhatBrowsersKeep(t *testing.T) {
	label := strings.Repeat("a", 63)
	for name, tt := range map[string]struct {
		name  string
		attrs cookie.Attrs
	}{
		"the zero attributes under the strongest prefix": {"__Host-Http-session", cookie.Attrs{}},
		"an explicit root path under __Host-":            {"__Host-id", cookie.Attrs{Path: "/"}},
		"a scriptable cookie under __Host-":              {"__Host-theme", cookie.Attrs{Scriptable: true}},
		"a path and a domain under __Http-":              {"__Http-id", cookie.Attrs{Path: "/app", Domain: "example.com"}},
		"all but Insecure under __Secure-":               {"__Secure-id", cookie.Attrs{Path: "/app", Domain: "example.com", Scriptable: true}},
		"Insecure under no prefix":                       {"id", cookie.Attrs{Insecure: true}},
		"a name that only resembles a prefix":            {"_Host-id", cookie.Attrs{Insecure: true, Path: "/app"}},
		"the punctuation of a token":                     {"!#$%&'*+-.^_`|~", cookie.Attrs{}},
		"a name of 1024 bytes":                           {strings.Repeat("n", 1024), cookie.Attrs{}},
		"a path of 1024 bytes":                           {"id", cookie.Attrs{Path: "/" + strings.Repeat("p", 1023)}},
		"a percent-encoded path":                         {"id", cookie.Attrs{Path: "/caf%C3%A9%3B/(a,b)"}},
		"a host name of one label":                       {"id", cookie.Attrs{Domain: "localhost"}},
		"digits, hyphens and capitals in a domain":       {"id", cookie.Attrs{Domain: "1a.x-1.Example.COM"}},
		"an internationalized domain in ASCII":           {"id", cookie.Attrs{Domain: "xn--mnchen-3ya.example"}},
		"a domain of 253 bytes":                          {"id", cookie.Attrs{Domain: label + "." + label + "." + label + "." + label[:61]}},
		"SameSite default":                               {"id", cookie.Attrs{SameSite: http.SameSiteDefaultMode}},
		"SameSite Lax":                                   {"id", cookie.Attrs{SameSite: http.SameSiteLaxMode}},
		"SameSite Strict, Insecure":                      {"id", cookie.Attrs{SameSite: http.SameSiteStrictMode, Insecure: true}},
		"SameSite None, secure":                          {"id", cookie.Attrs{SameSite: http.SameSiteNoneMode}},
		"Partitioned, secure":                            {"__Host-id", cookie.Attrs{Partitioned: true}},
		"a MaxAge of exactly 400 days":                   {"id", cookie.Attrs{MaxAge: 400 * day}},
		"a negative MaxAge":                              {"id", cookie.Attrs{MaxAge: -1}},
		"the first year that browsers read":              {"id", cookie.Attrs{Expires: time.Date(1601, 1, 1, 0, 0, 0, 0, time.UTC)}},
		"the last year of four digits":                   {"id", cookie.Attrs{Expires: time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)}},
	} {
		t.Run(name, func(t *testing.T) {
			if err := cookie.Check(tt.name, tt.attrs); err != nil {
				t.Errorf("Check(%q, ...): got %v, want nil", tt.name, err)
			}
		})
	}
}

func TestCheckNamesTheFieldAndTheCure(t *testing.T) {
	long := strings.Repeat("x", 1025)
	east := time.FixedZone("east", 3600)
	for name, tt := range map[string]struct {
		name  string
		attrs cookie.Attrs
		want  string
	}{
		"an empty name":              {"", cookie.Attrs{}, `cookie: the name is empty: name the cookie, as in __Host-Http-session`},
		"a space in the name":        {"my id", cookie.Attrs{}, `cookie: the name "my id" holds " ": use letters, digits, '-' and '_' only`},
		"an equals sign in the name": {"a=b", cookie.Attrs{}, `cookie: the name "a=b" holds "=": use letters, digits, '-' and '_' only`},
		"a line break in the name":   {"a\r\nb", cookie.Attrs{}, `cookie: the name "a\r\nb" holds "\r": use letters, digits, '-' and '_' only`},
		"a letter beyond ASCII":      {"caf\u00e9", cookie.Attrs{}, `cookie: the name "café" holds "é": use letters, digits, '-' and '_' only`},
		"a broken byte in the name":  {"a\xff", cookie.Attrs{}, `cookie: the name "a\xff" holds "\xff": use letters, digits, '-' and '_' only`},
		"a name of 1025 bytes":       {long, cookie.Attrs{}, `cookie: the name has 1025 bytes: at most 1024`},

		"a path without a slash":        {"id", cookie.Attrs{Path: "app"}, `cookie: Path "app" does not start with a slash, browsers would ignore it: use "/app"`},
		"a semicolon in the path":       {"id", cookie.Attrs{Path: "/a;b"}, `cookie: Path "/a;b" holds ";", which no URL's path does: percent-encode it`},
		"a line break in the path":      {"id", cookie.Attrs{Path: "/a\nb"}, `cookie: Path "/a\nb" holds "\n", which no URL's path does: percent-encode it`},
		"a space in the path":           {"id", cookie.Attrs{Path: "/a "}, `cookie: Path "/a " holds " ", which no URL's path does: percent-encode it`},
		"a query in the path":           {"id", cookie.Attrs{Path: "/a?b"}, `cookie: Path "/a?b" holds "?", which no URL's path does: percent-encode it`},
		"a fragment in the path":        {"id", cookie.Attrs{Path: "/a#b"}, `cookie: Path "/a#b" holds "#", which no URL's path does: percent-encode it`},
		"a quote in the path":           {"id", cookie.Attrs{Path: `/a"b`}, `cookie: Path "/a\"b" holds "\"", which no URL's path does: percent-encode it`},
		"a backslash in the path":       {"id", cookie.Attrs{Path: `/a\b`}, `cookie: Path "/a\\b" holds "\\", which no URL's path does: percent-encode it`},
		"a delete character in a path":  {"id", cookie.Attrs{Path: "/\x7f"}, `cookie: Path "/\x7f" holds "\x7f", which no URL's path does: percent-encode it`},
		"a letter beyond ASCII in path": {"id", cookie.Attrs{Path: "/é"}, `cookie: Path "/é" holds "é", which no URL's path does: percent-encode it`},
		"a path of 1025 bytes":          {"id", cookie.Attrs{Path: "/" + long[1:]}, `cookie: Path has 1025 bytes: browsers ignore attributes of more than 1024`},

		"a leading dot":              {"id", cookie.Attrs{Domain: ".example.com"}, `cookie: Domain ".example.com" starts with a dot, which is out of use: use "example.com"`},
		"an IPv4 address":            {"id", cookie.Attrs{Domain: "127.0.0.1"}, `cookie: Domain "127.0.0.1" is an IP address, which has no subdomains: leave Domain empty`},
		"a short IPv4 address":       {"id", cookie.Attrs{Domain: "127.1"}, `cookie: Domain "127.1" is an IP address, which has no subdomains: leave Domain empty`},
		"an IPv6 address":            {"id", cookie.Attrs{Domain: "[::1]"}, `cookie: Domain "[::1]" is an IP address, which has no subdomains: leave Domain empty`},
		"a port":                     {"id", cookie.Attrs{Domain: "example.com:8080"}, `cookie: Domain "example.com:8080" holds a port, but cookies are shared by all ports: leave the port out`},
		"a trailing dot":             {"id", cookie.Attrs{Domain: "example.com."}, `cookie: Domain "example.com." is no host name (""): use letters, digits and hyphens between dots, xn--... for others`},
		"two dots":                   {"id", cookie.Attrs{Domain: "a..b"}, `cookie: Domain "a..b" is no host name (""): use letters, digits and hyphens between dots, xn--... for others`},
		"a hyphen at an end":         {"id", cookie.Attrs{Domain: "a-.b"}, `cookie: Domain "a-.b" is no host name ("a-"): use letters, digits and hyphens between dots, xn--... for others`},
		"a semicolon in the domain":  {"id", cookie.Attrs{Domain: "a.b;c"}, `cookie: Domain "a.b;c" is no host name ("b;c"): use letters, digits and hyphens between dots, xn--... for others`},
		"a domain beyond ASCII":      {"id", cookie.Attrs{Domain: "münchen.example"}, `cookie: Domain "münchen.example" is no host name ("münchen"): use letters, digits and hyphens between dots, xn--... for others`},
		"a label of 64 bytes":        {"id", cookie.Attrs{Domain: long[:64]}, `cookie: Domain "` + long[:64] + `" is no host name ("` + long[:64] + `"): use letters, digits and hyphens between dots, xn--... for others`},
		"a domain of 254 bytes":      {"id", cookie.Attrs{Domain: long[:254]}, `cookie: Domain has 254 bytes: a host name has at most 253`},
		"an unknown SameSite":        {"id", cookie.Attrs{SameSite: 9}, `cookie: SameSite 9 is no http.SameSite: leave it zero for Lax`},
		"a negative SameSite":        {"id", cookie.Attrs{SameSite: -1}, `cookie: SameSite -1 is no http.SameSite: leave it zero for Lax`},
		"SameSite None without TLS":  {"id", cookie.Attrs{SameSite: http.SameSiteNoneMode, Insecure: true}, `cookie: SameSite=None demands Secure: leave Insecure false, or SameSite zero for Lax`},
		"Partitioned without Secure": {"id", cookie.Attrs{Partitioned: true, Insecure: true}, `cookie: Partitioned demands Secure: leave Insecure false, or Partitioned`},
		"a MaxAge over 400 days":     {"id", cookie.Attrs{MaxAge: 400*day + 1}, `cookie: MaxAge 9600h0m0.000000001s is more than 400 days, to which browsers shorten it: use at most 9600h0m0s`},
		"a year before 1601":         {"id", cookie.Attrs{Expires: time.Date(1601, 1, 1, 0, 30, 0, 0, east)}, `cookie: Expires is in the year 1600: use 1601 to 9999, or leave it zero`},
		"a year after 9999":          {"id", cookie.Attrs{Expires: time.Date(10000, 1, 1, 1, 0, 0, 0, east)}, `cookie: Expires is in the year 10000: use 1601 to 9999, or leave it zero`},
	} {
		t.Run(name, func(t *testing.T) {
			if got := texts(cookie.Check(tt.name, tt.attrs)); !slices.Equal(got, []string{tt.want}) {
				t.Errorf("Check(%q, ...):\n got %q\nwant %q", tt.name, got, tt.want)
			}
		})
	}
}

func TestCheckReportsAllFaultsAtOnce(t *testing.T) {
	err := cookie.Check("__HOST-a b", cookie.Attrs{
		Path: "app", Domain: ".example.com", Insecure: true, Scriptable: true,
		SameSite: http.SameSiteNoneMode, MaxAge: 401 * day, Expires: time.Unix(-1<<36, 0), Partitioned: true,
	})
	got := texts(err)
	for _, field := range []string{"the name", "Path", "Domain", "SameSite", "MaxAge", "Expires", "Partitioned", "Insecure"} {
		if !slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, "cookie: "+field) }) {
			t.Errorf("no fault about %s in:\n%v", field, err)
		}
	}
	if want := strings.Join(got, "\n"); err.Error() != want {
		t.Errorf("the faults are not one flat list: got\n%v\nwant\n%s", err, want)
	}
}

// texts returns the text of each fault that err joins.
func texts(err error) (texts []string) {
	joined, ok := errors.AsType[interface {
		error
		Unwrap() []error
	}](err)
	if !ok {
		return nil
	}
	for _, fault := range joined.Unwrap() {
		texts = append(texts, fault.Error())
	}
	return texts
}
