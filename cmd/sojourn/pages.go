package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/sojourn-go/session"
)

// home is what the first page shows.
type home struct {
	Sealed bool
	Owner  string
	Visits int
	Name   string // as it was typed
	Fault  string // why it was not taken
}

func (s *site) home(w http.ResponseWriter, r *http.Request) {
	sess := session.From(r.Context())
	if r.Method == http.MethodGet { // the pattern takes HEAD too
		// Who comes with the token of a session that has ended just now gets the
		// page all the same, as a stranger; nothing of the visit is kept.
		if err := s.count(r.Context(), sess); err != nil && session.StatusCode(err) >= 500 {
			s.failed(w, r, err)
			return
		}
	}
	s.showHome(w, http.StatusOK, home{Owner: sess.Owner(), Visits: visits.Get(sess)})
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

func (s *site) showHome(w http.ResponseWriter, status int, h home) {
	title := "Your visits"
	if h.Fault != "" {
		title = "Not signed in yet"
	}
	h.Sealed = s.sealed
	s.pages.write(w, status, "home", view{Title: title, Here: "/", Data: h})
}

func (s *site) login(w http.ResponseWriter, r *http.Request) {
	sess := session.From(r.Context())
	name, err := formName(w, r)
	if err == nil {
		err = sess.Login(name)
	}
	if err != nil {
		s.showHome(w, http.StatusUnprocessableEntity, home{
			Owner: sess.Owner(), Visits: visits.Get(sess), Name: name, Fault: nameFault(name, err),
		})
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (s *site) logout(w http.ResponseWriter, r *http.Request) {
	session.From(r.Context()).End()
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// maxForm is far more than a name, so that one which is too long can be shown
// again, to be shortened.
const maxForm = 64 << 10

// formName returns the form field name, of a body of either kind.
func formName(w http.ResponseWriter, r *http.Request) (string, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return "", err
	}
	if err := r.ParseMultipartForm(maxForm); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		return "", err
	}
	return strings.TrimSpace(r.PostFormValue("name")), nil
}

// nameFault says what is wrong with a name that was not taken.
func nameFault(name string, err error) string {
	_, large := errors.AsType[*http.MaxBytesError](err)
	switch {
	case large:
		return "That name is far too long: at most 255 bytes fit."
	case len(name) > 255:
		return "That name is too long: at most 255 bytes fit, and letters beyond ASCII take two to four each."
	case !utf8.ValidString(name) || strings.Contains(name, "\x00"):
		return "That name holds bytes that are no text. Please type it again."
	case name == "":
		return "Please type a name: any will do."
	}
	return "That name cannot be taken. Please try another one."
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

func (s *site) session(w http.ResponseWriter, r *http.Request) {
	sess := session.From(r.Context())
	s.pages.write(w, http.StatusOK, "session", view{Title: "Your session", Here: "/session", Data: struct {
		session.Info
		Sealed bool
	}{sess.Info(), s.sealed}})
}
