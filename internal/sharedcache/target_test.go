package sharedcache_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sojourn-go/session/internal/sharedcache"
)

// Section 2.
func TestTheTargetURIIsTheKey(t *testing.T) {
	in(t, sharedcache.Options{}, func(s *scene) {
		s.says(200, "Cache-Control: max-age=60")
		urls := []string{"https://example.com/", "http://example.com/", "https://example.org/", "https://example.com/?q", "https://example.com/a"}
		for i := range 2 * len(urls) {
			w := httptest.NewRecorder()
			s.cache.ServeHTTP(w, httptest.NewRequest("GET", urls[i%len(urls)], nil))
			want(t, urls[i%len(urls)], w.Body.String(), fmt.Sprint("page ", i%len(urls)+1))
		}
	})
}

// Section 4.4, and RFC 9110, section 9.2.1.
func TestAnUnsafeRequestThatWentWellInvalidatesWhatItChanged(t *testing.T) {
	in(t, sharedcache.Options{}, func(s *scene) {
		all := []string{"/", "/list", "/item", "/else"}
		fill := func() {
			s.says(200, "Cache-Control: max-age=60")
			for _, path := range all {
				s.sends("GET", path)
				s.gets(hit, path)
			}
		}
		for _, c := range []struct {
			status int
			method string
			gone   string
		}{
			{200, "POST", "/ /list /item"}, {303, "DELETE", "/ /list /item"}, {200, "UNKNOWN", "/ /list /item"},
			{404, "POST", ""}, {500, "PUT", ""}, {200, "OPTIONS", ""}, {200, "HEAD", ""},
		} {
			fill()
			s.says(c.status, "Location: https://example.com/list", "Content-Location: item", "Cache-Control: max-age=60")
			s.sends(c.method, "/")
			s.says(200, "Cache-Control: max-age=60")
			for _, path := range all {
				how := hit
				if strings.Contains(" "+c.gone+" ", " "+path+" ") {
					how = stored
				}
				s.gets(how, path)
			}
		}
		fill()
		s.says(200, "Location: https://example.org/list")
		s.sends("POST", "/x")
		s.gets(hit, "/list")
	})
}

// Sections 2 and 4: the method is part of what is stored; RFC 9110, section 9.3.2.
func TestOnlyGETIsStoredAndItAnswersHEADToo(t *testing.T) {
	in(t, sharedcache.Options{}, func(s *scene) {
		s.says(200, "Cache-Control: max-age=60", "X: y")
		for _, method := range []string{"POST", "PUT", "OPTIONS", "HEAD"} {
			s.sends(method, "/")
		}
		s.gets(stored, "/")
		res := s.sends("HEAD", "/")
		want(t, "HEAD", res.Header.Get("Cache-Status")+" "+res.Header.Get("X"), "sharedcache; hit y")
		want(t, "its body", body(t, res), "")
		s.gets(passed, "/", "Range: bytes=0-1")
		s.gets(passed, "/", `If-Match: "x"`)
		s.gets(hit, "/")
	})
}

// Section 3.1.
func TestWhatIsBetweenNeighboursIsNotStored(t *testing.T) {
	in(t, sharedcache.Options{}, func(s *scene) {
		s.says(200, "Cache-Control: max-age=60", "Connection: X-Hop", "X-Hop: 1", "Keep-Alive: 5", "X-End: 1")
		s.gets(stored, "/")
		h := s.gets(hit, "/").Header
		want(t, "hops", h.Get("Connection")+h.Get("X-Hop")+h.Get("Keep-Alive"), "")
		want(t, "end", h.Get("X-End"), "1")
	})
}
