package session_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sojourn-go/session"
)

// doors are all the ways in which a handler begins its response.
var doors = map[string]func(http.ResponseWriter) error{
	"WriteHeader": func(w http.ResponseWriter) error { w.WriteHeader(http.StatusCreated); return io.EOF },
	"Write":       func(w http.ResponseWriter) error { _, err := w.Write([]byte("order 42 placed")); return err },
	"WriteString": func(w http.ResponseWriter) error { _, err := io.WriteString(w, "order 42 placed"); return err },
	"ReadFrom":    func(w http.ResponseWriter) error { return readFrom(w, "order 42 placed") },
	"Flush":       func(w http.ResponseWriter) error { return http.NewResponseController(w).Flush() },
	"101":         func(w http.ResponseWriter) error { w.WriteHeader(http.StatusSwitchingProtocols); return io.EOF },
	"return":      func(http.ResponseWriter) error { return io.EOF },
}

func readFrom(w http.ResponseWriter, text string) error {
	_, err := w.(io.ReaderFrom).ReadFrom(strings.NewReader(text))
	return err
}

// scs answers "Internal Server Error\norder 42 placed", under the handler's own
// headers.
func TestPeers_a_failed_commit_answers_alone_and_carries_no_header_of_the_handlers(t *testing.T) {
	for name, begin := range doors {
		t.Run(name, func(t *testing.T) {
			onEverySiteInTime(t, func(t *testing.T, newPeerSite siteMaker) {
				site := newPeerSite(t, session.Options{})
				site.store.saveFail.Store(true)
				res := site.visitor().post(func(w http.ResponseWriter, r *http.Request) {
					expectError(t, "Login", session.From(r.Context()).Login("ann"), nil)
					for _, name := range handlersOwn {
						w.Header().Set(name, "x")
					}
					w.Header().Set("Cache-Control", "public, max-age=3600")
					http.SetCookie(w, &http.Cookie{Name: "theme", Value: "dark"})
					if begin(w) == nil {
						t.Errorf("%s: got no error, want one", name)
					}
				})
				expectFailure(t, res, http.StatusServiceUnavailable)
				expect(t, "Content-Type", res.Header.Get("Content-Type"), "text/plain; charset=utf-8")
				for _, name := range handlersOwn {
					if got := res.Header.Get(name); got == "x" {
						t.Errorf("%s: got the handler's, want it gone", name)
					}
				}
				expectCookies(t, res, 0)
			})
		})
	}
}

var handlersOwn = []string{
	"Content-Type", "Content-Length", "Content-Encoding", "Content-Disposition", "Content-Range", "Content-Language",
	"Etag", "Last-Modified", "Expires", "Location", "Link", "Trailer", http.TrailerPrefix + "Checksum",
}

func TestPeers_a_failed_commit_refuses_all_later_writes(t *testing.T) {
	onEverySiteInTime(t, func(t *testing.T, newPeerSite siteMaker) {
		site := newPeerSite(t, session.Options{})
		site.store.saveFail.Store(true)
		res := site.visitor().get(func(w http.ResponseWriter, r *http.Request) {
			expectError(t, "Login", session.From(r.Context()).Login("ann"), nil)
			w.WriteHeader(http.StatusCreated)
			for name, begin := range doors {
				if begin(w) == nil {
					t.Errorf("%s after the failure: got no error, want one", name)
				}
			}
		})
		expectFailure(t, res, http.StatusServiceUnavailable)
	})
}

func TestPeers_a_failed_commit_keeps_what_outer_middleware_set(t *testing.T) {
	handlers := map[string]func(w http.ResponseWriter){
		"the handler adds a cookie": func(w http.ResponseWriter) {
			http.SetCookie(w, &http.Cookie{Name: "theme", Value: "dark"})
		},
		"the handler replaces all cookies": func(w http.ResponseWriter) {
			w.Header().Set("Set-Cookie", "theme=dark")
			w.Header().Add("Set-Cookie", "font=large")
		},
		"the handler deletes all cookies": func(w http.ResponseWriter) { w.Header().Del("Set-Cookie") },
	}
	for name, handle := range handlers {
		t.Run(name, func(t *testing.T) {
			onEverySiteInTime(t, func(t *testing.T, newPeerSite siteMaker) {
				site := newPeerSite(t, session.Options{})
				site.store.saveFail.Store(true)
				inner := site.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					handle(w)
					expectError(t, "Login", session.From(r.Context()).Login("ann"), nil)
				}))
				v := site.visitor()
				res := v.send(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					http.SetCookie(w, &http.Cookie{Name: "lb", Value: "node-1"})
					w.Header().Set("Strict-Transport-Security", "max-age=63072000")
					w.Header().Set("Content-Security-Policy", "default-src 'self'")
					inner.ServeHTTP(w, r)
				}), v.request(http.MethodGet))
				expectFailure(t, res, http.StatusServiceUnavailable)
				for _, line := range res.Header["Set-Cookie"] {
					if !strings.HasPrefix(line, "lb=") {
						t.Errorf("Set-Cookie: got the handler's %q, want none but the outer middleware's", line)
					}
				}
				if !strings.Contains(name, "all") {
					expectCookies(t, res, 1)
				}
				expect(t, "Strict-Transport-Security", res.Header.Get("Strict-Transport-Security"), "max-age=63072000")
				expect(t, "Content-Security-Policy", res.Header.Get("Content-Security-Policy"), "default-src 'self'")
			})
		})
	}
}

// Headers set after the response are nobody's with net/http, but a writer that
// buffers, as http.TimeoutHandler's, sends what it finds at the end.
func TestPeers_a_failed_commit_keeps_out_what_the_handler_sets_afterwards(t *testing.T) {
	onEverySite(t, func(t *testing.T, newPeerSite siteMaker) {
		site := newPeerSite(t, session.Options{Timeout: 10 * time.Millisecond})
		site.store.saveFail.Store(true)
		inner := site.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			expectError(t, "Login", session.From(r.Context()).Login("ann"), nil)
			io.WriteString(w, "order 42 ")
			w.Header().Set("Etag", `"42"`)
			w.Header().Set("Cache-Control", "public")
			w.Header().Set(http.TrailerPrefix+"Checksum", "42")
			http.SetCookie(w, &http.Cookie{Name: "theme", Value: "dark"})
			io.WriteString(w, "placed")
		}))
		for name, h := range map[string]http.Handler{
			"net/http":            inner,
			"http.TimeoutHandler": http.TimeoutHandler(inner, time.Minute, "too slow"),
		} {
			t.Run(name, func(t *testing.T) {
				srv := site.listen(h)
				r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, nil)
				res := site.visitor().fetch(srv, r)
				expectFailure(t, res, http.StatusServiceUnavailable)
				expectCookies(t, res, 0)
				expect(t, "Etag", res.Header.Get("Etag"), "")
				expect(t, "number of trailers", len(res.Trailer), 0)
			})
		}
	})
}
