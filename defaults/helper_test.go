package defaults_test

import (
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/defaults"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/memstore"
)

var quiet = slog.New(slog.DiscardHandler)

// four are the four configurations by name.
var four = map[string]func() defaults.Config{
	"Site": defaults.Site, "SecureSite": defaults.SecureSite, "API": defaults.API, "SecureAPI": defaults.SecureAPI,
}

func newStore() store.Store { return memstore.New(memstore.Options{}) }

// wrap puts c around next, with a store in memory if c has sessions.
func wrap(tb testing.TB, c defaults.Config, next http.HandlerFunc) http.Handler {
	tb.Helper()
	var st store.Store
	if c.Session != nil {
		st = newStore()
		if c.Session.Logger == nil {
			c.Session.Logger = quiet
		}
	}
	h, err := c.Handler(st, next)
	if err != nil {
		tb.Fatal(err)
	}
	return h
}

// over is a server of h, and a client of it that follows no redirect.
func over(t *testing.T, h http.Handler, withTLS bool) (base string, client *http.Client) {
	t.Helper()
	server := httptest.NewUnstartedServer(h)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	if withTLS {
		server.EnableHTTP2 = true
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	client = server.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return server.URL, client
}

func get(t *testing.T, client *http.Client, url string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return do(t, client, r)
}

func do(t *testing.T, client *http.Client, r *http.Request) *http.Response {
	t.Helper()
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		t.Fatal(err)
	}
	return answer
}

func prefixes(texts ...string) (all []netip.Prefix) {
	for _, text := range texts {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}

// A sight is what a handler sees of a request.
type sight struct{ addr, host, scheme string }

// sightOf returns the zero sight of a request that did not come in.
func sightOf(r *http.Request) sight {
	if r == nil {
		return sight{}
	}
	return sight{r.RemoteAddr, r.Host, defaults.Scheme(r)}
}

// seen sends a request through c and returns what the handler got, nil if it
// did not run.
func seen(tb testing.TB, c defaults.Config, r *http.Request) (got *http.Request, w *httptest.ResponseRecorder) {
	tb.Helper()
	w = httptest.NewRecorder()
	wrap(tb, c, func(_ http.ResponseWriter, r *http.Request) { got = r }).ServeHTTP(w, r)
	return got, w
}

// request is one from peer, over TLS or not, with these header lines.
func request(peer string, withTLS bool, h http.Header) *http.Request {
	r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/page?a=b", nil)
	r.RemoteAddr, r.Host = peer, "example.com"
	if withTLS {
		r.TLS = &tls.ConnectionState{}
	}
	if h != nil {
		r.Header = h
	}
	return r
}

var visits = session.NewKey[int]("visits")
