package defaults_test

import (
	"cmp"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/sojourn-go/session/defaults"
)

// A shown is what one Config does, as far as it can be seen.
type shown struct {
	config              defaults.Config
	open, closed        http.Header // of answers over TLS, and without
	status, forged      int         // without TLS; of a write from another site
	cookieName, cookies string
}

func show(t *testing.T, config func() defaults.Config) shown {
	s := shown{config: config()}
	base, client := over(t, wrap(t, config(), site), true)
	answer := get(t, client, base+"/stored")
	s.open, s.cookies = answer.Header, answer.Header.Get("Set-Cookie")
	s.cookieName, _, _ = strings.Cut(s.cookies, "=")
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, base, nil)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	s.forged = do(t, client, r).StatusCode
	base, client = over(t, wrap(t, config(), site), false)
	answer = get(t, client, base)
	s.closed, s.status = answer.Header, answer.StatusCode
	return s
}

func yes(ok bool) string {
	if ok {
		return "yes"
	}
	return "no"
}

// attribute returns the value of an attribute of the session's cookie, "yes" for
// one without a value.
func (s shown) attribute(name string) string {
	for part := range strings.SplitSeq(s.cookies, "; ") {
		if part == name {
			return "yes"
		}
		if value, ok := strings.CutPrefix(part, name+"="); ok {
			return value
		}
	}
	return ""
}

// keys are those of ring-defaults 0.3.x and 0.7.1, and of what it is made of, in
// the order of the table; nil: it is nothing that a Config says.
var keys = []struct {
	key   string
	value func(s shown) string
}{
	{"[:params :urlencoded]", nil},
	{"[:params :multipart]", nil},
	{"[:params :nested]", nil},
	{"[:params :keywordize]", nil},
	{"[:cookies]", nil},
	{"[:session]", func(s shown) string { return yes(s.config.Session != nil) }},
	{"[:session :flash]", func(s shown) string { return yes(s.config.Flash) }},
	{"[:session :store]", func(s shown) string { _, err := s.config.New(newStore()); return yes(err == nil) }},
	{"[:session :cookie-name]", func(s shown) string { return s.cookieName }},
	{"[:session :root]", func(s shown) string { return s.attribute("Path") }},
	{"[:session :cookie-attrs :http-only]", func(s shown) string { return s.attribute("HttpOnly") }},
	{"[:session :cookie-attrs :secure]", func(s shown) string { return s.attribute("Secure") }},
	{"[:session :cookie-attrs :same-site]", func(s shown) string { return s.attribute("SameSite") }},
	{"[:session :cookie-attrs :max-age]", func(s shown) string { return s.attribute("Max-Age") }},
	{"[:security :anti-forgery]", func(s shown) string { return yes(s.forged == http.StatusForbidden) }},
	{"[:security :anti-forgery :safe-header]", nil},
	{"[:security :xss-protection]", func(s shown) string { return s.open.Get("X-Xss-Protection") }},
	{"[:security :frame-options]", func(s shown) string { return s.open.Get("X-Frame-Options") }},
	{"[:security :content-type-options]", func(s shown) string { return s.open.Get("X-Content-Type-Options") }},
	{"[:security :ssl-redirect]", func(s shown) string { return strings.TrimPrefix(strconv.Itoa(s.status), "200") }},
	{"[:security :ssl-redirect :ssl-port]", func(s shown) string {
		u, err := url.Parse(s.closed.Get("Location"))
		if err != nil || u.Host == "" {
			return ""
		}
		return cmp.Or(u.Port(), "443")
	}},
	{"[:security :ssl-redirect :exempt-paths]", nil},
	{"[:security :hsts]", func(s shown) string { return s.open.Get("Strict-Transport-Security") }},
	{"[:security :hsts :max-age]", func(s shown) string {
		_, age, _ := strings.Cut(s.open.Get("Strict-Transport-Security"), "max-age=")
		age, _, _ = strings.Cut(age, ";")
		return age
	}},
	{"[:security :hsts :include-subdomains?]", func(s shown) string {
		if strings.Contains(s.open.Get("Strict-Transport-Security"), "; includeSubDomains") {
			return "yes"
		}
		return ""
	}},
	{"[:static :resources]", nil},
	{"[:static :files]", nil},
	{"[:responses :not-modified-responses]", nil},
	{"[:responses :absolute-redirects]", nil},
	{"[:responses :content-types]", nil},
	{"[:responses :default-charset]", nil},
	{"[:responses :content-length]", nil},
	{"[:proxy]", func(s shown) string { return yes(len(s.config.Proxies.Trusted) > 0) }},
	{"[:websocket :keepalive]", nil},
}

func TestTheTableOfKeysIsWhatTheFourDo(t *testing.T) {
	names := []string{"Site", "SecureSite", "API", "SecureAPI"}
	var shows []shown
	for _, name := range names {
		shows = append(shows, show(t, four[name]))
	}
	rows := rowsOf(t, "key")
	for i, k := range keys {
		if i >= len(rows) || rows[i][0] != k.key || len(rows[i]) != 8 {
			t.Fatalf("row %d of the table is %q, want the 8 cells of %s", i, rows[min(i, len(rows)-1)], k.key)
		}
		for j, s := range shows {
			want := "–"
			if k.value != nil {
				want = cmp.Or(k.value(s), want)
			}
			if got := rows[i][4+j]; got != want {
				t.Errorf("%s of %s: the table says %q, and it is %q", k.key, names[j], got, want)
			}
		}
	}
	if len(rows) != len(keys) {
		t.Errorf("the table has %d rows, want %d", len(rows), len(keys))
	}
}

// rowsOf returns the cells of the table in docs/defaults.md whose first head is
// this, without the marks of code.
func rowsOf(t *testing.T, head string) (rows [][]string) {
	t.Helper()
	_, table, ok := strings.Cut(readDoc(t), "\n| "+head+" |")
	if !ok {
		t.Fatalf("no table of %s", head)
	}
	table, _, _ = strings.Cut(table, "\n\n")
	for _, line := range strings.Split(table, "\n")[2:] {
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i, cell := range cells {
			cells[i] = strings.Trim(strings.TrimSpace(cell), "`")
		}
		rows = append(rows, cells)
	}
	return rows
}

func readDoc(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../docs/defaults.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var headerName = regexp.MustCompile(`\bForwarded\b|[A-Z][a-z]*(?:-[A-Z][A-Za-z0-9]*)+`)

// That they are removed is TestWhatNobodyVouchesForIsNotInTheRequestInside's.
func TestTheDocumentNamesEveryHeaderThatIsRemoved(t *testing.T) {
	_, list, _ := strings.Cut(readDoc(t), "\n- for the address:")
	list, _, _ = strings.Cut(list, "\n\n")
	named := map[string]bool{"Accept": true, "Cookie": true, "Via": true}
	for _, name := range headerName.FindAllString(list, -1) {
		named[name] = true
	}
	for name := range everything() {
		if !named[name] && !strings.HasPrefix(http.CanonicalHeaderKey(name), "X-Forwarded") {
			t.Errorf("the document does not name %s", name)
		}
		delete(named, name)
	}
	for name := range named {
		t.Errorf("the document names %s, and no test sees it removed", name)
	}
}

var fieldPath = regexp.MustCompile("`((?:Session|Manager|CSRF|Flash|Headers|HSTS|Redirect|Proxies)(?:\\.[A-Z][A-Za-z]*)*)`")

func TestEveryFieldThatTheDocumentNamesIsOneAndEveryPartIsNamed(t *testing.T) {
	named := map[string]bool{}
	for _, m := range fieldPath.FindAllStringSubmatch(readDoc(t), -1) {
		typ := reflect.TypeFor[defaults.Config]()
		for name := range strings.SplitSeq(m[1], ".") {
			if typ.Kind() == reflect.Pointer {
				typ = typ.Elem()
			}
			f, ok := typ.FieldByName(name)
			if !ok {
				t.Fatalf("the document names %s, and there is no such field", m[1])
			}
			typ = f.Type
		}
		named[m[1]] = true
	}
	parts := reflect.TypeFor[defaults.Config]()
	for f := range parts.Fields() {
		own := strings.HasPrefix(f.Type.String(), "defaults.") || strings.HasPrefix(f.Type.String(), "*defaults.")
		if own {
			typ := f.Type
			if typ.Kind() == reflect.Pointer {
				typ = typ.Elem()
			}
			for sub := range typ.Fields() {
				if sub.IsExported() && !named[f.Name+"."+sub.Name] {
					t.Errorf("the document does not name %s.%s", f.Name, sub.Name)
				}
			}
		} else if f.IsExported() && !named[f.Name] {
			t.Errorf("the document does not name %s", f.Name)
		}
	}
}
