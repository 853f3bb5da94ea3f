package csrf_test

import (
	"bytes"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/csrf"
	"github.com/sojourn-go/session/sessiontest"
)

// Whatever is sent as a token: it is accepted exactly if it is one spelling of a
// mask and the session's digest under it.
func FuzzToken(f *testing.F) {
	b := sessiontest.New(f, session.Options{}).Browser(nil)
	good := open(f, b, page)
	digest := bare(f, good)
	zeros := base64.RawURLEncoding.EncodeToString(append(make([]byte, 32), digest...))
	for _, seed := range []string{good, zeros, good + "=", good[:85], good[:85] + string(good[85]+1), good[:43] + "\n" + good[43:], strings.Repeat("\n", 86), "\n" + good[1:], good[:85] + "\n", "", strings.Repeat("A", 86), strings.Repeat("=", 86)} {
		f.Add(seed)
	}
	h := protect(f, csrf.Options{}).Handler(done)
	f.Fuzz(func(t *testing.T, token string) {
		text, err := base64.RawURLEncoding.DecodeString(token)
		valid := err == nil && len(text) == 64 && base64.RawURLEncoding.EncodeToString(text) == token
		for i := 0; valid && i < 32; i++ {
			valid = text[i]^text[32+i] == digest[i]
		}
		r := b.Request("POST", "/", nil)
		r.Header["X-Csrf-Token"] = []string{token}
		status := http.StatusForbidden
		if valid {
			status = http.StatusNoContent
		}
		want(t, token, b.Serve(h, r).Code, status)
	})
}

// Whatever comes as a form: the answer is 403, or the handler's, who gets all of
// the body. What net/http reads a token in, is accepted. (VALID stands for it.)
func FuzzForm(f *testing.F) {
	b := sessiontest.New(f, session.Options{}).Browser(nil)
	good := open(f, b, page)
	kind, parts := inParts("a", "b", field, "VALID", "c", "d")
	const pairs = "application/x-www-form-urlencoded"
	f.Add(kind, []byte(parts))
	f.Add(kind, []byte(parts[:len(parts)/2]))
	f.Add(pairs, []byte("a=b&"+field+"=VALID&c"))
	f.Add(pairs, []byte("%zz&;&=&"+field+"=%zz"))
	f.Add(pairs+"; charset=x", []byte(field+"=VALID"))
	f.Add("multipart/form-data; boundary=x", []byte("--x\r\nContent-Disposition: form-data; name="+field+"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nVALID\r\n--x--"))
	f.Add("multipart/form-data; boundary=\"\"", []byte("----"))
	p := protect(f, csrf.Options{MaxForm: 1 << 16})
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		hasToken := bytes.Contains(body, []byte("VALID"))
		body = bytes.ReplaceAll(body, []byte("VALID"), []byte(good))
		r := b.Request("POST", "/", bytes.NewReader(body))
		r.Header["Content-Type"] = []string{kind}
		w := b.Serve(p.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if got, err := io.ReadAll(r.Body); err != nil || !bytes.Equal(got, body) {
				t.Errorf("the handler gets %q (%v) of %q", got, err, body)
			}
			w.WriteHeader(http.StatusNoContent)
		})), r)
		plain := httptest.NewRequest("POST", "/", bytes.NewReader(body))
		plain.Header["Content-Type"] = []string{kind}
		err := plain.ParseMultipartForm(1 << 20)
		found := (err == nil || err == http.ErrNotMultipart) && plain.PostForm.Get(field) == good
		if w.Code != 403 && w.Code != 204 || found && w.Code != 204 || w.Code == 204 && !hasToken {
			t.Errorf("%q, %q: got %d; net/http finds the token: %v", kind, body, w.Code, found)
		}
	})
}
