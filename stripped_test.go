package session_test

import (
	"net/http"
	"testing"

	"github.com/sojourn-go/session"
)

// The handler had its page kept by nginx and a CDN; then its session could not be
// kept, and the answer is another one, which nobody is to keep for ten minutes.
func TestA_failure_is_answered_without_what_the_handler_told_caches(t *testing.T) {
	fields := map[string]string{
		"X-Accel-Expires": "600", "Edge-Control": "max-age=600", "Surrogate-Control": "max-age=600",
		"CDN-Cache-Control": "max-age=600", "Cache-Control": "public, max-age=600", "Expires": "Thu, 01 Jan 2099 00:00:00 GMT",
	}
	everywhere(t, func(t *testing.T, newLab labMaker) {
		l := newLab(t, session.Options{})
		v, keeps := l.login("ann"), true
		page := func(w http.ResponseWriter, r *http.Request) {
			for name, value := range fields {
				w.Header().Set(name, value)
			}
			if !keeps {
				session.NewKey[chan int]("channel").Set(session.From(r.Context()), nil) // cannot be encoded
			}
			w.WriteHeader(http.StatusOK)
		}
		res := sendRaw(v, page)
		want(t, "status", res.StatusCode, http.StatusOK)
		want(t, "X-Accel-Expires of the page", res.Header.Get("X-Accel-Expires"), "600")
		keeps = false
		res = sendRaw(v, page)
		want(t, "status", res.StatusCode, http.StatusInternalServerError)
		for name := range fields {
			want(t, name, res.Header.Get(name), map[bool]string{true: "no-store"}[name == "Cache-Control"])
		}
	})
}

// The page of an owner, of which the handler says that a CDN may keep it: what it
// says to CDNs alone is not there, or there is an event.
func TestAn_owners_page_is_not_for_CDNs_unheard(t *testing.T) {
	everywhere(t, func(t *testing.T, newLab labMaker) {
		for _, field := range []string{"CDN-Cache-Control", "Surrogate-Control", "Edge-Control", "X-Accel-Expires"} {
			l := newLab(t, session.Options{})
			res := sendRaw(l.login("ann"), func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set(field, "public, max-age=60")
				w.Write([]byte("for " + session.From(r.Context()).Owner()))
			})
			if got := res.Header.Get(field); got != "" && l.count(session.Exposed) == 0 {
				t.Errorf("%s: %s beside Cache-Control: %s, and no event", field, got, res.Header.Get("Cache-Control"))
			}
		}
	})
}
