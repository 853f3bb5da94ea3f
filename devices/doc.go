// Package devices is the page "your sessions": where the owner of a session sees
// all sessions of theirs, ends one, or all others. It is one handler, inside of
// session.Manager.Handler:
//
//	list, err := devices.New(sessions, devices.Options{Login: "/login"})
//	...
//	mux.Handle("/sessions/", list)
//
// It is a page of HTML that needs no script, and JSON for who accepts JSON and
// no HTML, and at every path that ends with ".json".
//
// # Who may
//
// Whoever is signed in may see the list, and end the session they are in, which
// is to sign out. To end others one has to have signed in within the last five
// minutes (OWASP ASVS 5.0, 7.5.2; audit row S14): else a stolen session could
// throw its owner out. Who was not recognised so lately is asked to sign in
// again, and comes back. To guard the seeing too, put a guard of package fresh
// around the handler.
//
// An id that is not one of the owner's sessions is answered 404, and nothing has
// ended. A request from another site is answered 403, by
// http.CrossOriginProtection, whether or not the application has that around.
//
// # What is shown
//
// Nothing here is a token, nor can one be had from it: ids open
// nothing. What device it is, is known where session.Options.Client is set.
//
// # Requests
//
//	GET  /sessions/       the list
//	POST /sessions/       end=ID: end this session; end=others: all but this one
//
// A form's answer is 303, to the list with what has been done. In JSON the list
// is {"sessions": [...], "may_end": true}, and the answer to a POST (of a form:
// application/x-www-form-urlencoded) is {"ended": 1}, how many live sessions
// were ended. Times are in RFC 3339, or null for never.
package devices
