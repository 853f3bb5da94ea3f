package main

import (
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/csrf"
	"github.com/sojourn-go/session/flash"
)

// recent is how lately one has to have signed in to see the settings: a session
// that was left open, or stolen, is not enough (OWASP ASVS 5.0, 7.5.1).
const recent = 5 * time.Minute

// settings is the page of that name.
type settings struct {
	Owner    string
	Guest    bool // there is no password
	Sealed   bool
	OldFault string
	NewFault string
	Field    template.HTML
}

func (s *site) settings(w http.ResponseWriter, r *http.Request) {
	s.showSettings(w, r, http.StatusOK, settings{})
}

func (s *site) showSettings(w http.ResponseWriter, r *http.Request, status int, p settings) {
	sess := session.From(r.Context())
	field, err := csrf.Field(sess)
	if err != nil {
		s.failed(w, r, err)
		return
	}
	_, account := s.accounts.find(sess.Owner())
	p.Owner, p.Guest, p.Sealed, p.Field = sess.Owner(), !account, s.sealed, field
	title := "Settings"
	if status != http.StatusOK {
		title = "Password not changed"
	}
	s.show(w, r, status, "settings", view{Title: title, Here: "/settings", Data: p})
}

// Of a password: ASVS 5.0, 6.2.1 and 6.2.9 (at least 8 characters, and not fewer
// than 64 at the most).
const (
	shortest = 8
	longest  = 200
)

func (s *site) changePassword(w http.ResponseWriter, r *http.Request) {
	err := parseForm(w, r)
	sess := session.From(r.Context())
	old, ok := s.accounts.find(sess.Owner())
	password := r.PostFormValue("new")
	var p settings
	switch {
	case !ok:
		s.settings(w, r) // a guest has no such form
		return
	case err != nil:
		p.NewFault = "That form cannot be read. Please fill it in again."
	case utf8.RuneCountInString(password) < shortest:
		p.NewFault = fmt.Sprintf("A password has at least %d characters.", shortest)
	case utf8.RuneCountInString(password) > longest:
		p.NewFault = fmt.Sprintf("A password has at most %d characters.", longest)
	case !old.opens(r.PostFormValue("old")):
		p.OldFault = "That is not your present password."
	}
	if p != (settings{}) {
		s.showSettings(w, r, http.StatusUnprocessableEntity, p)
		return
	}
	changed, ok := s.accounts.change(old, password)
	if !ok {
		p.OldFault = "Your password was changed by another request this very moment."
		s.showSettings(w, r, http.StatusConflict, p)
		return
	}
	if err := s.settle(r, sess, old, changed); err != nil {
		s.log.LogAttrs(r.Context(), levelOf(err), "a password was not changed", slog.String("err", err.Error()))
		s.failed(w, r, err)
		return
	}
	http.Redirect(w, r, "/settings", http.StatusSeeOther)
}

// settle draws the consequences of another password: all other sessions of the
// owner end, logins that have checked the old one fail, and this session goes on
// under a new token, for who might have a copy of the one before. If the sessions
// cannot be reached the password is the old one again.
func (s *site) settle(r *http.Request, sess *session.Session, old, changed account) error {
	n, err := s.endOthers(r.Context(), sess)
	if err == nil {
		err = s.goOn(sess, changed.name)
	}
	if err == nil {
		flash.Add(sess, "success", "Your password is changed.")
		flash.Add(sess, "note", farewell(n))
		err = sess.Commit(r.Context())
	}
	if err != nil {
		s.accounts.undo(old, changed)
	}
	return err
}

// goOn signs the owner in again, on the terms of before: the present password
// has just been asked for.
func (s *site) goOn(sess *session.Session, owner string) error {
	terms := session.Terms{}
	if sess.Info().Remembered {
		terms.Remember, terms.Lifetime = true, remembered
	}
	return sess.LoginWith(owner, terms)
}

func farewell(n int) string {
	switch n {
	case -1:
		return "Wherever else you were signed in, you are so no more."
	case 0:
		return "You were signed in nowhere else."
	case 1:
		return "You were signed in at one other place, and are so no more."
	}
	return fmt.Sprintf("You were signed in at %d other places, and are so no more.", n)
}

// renew gives the session another token, for who fears that somebody has a copy
// of this one.
func (s *site) renew(w http.ResponseWriter, r *http.Request) {
	sess := session.From(r.Context())
	if sess.ID() != "" {
		sess.Renew()
		flash.Add(sess, "success", "Your cookie has a new value.")
	}
	http.Redirect(w, r, "/settings", http.StatusSeeOther)
}
