package flash

import (
	"net/http"
	"strings"

	"github.com/sojourn-go/session"
)

// Handler has requests whose answers nobody may ever see keep what they read,
// as with Keep: those with the method HEAD, which a pattern "GET /" serves too,
// and those that a browser makes before it is asked to (Sec-Purpose: prefetch,
// of the Fetch standard; Purpose: prefetch of Chromium's link elements). If the
// visitor does open a page that was fetched before, its messages are on it, and
// on the next page once more.
//
// It goes inside of Manager.Handler. Without it everything else works.
func Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if ahead(r) {
			if s, ok := session.Lookup(r.Context()); ok {
				keeping.Set(s, true)
			}
		}
		next.ServeHTTP(w, r)
	})
}

func ahead(r *http.Request) bool {
	return r.Method == http.MethodHead ||
		strings.HasPrefix(r.Header.Get("Sec-Purpose"), "prefetch") || // "prefetch;prerender"
		r.Header.Get("Purpose") == "prefetch"
}
