package csrf_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/csrf"
	"github.com/sojourn-go/session/sessiontest"
)

// A combination is one request of the table, by the names of what it has.
type combination struct {
	method     string
	site       string // Sec-Fetch-Site, as sent
	origin     string // Origin, as sent
	token      string // see (*table).request
	credential string // Authorization
	session    bool   // the request has a session, and it has been given a token
	always     bool   // Options.AlwaysToken
	bypass     bool   // the path is one of Options.InsecureBypass
}

const (
	host    = "site.example"
	trusted = "https://partner.example"
)

var (
	methods = []string{"GET", "HEAD", "OPTIONS", "TRACE", "POST", "DELETE", "PROPFIND"}
	sites   = []string{"", "same-origin", "same-site", "cross-site", "none", "made-up"}
	origins = []string{
		"", "https://" + host, "http://" + host, "https://" + host + ":8443", "https://www." + host,
		"https://evil.example", "null", trusted,
	}
	tokens = []string{
		"none", "header", "second header", "form", "multipart", "wrong header, right form", // valid, where there is a session
		"query", "other session", "before the login", "flipped", "garbage",
	}
	credentials = []string{"", "Bearer abc", "Basic YTpi"}
)

// allowed is the rule, as docs/csrf.md has it for people, and in terms of what a
// request is, not of how the package finds out.
func (c combination) allowed() bool {
	if c.bypass {
		return true
	}
	if slices.Contains([]string{"GET", "HEAD", "OPTIONS"}, c.method) {
		return true // whoever changes something there is beyond help
	}
	fromTrusted := c.origin == trusted
	switch c.site {
	case "same-origin", "none": // the page itself; the visitor, by hand
	case "": // an old browser, plain HTTP, or no browser
		sameHost := c.origin == "https://"+host || c.origin == "http://"+host
		if c.origin != "" && !sameHost && !fromTrusted {
			return false
		}
	default:
		if !fromTrusted {
			return false
		}
	}
	if c.method == "TRACE" {
		return true // safe, too (RFC 9110, section 9.2.1)
	}
	valid := c.session && slices.Contains(tokens[1:6], c.token)
	told := c.site != "" || c.origin != ""
	switch {
	case c.always:
		return valid
	case told:
		return true
	}
	return valid || !c.session && c.credential == "Bearer abc"
}

func TestEveryCombinationOfMethodOriginSiteAndTokenIsJudgedByTheRule(t *testing.T) {
	table := newTable(t)
	wrong := 0
	for c := range table.combinations() {
		inner, outer := table.answer(c)
		status := http.StatusForbidden
		if c.allowed() {
			status = http.StatusNoContent
		}
		if inner != status || outer != status {
			if wrong++; wrong <= 10 {
				t.Errorf("%+v: got %d, and with CrossOrigin outside %d; want %d", c, inner, outer, status)
			}
		}
	}
	t.Logf("%d combinations, %d wrong", table.n, wrong)
}

// A table has what the combinations are made of.
type table struct {
	n       int
	site    *sessiontest.Site
	ann     *sessiontest.Browser
	good    string
	bad     map[string]string
	handler map[bool][2]http.Handler // by always: Handler alone; CrossOrigin outside, too
}

func newTable(t *testing.T) *table {
	tb := &table{site: sessiontest.New(t, session.Options{}), handler: map[bool][2]http.Handler{}}
	tb.ann = tb.site.Browser(nil)
	before := open(t, tb.ann, page)
	tb.ann.Change(func(s *session.Session) { s.Login("ann") })
	tb.good = open(t, tb.ann, page)
	other := "A"
	if tb.good[40] == 'A' {
		other = "B"
	}
	flipped := tb.good[:40] + other + tb.good[41:]
	tb.bad = map[string]string{
		"none": "", "garbage": "garbage", "before the login": before, "flipped": flipped,
		"other session": open(t, tb.site.Browser(nil), page),
	}
	for _, always := range []bool{false, true} {
		p := protect(t, csrf.Options{
			AlwaysToken: always, TrustedOrigins: []string{trusted}, InsecureBypass: []string{"/hooks/"},
		})
		within := tb.site.Manager().Handler(p.Handler(done))
		tb.handler[always] = [2]http.Handler{within, p.CrossOrigin(within)}
	}
	return tb
}

// combinations yields every one there is.
func (tb *table) combinations() func(func(combination) bool) {
	sizes := []int{len(methods), len(sites), len(origins), len(tokens), len(credentials), 2, 2, 2}
	return func(yield func(combination) bool) {
		total := 1
		for _, n := range sizes {
			total *= n
		}
		for i := range total {
			at := make([]int, len(sizes))
			for k, n := range sizes {
				at[k], i = i%n, i/n
			}
			tb.n++
			c := combination{
				methods[at[0]], sites[at[1]], origins[at[2]], tokens[at[3]], credentials[at[4]],
				at[5] == 1, at[6] == 1, at[7] == 1,
			}
			if !yield(c) {
				return
			}
		}
	}
}

func (tb *table) answer(c combination) (inner, outer int) {
	h := tb.handler[c.always]
	return recorded(h[0], tb.request(c)).Code, recorded(h[1], tb.request(c)).Code
}

func (tb *table) request(c combination) *http.Request {
	path := "/account"
	if c.bypass {
		path = "/hooks/one"
	}
	inQuery, inBody, kind, header := "", "", "", map[string]string{
		"Sec-Fetch-Site": c.site, "Origin": c.origin, "Authorization": c.credential,
	}
	switch c.token {
	case "header":
		header["X-CSRF-Token"] = tb.good
	case "second header":
		header["X-XSRF-Token"] = tb.good
	case "form":
		kind, inBody = "application/x-www-form-urlencoded", "a=b&"+field+"="+tb.good+"&c=d"
	case "wrong header, right form":
		header["X-CSRF-Token"] = tb.bad["flipped"]
		kind, inBody = "application/x-www-form-urlencoded", field+"="+tb.good
	case "multipart":
		kind, inBody = inParts("a", "b", field, tb.good)
	case "query":
		inQuery = "?" + field + "=" + tb.good + "&X-CSRF-Token=" + tb.good
	default:
		header["X-CSRF-Token"] = tb.bad[c.token]
		kind, inBody = "application/x-www-form-urlencoded", field+"="+tb.bad[c.token]
	}
	header["Content-Type"] = kind
	b := tb.ann
	if !c.session {
		b = &sessiontest.Browser{}
	}
	r := b.Request(c.method, "https://"+host+path+inQuery, strings.NewReader(inBody))
	for name, value := range header {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	return r
}

// inParts returns a form as multipart/form-data, and its Content-Type.
func inParts(pairs ...string) (kind, body string) {
	var text bytes.Buffer
	form := multipart.NewWriter(&text)
	for pair := range slices.Chunk(pairs, 2) {
		form.WriteField(pair[0], pair[1])
	}
	form.Close()
	return form.FormDataContentType(), text.String()
}
