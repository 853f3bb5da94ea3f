package csrf_test

import (
	"bytes"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/csrf"
	"github.com/sojourn-go/session/sessiontest"
)

// A counted body tells how much of it was read.
type counted struct {
	io.Reader
	n int
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += n
	return n, err
}

// endless is a body without end.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// fileForm is the beginning of a form with a file that has no end; the token is
// before it or, never reached, behind.
func fileForm(token string) (kind string, body io.Reader) {
	var text bytes.Buffer
	form := multipart.NewWriter(&text)
	if token != "" {
		form.WriteField(field, token)
	}
	form.CreateFormFile("file", "film.mp4")
	return form.FormDataContentType(), io.MultiReader(&text, endless{})
}

func upload(b *sessiontest.Browser, token string) (*http.Request, *counted) {
	kind, body := fileForm(token)
	c := &counted{Reader: body}
	r := b.Request("POST", "/", c)
	r.Header.Set("Content-Type", kind)
	return r, c
}

func TestNothingOfAStrangersBodyIsRead(t *testing.T) {
	site := sessiontest.New(t, session.Options{})
	p := protect(t, csrf.Options{})
	for what, b := range map[string]*sessiontest.Browser{
		"no session":                     site.Browser(nil),
		"a session without any token":    site.Browser(func(s *session.Session) { s.Login("ann") }),
		"a session that has been ended":  site.Browser(func(s *session.Session) { csrf.Token(s); s.Login("bob") }),
		"a session that got a new token": site.Browser(func(s *session.Session) { csrf.Token(s); s.Login("eve") }),
	} {
		r, body := upload(b, strings.Repeat("A", 86))
		switch {
		case strings.Contains(what, "ended"):
			if _, err := site.Manager().EndAll(t.Context(), "bob"); err != nil {
				t.Fatal(err)
			}
		case strings.Contains(what, "new token"):
			b.Change((*session.Session).Renew)
		}
		want(t, what, b.Serve(p.Handler(done), r).Code, 403)
		if body.n != 0 {
			t.Errorf("%s: %d bytes were read", what, body.n)
		}
	}
}

func TestABodyIsReadUpToTheLimitOnlyAndNotAtAllWithAHeader(t *testing.T) {
	site := sessiontest.New(t, session.Options{})
	b := site.Browser(nil)
	token := open(t, b, page)
	const limit = 10_000
	p := protect(t, csrf.Options{MaxForm: limit})
	read := func(r *http.Request, body *counted, status int) int {
		t.Helper()
		want(t, r.Header.Get("Content-Type"), b.Serve(p.Handler(done), r).Code, status)
		return body.n
	}
	r, body := upload(b, "")
	if n := read(r, body, 403); n != limit {
		t.Errorf("multipart without a token: %d bytes were read, want %d", n, limit)
	}
	r, body = upload(b, token)
	if n := read(r, body, 204); n > limit {
		t.Errorf("multipart: %d bytes were read", n)
	}
	r, body = upload(b, "")
	r.Header.Set("X-CSRF-Token", token)
	if n := read(r, body, 204); n != 0 {
		t.Errorf("with a header: %d bytes were read, want none", n)
	}
	body = &counted{Reader: endless{}}
	r = b.Request("POST", "/", body)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if n := read(r, body, 403); n != limit {
		t.Errorf("urlencoded without a token: %d bytes were read, want %d", n, limit)
	}
}

func TestTheHandlerGetsTheWholeBody(t *testing.T) {
	b := sessiontest.New(t, session.Options{}).Browser(nil)
	token := open(t, b, page)
	kind, parts := inParts("before", strings.Repeat("y", 50_000), field, token, "after", strings.Repeat("z", 50_000))
	for kind, body := range map[string]string{
		kind:                                parts,
		"application/x-www-form-urlencoded": "before=" + strings.Repeat("y", 50_000) + "&" + field + "=" + token + "&after=" + strings.Repeat("z", 50_000),
		"application/x-www-form-urlencoded; charset=UTF-8": field + "=" + token,
		"Application/X-WWW-Form-URLencoded;0":              field + "=" + token,
	} {
		r := b.Request("POST", "/", strings.NewReader(body))
		r.Header.Set("Content-Type", kind)
		var got []byte
		w := b.Serve(protect(t, csrf.Options{}).Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			got, _ = io.ReadAll(r.Body)
			if err := r.Body.Close(); err != nil {
				t.Error(err)
			}
		})), r)
		if w.Code != 200 || string(got) != body {
			t.Errorf("%s: status %d, %d bytes, want %d", kind, w.Code, len(got), len(body))
		}
	}
}

func TestAFormThatSomebodyOutsideHasParsedIsAsked(t *testing.T) {
	b := sessiontest.New(t, session.Options{}).Browser(nil)
	token := open(t, b, page)
	h := protect(t, csrf.Options{}).Handler(done)
	parsed := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseMultipartForm(1 << 20); err != nil && !errors.Is(err, http.ErrNotMultipart) {
			t.Error(err)
		}
		h.ServeHTTP(w, r)
	})
	taken := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := r.MultipartReader(); err != nil {
			t.Error(err)
		}
		h.ServeHTTP(w, r)
	})
	kind, parts := inParts(field, token)
	otherKind, others := inParts("a", "b")
	const pairs = "application/x-www-form-urlencoded"
	for _, c := range []struct {
		what, kind, body string
		h                http.Handler
		status           int
	}{
		{"multipart", kind, parts, parsed, 204},
		{"multipart without the field", otherKind, others, parsed, 403},
		{"somebody reads the parts", kind, parts, taken, 403},
		{"pairs", pairs, field + "=" + token, parsed, 204},
		{"pairs without the field", pairs, "a=b", parsed, 403},
	} {
		r := b.Request("POST", "/?"+field+"="+token, strings.NewReader(c.body))
		r.Header.Set("Content-Type", c.kind)
		want(t, c.what, b.Serve(c.h, r).Code, c.status)
	}
}

func TestWhatIsNoFormIsNotReadForAToken(t *testing.T) {
	b := sessiontest.New(t, session.Options{}).Browser(nil)
	token := open(t, b, page)
	_, parts := inParts(field, token)
	for _, kind := range []string{
		"", "text/plain", "application/json", "multipart/mixed; boundary=x", "multipart/form-data", "multipart/form-data; boundary=",
		"/", "application/x-www-form-urlencoded/2", "multipart/form-data; boundary=" + strings.Repeat("b", 5000),
	} {
		for _, body := range []string{field + "=" + token, parts} {
			r := b.Request("POST", "/", strings.NewReader(body))
			r.Header.Set("Content-Type", kind)
			want(t, kind, b.Serve(protect(t, csrf.Options{}).Handler(done), r).Code, 403)
		}
	}
}

func TestTheFieldOfAFormIsFoundWhereverItIs(t *testing.T) {
	b := sessiontest.New(t, session.Options{}).Browser(nil)
	token := open(t, b, page)
	long := strings.Repeat("l", 5000)
	for body, status := range map[string]int{
		field + "=" + token:                                    204,
		"&&=&a&" + field + "=" + token + "&":                   204,
		long + "=" + long + "&" + field + "=" + token:          204,
		"%zz=1&a=%zz&" + field + "=" + token:                   204,
		"%5f_anti-forgery%2Dtoken=" + token:                    204,
		"a=" + field + "=" + token:                             403,
		field + "=" + token + "x":                              403,
		field + "=" + token[:85]:                               403,
		field + "=&" + field + "=" + token:                     403, // the first counts
		field + "=%zz":                                         403,
		long + "&a" + field + "=" + token:                      403,
		strings.Repeat("l", 4096) + field + "=" + token:        403,
		field + "=" + token + ";" + field + "=" + token + "&a": 403,
	} {
		r := b.Request("POST", "/", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		want(t, body[max(0, len(body)-120):], b.Serve(protect(t, csrf.Options{}).Handler(done), r).Code, status)
	}
}

func TestARequestWithoutAnyBodyIsRefused(t *testing.T) {
	site := sessiontest.New(t, session.Options{})
	b := site.Browser(func(s *session.Session) { csrf.Token(s) })
	r := form(b, "")
	r.Body = nil // as frameworks that make requests by themselves leave it
	want(t, "no body", b.Serve(protect(t, csrf.Options{}).Handler(done), r).Code, 403)
}

func TestATokenInAFileOrBehindAThousandPartsIsNone(t *testing.T) {
	b := sessiontest.New(t, session.Options{}).Browser(nil)
	token := open(t, b, page)
	var text bytes.Buffer
	form := multipart.NewWriter(&text)
	part, _ := form.CreateFormFile(field, "token.txt")
	io.WriteString(part, token)
	form.Close()
	var many []string
	for range 1000 {
		many = append(many, "a", "b")
	}
	kind, parts := inParts(append(many, field, token)...)
	fewerKind, fewer := inParts(append(many[2:], field, token)...)
	for _, c := range []struct {
		what, kind, body string
		status           int
	}{
		{"a file", form.FormDataContentType(), text.String(), 403},
		{"behind 1000 parts", kind, parts, 403},
		{"behind 999 parts", fewerKind, fewer, 204},
		{"cut off", fewerKind, fewer[:strings.Index(fewer, token)+40], 403},
	} {
		r := b.Request("POST", "/", strings.NewReader(c.body))
		r.Header.Set("Content-Type", c.kind)
		want(t, c.what, b.Serve(protect(t, csrf.Options{}).Handler(done), r).Code, c.status)
	}
}

func TestAFileComesThroughARealServer(t *testing.T) {
	site := sessiontest.New(t, session.Options{})
	b := site.Browser(nil)
	token, file := open(t, b, page), bytes.Repeat([]byte("film"), 1<<20)
	p := protect(t, csrf.Options{MaxForm: 4096})
	server := httptest.NewServer(site.Manager().Handler(p.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseMultipartForm(1 << 10); err != nil {
			t.Error(err)
			return
		}
		f, _, err := r.FormFile("file")
		if err != nil {
			t.Error(err)
			return
		}
		defer f.Close()
		if got, err := io.ReadAll(f); err != nil || !bytes.Equal(got, file) {
			t.Errorf("the file has %d bytes (%v), want %d", len(got), err, len(file))
		}
		w.WriteHeader(http.StatusNoContent)
	}))))
	defer server.Close()
	var text bytes.Buffer
	form := multipart.NewWriter(&text)
	form.WriteField(field, token)
	part, _ := form.CreateFormFile("file", "film.mp4")
	part.Write(file)
	form.Close()
	r, err := http.NewRequestWithContext(t.Context(), "POST", server.URL, &text)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = b.Request("POST", "/", nil).Header
	r.Header.Set("Content-Type", form.FormDataContentType())
	answer, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	want(t, "the upload", answer.StatusCode, 204)
}
