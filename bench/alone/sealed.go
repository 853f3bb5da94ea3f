package alone

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/seal"
)

// ownLength returns the length of the cookie's value for a sealed session
// whose record has 200 bytes, by way of the whole middleware.
func ownLength() (int, error) {
	keys, err := seal.NewKeys(seal.NewKey())
	if err != nil {
		return 0, err
	}
	m, err := session.NewSealed(keys, session.Options{})
	if err != nil {
		return 0, err
	}
	for n := 2; n < payloadLength; n++ {
		cookie := signIn(m, text(n))
		bytes := 0
		m.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			bytes = session.From(r.Context()).Info().Bytes
		})).ServeHTTP(httptest.NewRecorder(), request(cookie))
		if bytes == payloadLength {
			_, value, _ := strings.Cut(cookie, "=")
			return len(value), nil
		}
	}
	return 0, errors.New("no sealed session has a record of 200 bytes")
}

// signIn returns the cookie of a new session that holds value.
func signIn(m *session.Manager, value string) string {
	w := httptest.NewRecorder()
	m.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		session.NewKey[string]("name").Set(session.From(r.Context()), value)
	})).ServeHTTP(w, request(""))
	cookie, _, _ := strings.Cut(w.Header().Get("Set-Cookie"), ";")
	return cookie
}

func request(cookie string) *http.Request {
	r := httptest.NewRequest("GET", "https://example.com/", nil)
	if cookie != "" {
		r.Header.Set("Cookie", cookie)
	}
	return r
}
