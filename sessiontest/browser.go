package sessiontest

import (
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"

	"github.com/sojourn-go/session"
)

// A Browser is a visitor of the site under test. It keeps cookies by their
// names until they expire, and sends them with every request: of paths and
// domains, which a handler does not see either, it knows nothing.
//
// It may be used by several goroutines at once, for requests that overlap;
// Change and Read, which can fail the test at once, only by the test's own.
type Browser struct {
	site *Site

	mu  sync.Mutex
	jar jar
}

// Request returns a request as [httptest.NewRequest] does, with the browser's
// cookies. A target without a host is one of https://localhost, where every
// manager serves, one with Options.Insecure too.
func (br *Browser) Request(method, target string, body io.Reader) *http.Request {
	r := httptest.NewRequest(method, target, body)
	if strings.HasPrefix(target, "/") {
		r.Host = "localhost"
		r.TLS = &tls.ConnectionState{Version: tls.VersionTLS13, HandshakeComplete: true, ServerName: r.Host}
	}
	br.mu.Lock()
	defer br.mu.Unlock()
	br.jar.send(r)
	return r
}

// Serve has h answer the request, with the manager around it, and keeps the
// cookies of the answer. A handler that passes requests to the manager's
// Handler by itself may be given too. A panic passes through.
func (br *Browser) Serve(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	br.site.manager.Handler(h).ServeHTTP(w, r)
	br.Keep(w.Result())
	return w
}

// Keep keeps the cookies of an answer that came about otherwise than by Serve.
// It leaves the body alone.
func (br *Browser) Keep(answer *http.Response) {
	br.mu.Lock()
	defer br.mu.Unlock()
	br.jar.keep(answer)
}

// Change changes the browser's session as a request of its own would, and
// keeps the cookie. If the changes cannot be kept, it fails the test at once.
func (br *Browser) Change(change func(*session.Session)) {
	br.site.tb.Helper()
	m := br.site.manager
	// Not a safe method: to one of those, changes to an ended session would
	// be no failure.
	r := br.Request(http.MethodPost, "/", nil)
	s := m.Load(r)
	change(s)
	h := http.Header{}
	err := m.Commit(r.Context(), h, s)
	br.Keep(&http.Response{Header: h})
	if err != nil {
		br.site.tb.Fatalf("sessiontest: the session could not be prepared: %v", err)
	}
}

// Read shows the session as the browser's next request would see it. What look
// changes is not kept. A session that cannot be loaded fails the test at once.
//
// After a sign-out the session is new and empty. Of one that was ended or
// renewed elsewhere, while the browser still holds its cookie, s.Reload tells:
// it returns session.ErrEnded or session.ErrSuperseded.
func (br *Browser) Read(look func(*session.Session)) {
	br.site.tb.Helper()
	s := br.site.manager.Load(br.Request(http.MethodGet, "/", nil))
	if err := s.Err(); err != nil {
		br.site.tb.Fatalf("sessiontest: the session could not be read: %v", err)
	}
	look(s)
}
