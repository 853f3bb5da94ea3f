package csrf_test

import (
	"net/http"
	"testing"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/csrf"
	"github.com/sojourn-go/session/sessiontest"
)

// Of a DELETE, ParseForm leaves the body, and its PostForm is empty: the form
// was refused where somebody outside had asked for r.FormValue.
func TestAFormInAnyMethodIsReadWhetherOrNotSomebodyOutsideHasAskedForIt(t *testing.T) {
	b := sessiontest.New(t, session.Options{}).Browser(nil)
	token := open(t, b, page)
	h := protect(t, csrf.Options{}).Handler(done)
	asked := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.FormValue("a")
		h.ServeHTTP(w, r)
	})
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "PROPFIND"} {
		for token, status := range map[string]int{token: 204, "x": 403} {
			for _, h := range []http.Handler{h, asked} {
				r := form(b, token)
				r.Method = method
				want(t, method, b.Serve(h, r).Code, status)
			}
		}
	}
}
