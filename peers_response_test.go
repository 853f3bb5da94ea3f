package session_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sojourn-go/session"
)

// scs loses the cookie of a response that begins with a flush.
func TestPeers_flush_first_sends_the_cookie(t *testing.T) {
	onEverySite(t, func(t *testing.T, newPeerSite siteMaker) {
		flush := map[string]func(http.ResponseWriter) error{
			"ResponseController": func(w http.ResponseWriter) error { return http.NewResponseController(w).Flush() },
			"http.Flusher":       func(w http.ResponseWriter) error { w.(http.Flusher).Flush(); return nil },
		}
		for name, flush := range flush {
			t.Run(name, func(t *testing.T) {
				site := newPeerSite(t, session.Options{})
				v := site.visitor()
				res := v.get(func(w http.ResponseWriter, r *http.Request) {
					peerName.Set(session.From(r.Context()), "ann")
					expectError(t, "Flush", flush(w), nil)
					expect(t, "lines of Set-Cookie after the flush", len(w.Header()["Set-Cookie"]), 1)
					io.WriteString(w, "page")
				})
				expectCookies(t, res, 1)
				expect(t, "body", bodyOf(t, res), "page")
				expect(t, "name in the next request", v.name(), "ann")
			})
		}
	})
}

func TestPeers_server_sent_events_carry_the_cookie_before_the_first_event(t *testing.T) {
	onEverySite(t, func(t *testing.T, newPeerSite siteMaker) {
		site := newPeerSite(t, session.Options{})
		release := make(chan struct{})
		srv := site.listen(site.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			peerName.Set(session.From(r.Context()), "ann")
			expectError(t, "Flush", http.NewResponseController(w).Flush(), nil)
			<-release
			io.WriteString(w, "data: first\n\n")
		})))
		v := site.visitor()
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, nil)
		res := v.fetch(srv, r) // returns with the header; no event has come yet
		expectCookies(t, res, 1)
		expect(t, "name while the stream is open", v.name(), "ann")
		close(release)
		expect(t, "body", bodyOf(t, res), "data: first\n\n")
	})
}

// scs commits on a 103, sends the cookie in it, and loses what is set after it.
func TestPeers_early_hints_103_commit_nothing_and_carry_no_cookie(t *testing.T) {
	onEverySite(t, func(t *testing.T, newPeerSite siteMaker) {
		site := newPeerSite(t, session.Options{})
		srv := site.listen(site.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s := session.From(r.Context())
			peerCount.Set(s, 1)
			w.Header().Set("Link", "</style.css>; rel=preload")
			w.WriteHeader(http.StatusEarlyHints)
			expect(t, "id after the 103", s.ID(), "")
			peerName.Set(s, "ann")
			io.WriteString(w, "page")
		})))
		var hints []textproto.MIMEHeader
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
			Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
				expect(t, "informational status", code, http.StatusEarlyHints)
				hints = append(hints, h)
				return nil
			},
		})
		v := site.visitor()
		r, _ := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL, nil)
		res := v.fetch(srv, r)
		if len(hints) != 1 || hints[0].Get("Link") == "" || hints[0].Get("Set-Cookie") != "" || hints[0].Get("Vary") != "" {
			t.Errorf("informational responses: got %v, want one with the handler's Link and nothing of ours", hints)
		}
		expect(t, "status", res.StatusCode, http.StatusOK)
		expectCookies(t, res, 1)
		expect(t, "body", bodyOf(t, res), "page")
		expect(t, "name that was set after the 103", v.name(), "ann")
	})
}

// A readerFrom notes what it is asked to read from, as net/http's own writer,
// which then uses sendfile.
type readerFrom struct {
	http.ResponseWriter
	from *[]io.Reader
}

func (w readerFrom) ReadFrom(r io.Reader) (int64, error) {
	*w.from = append(*w.from, r)
	return io.Copy(w.ResponseWriter, r)
}

// scs hides io.ReaderFrom, and with it sendfile.
func TestPeers_ReadFrom_reaches_the_writer_below_after_the_commit(t *testing.T) {
	onEverySite(t, func(t *testing.T, newPeerSite siteMaker) {
		site := newPeerSite(t, session.Options{})
		var from []io.Reader
		body := strings.NewReader("page")
		w := httptest.NewRecorder()
		site.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			peerName.Set(session.From(r.Context()), "ann")
			n, err := io.Copy(w, io.LimitReader(body, 4))
			expect(t, "bytes copied", n, 4)
			expectError(t, "Copy", err, nil)
		})).ServeHTTP(readerFrom{w, &from}, site.visitor().request(http.MethodGet))
		if len(from) != 1 {
			t.Fatalf("calls of the ReadFrom below: got %d, want 1", len(from))
		}
		expectCookies(t, w.Result(), 1)
		expect(t, "body", w.Body.String(), "page")
	})
}

func TestPeers_ServeFile_hands_the_file_to_net_http_so_that_it_can_sendfile(t *testing.T) {
	onEverySite(t, func(t *testing.T, newPeerSite siteMaker) {
		site := newPeerSite(t, session.Options{})
		want := strings.Repeat("0123456789abcdef", 64<<10)
		path := filepath.Join(t.TempDir(), "video")
		if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		var from []io.Reader
		inner := site.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			peerName.Set(session.From(r.Context()), "ann")
			http.ServeFile(w, r, path)
		}))
		srv := site.listen(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, ok := w.(io.ReaderFrom); !ok {
				t.Error("net/http's writer is no io.ReaderFrom any more: there is nothing to keep")
			}
			inner.ServeHTTP(readerFrom{w, &from}, r)
		}))
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, nil)
		res := site.visitor().fetch(srv, r)
		if got := bodyOf(t, res); got != want {
			t.Errorf("body: got %d bytes, want the %d of the file", len(got), len(want))
		}
		expectCookies(t, res, 1)
		if len(from) != 1 {
			t.Fatalf("calls of ReadFrom: got %d, want 1", len(from))
		}
		limited, _ := from[0].(*io.LimitedReader)
		if limited == nil {
			t.Fatalf("ReadFrom: got a %T, want the *io.LimitedReader that net/http unwraps", from[0])
		}
		if _, ok := limited.R.(*os.File); !ok {
			t.Errorf("ReadFrom: got a limited %T, want *os.File", limited.R)
		}
	})
}

func TestPeers_over_HTTP2_the_cookie_is_set_and_flush_works(t *testing.T) {
	onEverySite(t, func(t *testing.T, newPeerSite siteMaker) {
		site := newPeerSite(t, session.Options{})
		release := make(chan struct{})
		srv := httptest.NewUnstartedServer(site.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s := session.From(r.Context())
			if s.IsNew() {
				peerName.Set(s, "ann")
				expectError(t, "Flush", http.NewResponseController(w).Flush(), nil)
				<-release
			}
			_, hijacks := w.(http.Hijacker)
			expect(t, "claims to hijack over HTTP/2", hijacks, false)
			io.WriteString(w, r.Proto+" "+peerName.Get(s))
		})))
		srv.EnableHTTP2 = true
		srv.StartTLS()
		t.Cleanup(srv.Close)
		v := site.visitor()
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, nil)
		res := v.fetch(srv, r)
		expectCookies(t, res, 1)
		close(release)
		expect(t, "body", bodyOf(t, res), "HTTP/2.0 ann")
		r, _ = http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, nil)
		res = v.fetch(srv, r)
		expect(t, "body", bodyOf(t, res), "HTTP/2.0 ann")
		expectCookies(t, res, 0)
	})
}
