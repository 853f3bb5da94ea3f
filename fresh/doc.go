// Package fresh asks who is there once more. Its guards let a request through
// only if the owner of the session was recognised lately, or surely enough; who
// was not is sent to the login page, and comes back from there.
//
//	recent := fresh.Require(5*time.Minute, fresh.Options{Login: "/login"})
//	mux.Handle("/settings/password", recent(changePassword))
//
// That a visitor has clicked on something a second ago says nothing of who sits
// there now. What counts is Authenticated, which Login and StepUp alone set, and
// neither time nor use moves (OWASP ASVS 5.0, 7.5.1 and 7.5.3; audit row S15).
// A login that the session calls stale (Info.Stale) counts as none.
//
// # Guards
//
// [SignedIn] wants an owner, [Require] one who was recognised within a time,
// and [Level] one who was recognised with the assurance that NIST SP 800-63B-4
// calls AAL 1, 2 or 3. They belong inside of session.Manager.Handler, and guard
// the session that session.From returns there. Each loads the session first,
// whatever the method: where it cannot be loaded, nothing runs and the answer is
// that of the manager's ErrorHandler, 503 for a store that is down.
//
// A level cannot be had by another way than recognising the owner:
// Session.LoginWith and Session.StepUp set it, and nothing else does (audit row
// S09). Both give the session a new token (S32).
//
// # Answers
//
// A GET or HEAD by which a browser opens a page is answered 303, to
// Options.Login. Everything else is answered 401, and the guarded handler has
// not run: a short page for a form that was sent, JSON for who accepts JSON and
// no HTML, text for the rest. No answer of a guard may be stored.
//
// RFC 9110 (15.5.2) wants a WWW-Authenticate line with every 401. There is no
// registered scheme for cookies. The line says Cookie, a scheme that no browser
// opens a window for, with the parameters of RFC 9470 (step-up authentication):
//
//	WWW-Authenticate: Cookie error="insufficient_user_authentication", max_age="300"
//
// error is there if the visitor is signed in, and not recently or surely enough;
// max_age is in seconds, and acr_values, of a Level, is aal1, aal2 or aal3.
package fresh
