package main

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/csrf"
	"github.com/sojourn-go/session/flash"
	"github.com/sojourn-go/session/fresh"
)

// remembered is how long a browser stays signed in that was asked to.
const remembered = 30 * 24 * time.Hour

// An entry is the login form: what was typed, and what is wrong with it.
type entry struct {
	Name          string
	Remember      bool
	NameFault     string
	PasswordFault string
	Fault         string // of no field

	Owner    string // who is signed in here already
	Return   string // where to go afterwards
	Field    template.HTML
	Accounts []shownAccount
}

// A shownAccount is one that anybody may try. The password is shown as long as it
// is the one that everybody knows.
type shownAccount struct{ Name, Password string }

func (s *site) loginPage(w http.ResponseWriter, r *http.Request) {
	e, ok := s.entry(w, r)
	if !ok {
		return
	}
	e.Name = e.Owner
	s.showLogin(w, r, http.StatusOK, e)
}

// entry returns an empty login form. Its token is made before the login, so that
// it belongs to the session that there is if the login fails.
func (s *site) entry(w http.ResponseWriter, r *http.Request) (e entry, ok bool) {
	sess := session.From(r.Context())
	field, err := csrf.Field(sess)
	if err != nil {
		s.failed(w, r, err)
		return entry{}, false
	}
	e = entry{Owner: sess.Owner(), Return: fresh.Return(r), Field: field}
	for _, a := range s.accounts.list() {
		shown := shownAccount{Name: a.name}
		if a.changes == 0 {
			shown.Password = a.initial
		}
		e.Accounts = append(e.Accounts, shown)
	}
	return e, true
}

func (s *site) showLogin(w http.ResponseWriter, r *http.Request, status int, e entry) {
	title := "Sign in"
	switch {
	case status != http.StatusOK:
		title = "Not signed in yet"
	case e.Owner != "":
		title = "Sign in once more"
	}
	s.show(w, r, status, "login", view{Title: title, Here: "/login", Data: e})
}

func (s *site) login(w http.ResponseWriter, r *http.Request) {
	parsed := parseForm(w, r)
	e, ok := s.entry(w, r)
	if !ok {
		return
	}
	e.Name = strings.TrimSpace(r.PostFormValue("name"))
	e.Remember = r.PostFormValue("remember") != ""
	if e.NameFault = nameFault(e.Name, parsed); e.NameFault != "" {
		s.showLogin(w, r, http.StatusUnprocessableEntity, e)
		return
	}
	// The epoch is read before the password is held against what is kept: a
	// password that is changed after that has raised it.
	account, known := s.accounts.find(e.Name)
	owner := e.Name
	if known {
		owner = account.name
	}
	epoch, err := s.sessions.Epoch(r.Context(), owner)
	if err != nil {
		s.log.LogAttrs(r.Context(), slog.LevelError, "nobody was signed in", slog.String("err", err.Error()))
		s.failed(w, r, err)
		return
	}
	if e.PasswordFault = s.passwordFault(owner, r.PostFormValue("password")); e.PasswordFault != "" {
		s.showLogin(w, r, http.StatusUnprocessableEntity, e)
		return
	}
	s.admit(w, r, e, owner, epoch)
}

// passwordFault says what is wrong with the password of somebody who wants to
// sign in.
func (s *site) passwordFault(name, password string) string {
	account, ok := s.accounts.find(name)
	switch {
	case !ok && password == "":
		return ""
	case !ok:
		return "There is no account of that name. Guests have no password: leave this empty to be one."
	case password == "":
		return account.name + " has a password."
	case !account.opens(password):
		return "That is not " + account.name + "’s password."
	}
	return ""
}

// admit signs in who may come in, and commits that at once, since there is an
// answer to give if it cannot be kept.
func (s *site) admit(w http.ResponseWriter, r *http.Request, e entry, owner string, epoch uint64) {
	sess := session.From(r.Context())
	terms := session.Terms{AtEpoch: epoch}
	if e.Remember {
		terms.Remember, terms.Lifetime = true, remembered
	}
	err := sess.LoginWith(owner, terms)
	if err == nil {
		s.greet(sess, e, owner)
		err = sess.Commit(r.Context())
	}
	switch {
	case err == nil:
		http.Redirect(w, r, e.Return, http.StatusSeeOther)
		return
	case errors.Is(err, session.ErrLimit):
		e.Fault = fmt.Sprintf("%s is signed in at as many places as this demonstration allows. Sign out at one of them first.", owner)
	case errors.Is(err, session.ErrEpoch):
		e.PasswordFault = "All sessions of that name were ended this very moment. Please sign in again."
	default:
		s.log.LogAttrs(r.Context(), levelOf(err), "nobody was signed in", slog.String("err", err.Error()))
		s.failed(w, r, err)
		return
	}
	s.showLogin(w, r, http.StatusConflict, e)
}

// greet leaves a message for the next page, unless that says itself what has
// changed.
func (s *site) greet(sess *session.Session, e entry, owner string) {
	if path, _, _ := strings.Cut(e.Return, "?"); path == "/sessions" {
		return
	}
	switch {
	case e.Remember:
		flash.Add(sess, "success", "You are signed in. This browser stays so until "+time.Now().UTC().Add(remembered).Format("2 January 2006")+", even if it is closed.")
	case e.Owner == owner:
		flash.Add(sess, "success", "You have signed in once more.")
	default:
		flash.Add(sess, "success", "You are signed in.")
	}
}

// logout leaves no message: of who has gone nothing is kept.
func (s *site) logout(w http.ResponseWriter, r *http.Request) {
	session.From(r.Context()).End()
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// maxForm is far more than a name, so that one which is too long can be shown
// again, to be shortened.
const maxForm = 64 << 10

// parseForm reads a form, in a body of either kind.
func parseForm(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return err
	}
	if err := r.ParseMultipartForm(maxForm); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		return err
	}
	return nil
}

// nameFault says what is wrong with a name, of a form that was read with err; ""
// is nothing.
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
	case err != nil:
		return "That form cannot be read. Please fill it in again."
	}
	return ""
}

// lately reports whether who sends a form has signed in a short while ago, and
// otherwise leads to where that is asked for.
func (s *site) lately(next http.HandlerFunc, page string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		sess := session.From(r.Context())
		if !fresh.Is(sess, recent) {
			flash.Add(sess, "error", "It is a while since you signed in, and nothing has been changed yet.")
			http.Redirect(w, r, page, http.StatusSeeOther)
			return
		}
		next(w, r)
	}
}

// endOthers ends all sessions of an owner but this one, and returns how many;
// -1 if nobody counts them, since they are sealed: those have ended with the
// epoch of the owner's account.
func (s *site) endOthers(ctx context.Context, sess *session.Session) (int, error) {
	n, err := s.sessions.EndAll(ctx, sess.Owner(), sess.ID())
	if errors.Is(err, errors.ErrUnsupported) {
		return -1, nil
	}
	return n, err
}
