package main

import (
	"context"
	"html/template"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/csrf"
	"github.com/sojourn-go/session/fresh"
)

// home is what the first page shows.
type home struct {
	Sealed bool
	Owner  string
	Visits int
	Field  template.HTML // of the form to sign out with
}

func (s *site) home(w http.ResponseWriter, r *http.Request) {
	sess := session.From(r.Context())
	h := home{Sealed: s.sealed}
	if sess.Owner() != "" { // a token for nobody would be a session for nothing
		var err error
		if h.Field, err = csrf.Field(sess); err != nil {
			s.failed(w, r, err)
			return
		}
	}
	if r.Method == http.MethodGet { // the pattern takes HEAD too
		// Who comes with the token of a session that has ended just now gets the
		// page all the same, as a stranger; nothing of the visit is kept.
		if err := s.count(r.Context(), sess); err != nil && session.StatusCode(err) >= 500 {
			s.failed(w, r, err)
			return
		}
	}
	h.Owner, h.Visits = sess.Owner(), visits.Get(sess)
	s.show(w, r, http.StatusOK, "home", view{Title: "Your visits", Here: "/", Data: h})
}

// count counts a visit, and keeps it before anything is said of it: after the
// commit the number is this visit's alone, and until then another request may
// have got the same.
func (s *site) count(ctx context.Context, sess *session.Session) error {
	visits.Update(sess, func(n int) int { return n + 1 })
	err := sess.Commit(ctx)
	if err != nil {
		s.log.LogAttrs(ctx, levelOf(err), "a visit was not counted", slog.String("id", sess.ID()), slog.String("err", err.Error()))
	}
	return err
}

// A shownCookie is one that the browser sent, as far as it may be shown.
type shownCookie struct {
	Name, Value string
	Secret      bool
	Length      int
}

func (s *site) cookies(w http.ResponseWriter, r *http.Request) {
	var all []shownCookie
	for _, c := range r.Cookies() {
		if isCredential(c) {
			all = append(all, shownCookie{Name: c.Name, Secret: true, Length: len(c.Value)})
		} else {
			all = append(all, shownCookie{Name: c.Name, Value: c.Value})
		}
	}
	// The session is not asked here, so nobody else tells caches.
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Vary", "Cookie")
	s.pages.write(w, http.StatusOK, "cookies", view{Title: "Your cookies", Here: "/cookies", Data: struct {
		Cookies  []shownCookie
		Insecure bool
		Sealed   bool
	}{all, s.insecure, s.sealed}})
}

// isCredential reports whether a cookie's value must not be shown: whoever
// photographs the screen would be signed in. Cookies do not know ports, so the
// token or sealed session of another program on this machine counts as well.
func isCredential(c *http.Cookie) bool {
	const base64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return c.Name == "session" || strings.EqualFold(c.Name, "__Host-Http-session") ||
		len(c.Value) >= 64 && strings.Trim(c.Value, base64url) == ""
}

// A stay is what is known of a session.
type stay struct {
	session.Info
	Sealed bool
	Fresh  time.Time // until when the login is recent; zero: it is not
}

func (s *site) session(w http.ResponseWriter, r *http.Request) {
	sess := session.From(r.Context())
	known := stay{Info: sess.Info(), Sealed: s.sealed}
	if fresh.Is(sess, recent) {
		known.Fresh = known.Authenticated.Add(recent)
	}
	s.show(w, r, http.StatusOK, "session", view{Title: "Your session", Here: "/session", Data: known})
}

// noDevices is "your sessions" where there is no list of them.
func (s *site) noDevices(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusOK, "unlisted", view{Title: "Your sessions", Here: "/sessions"})
}
