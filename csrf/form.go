package csrf

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
)

// With more parts than this before the token, a form has none. It is what
// net/http reads of one, too.
const maxParts = 1000

// fromForm returns what the form field holds, "" if there is none. Where
// somebody outside has parsed the form already, that is asked. Otherwise the
// body is read as far as the field, and put back. The query is never looked at:
// addresses get into logs and into Referer.
func (p *Protection) fromForm(r *http.Request) string {
	if r.MultipartForm != nil {
		if values := r.MultipartForm.Value[p.opts.Field]; len(values) > 0 {
			return values[0]
		}
		return ""
	}
	// A parameter that is malformed is nobody's, to net/http either.
	kind, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case r.Body == nil:
	case kind == "application/x-www-form-urlencoded" && r.PostForm != nil && parsed(r.Method):
		return r.PostForm.Get(p.opts.Field)
	case kind == "application/x-www-form-urlencoded":
		return p.peek(r, inURLEncoded)
	case kind == "multipart/form-data":
		return p.peek(r, func(body io.Reader, field string) string {
			return inMultipart(body, params["boundary"], field)
		})
	}
	return ""
}

// parsed reports whether net/http's ParseForm reads the body of such a request.
// Of any other, a DELETE say, it makes an empty PostForm, and leaves the body.
func parsed(method string) bool {
	return method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch
}

// peek shows find the beginning of the body, and puts back what it has read.
func (p *Protection) peek(r *http.Request, find func(body io.Reader, field string) string) string {
	var seen bytes.Buffer
	body := r.Body
	token := find(io.TeeReader(io.LimitReader(body, p.opts.MaxForm), &seen), p.opts.Field)
	r.Body = &replayed{io.MultiReader(&seen, body), body}
	return token
}

// A replayed is a body with what was read of it put back.
type replayed struct {
	io.Reader
	io.Closer
}

// inURLEncoded finds a field among name=value pairs with & between them (WHATWG
// URL, section 5.1). Pairs too long to be it are passed over.
func inURLEncoded(body io.Reader, field string) string {
	pairs := bufio.NewReader(body)
	for long := false; ; {
		pair, err := pairs.ReadSlice('&')
		if errors.Is(err, bufio.ErrBufferFull) {
			long = true
			continue
		}
		if err != nil && err != io.EOF {
			return ""
		}
		if !long {
			name, value, _ := bytes.Cut(bytes.TrimSuffix(pair, []byte("&")), []byte("="))
			if text, bad := url.QueryUnescape(string(name)); bad == nil && text == field {
				token, _ := url.QueryUnescape(string(value))
				return token
			}
		}
		if err != nil {
			return ""
		}
		long = false
	}
}

// inMultipart finds a field that is no file (RFC 7578).
func inMultipart(body io.Reader, boundary, field string) string {
	parts := multipart.NewReader(body, boundary)
	for range maxParts {
		part, err := parts.NextPart()
		if err != nil {
			return ""
		}
		if part.FormName() == field && part.FileName() == "" {
			token, _ := io.ReadAll(io.LimitReader(part, tokenLen+1))
			return string(token)
		}
	}
	return ""
}
