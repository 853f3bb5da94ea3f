// Package csrf refuses writes that another site makes a visitor's browser send
// (OWASP ASVS 5.0 3.5.1 to 3.5.3; NIST SP 800-63B-4, 5.1).
//
//	protection, err := csrf.New(csrf.Options{})
//	...
//	http.ListenAndServe(addr, protection.CrossOrigin(sessions.Handler(protection.Handler(mux))))
//
// Browsers say themselves where a request comes from, in Sec-Fetch-Site and
// Origin, and where they do, that decides, by [net/http.CrossOriginProtection]:
// such a request needs no token, nor a look at its session. A write with neither
// header needs a token of its session, from a form ([Field]) or in a header
// ([Token]). With Options.AlwaysToken every write needs one, as with
// ring-anti-forgery.
//
// Nothing is stored for visitors who are shown no form. The first token of a
// session makes a secret, which is kept in the session. A token is made of that
// secret, and of when the owner was last recognised, by the millisecond: so it
// survives Session.Renew and opens as many tabs as one likes, and opens
// nothing any more after a Login, a StepUp or an End.
//
// docs/csrf.md has a table of who sends what, and what happens then.
package csrf
