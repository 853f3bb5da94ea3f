package sharedcache_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session/internal/sharedcache"
)

// An origin answers as it is told, with the number of the request as its page.
type origin struct {
	status   int         // 0: 200
	header   http.Header // of each answer
	requests []*http.Request
}

func (o *origin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.requests = append(o.requests, r)
	maps.Copy(w.Header(), o.header)
	if tag := o.header.Get("Etag"); tag != "" && strings.Contains(r.Header.Get("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if o.status != 0 {
		w.WriteHeader(o.status)
	}
	fmt.Fprintf(w, "page %d", len(o.requests))
}

// A scene is a cache before an origin.
type scene struct {
	t *testing.T
	*origin
	cache *sharedcache.Cache
}

// in runs a test with a clock that it turns, once for a cache with these
// options.
func in(t *testing.T, o sharedcache.Options, test func(s *scene)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &scene{t: t, origin: &origin{header: http.Header{}}}
		s.cache = sharedcache.New(s.origin, o)
		test(s)
	})
}

// says has the origin answer with these fields, each "Name: value", from now on.
func (s *scene) says(status int, fields ...string) {
	s.status, s.header = status, headers(fields)
}

func headers(fields []string) http.Header {
	h := http.Header{}
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ": ")
		h.Add(name, value)
	}
	return h
}

func (s *scene) sends(method, path string, fields ...string) *http.Response {
	r := httptest.NewRequest(method, "https://example.com"+path, nil)
	r.Header = headers(fields)
	w := httptest.NewRecorder()
	s.cache.ServeHTTP(w, r)
	return w.Result()
}

// gets fetches a page, and wants it to come about as told in Cache-Status.
func (s *scene) gets(how, path string, fields ...string) *http.Response {
	s.t.Helper()
	res := s.sends("GET", path, fields...)
	if got := strings.TrimPrefix(res.Header.Get("Cache-Status"), "sharedcache; "); got != how {
		s.t.Errorf("GET %s %v of an origin that says %v: got %q, want %q", path, fields, s.header, got, how)
	}
	return res
}

func body(t *testing.T, res *http.Response) string {
	t.Helper()
	var b strings.Builder
	if err := res.Write(&b); err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(b.String(), "\r\n\r\n")
	return text
}

func want[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// at is a point in time from now, as fields have it.
func at(d time.Duration) string { return time.Now().Add(d).UTC().Format(http.TimeFormat) }
