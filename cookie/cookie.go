// Package cookie reads all cookies of a request and sets one of any value, in one line each; and it seals cookies which only
// the application can read and make.
//
//	cookies := maps.Collect(cookie.All(r))          // what Ring calls :cookies
//	theme, ok := cookie.Get(r, "theme")
//	err := cookie.Set(w, "theme", "Zoë; admin=1", cookie.Attrs{MaxAge: 30 * 24 * time.Hour})
//
// Any string survives the round trip: [Set] encodes what a header cannot carry, and [Get] and [All] decode it. The attributes are
// strict by themselves, and what a browser would not keep is an error. [Sealed] holds a value of a type: encrypted, bound to
// a name and a purpose, with an end of its own.
//
// Below these are the parts that package session is built on. A browser says nothing about a cookie that it does not like: it
// drops it, and the visitor is signed out again at every page. So [Check] judges a name and its [Attrs] once, where the program
// starts, by the rules that browsers apply; after that [Append] renders them without a doubt and without an allocation.
// [Values] finds a cookie by its exact name, byte for byte: a reader that trims or decodes more than the browser did lets
// a neighbour smuggle in a cookie with a protected name.
//
// # Rules
//
// The rules are those of draft-ietf-httpbis-rfc6265bis (RFC 6265bis below) and of its successor,
// draft-ietf-httpbis-layered-cookies, which adds the prefixes __Http- and __Host-Http-; Partitioned is that of
// draft-cutler-httpbis-partitioned-cookies (CHIPS). Where an older RFC is laxer, the browsers of today are not.
//
// # Prefixes
//
// The beginning of a name is a promise that the browser enforces against everyone, sibling hosts and scripts included:
//
//	prefix        Secure   HttpOnly   Path=/, no Domain
//	__Host-Http-  yes      yes        yes
//	__Http-       yes      yes
//	__Host-       yes                 yes
//	__Secure-     yes
//
// Use __Host-Http- unless something else is needed: no subdomain and no script can then plant the cookie.
package cookie

import (
	"cmp"
	"net/http"
	"time"
)

// Attrs are the attributes of a Set-Cookie header (RFC 6265bis, section 4.1.2).
//
// The zero value is the strict one: Secure, HttpOnly, SameSite=Lax, Path=/, no Domain, until the browser closes. Each boolean
// is named for what it gives up. [Check] tells which values go together, and with which names.
type Attrs struct {
	_ [0]func() // keyed literals only

	// Path is the part of the site that gets the cookie; "" means "/". It keeps nothing secret from the rest of the
	// site: whoever serves another path of this host can still reach the cookie (RFC 6265bis, section 8.5).
	Path string

	// Domain opens the cookie to all subdomains of this host name; "" means this host only. With a Domain,
	// every subdomain can read the cookie, and replace it.
	Domain string

	// Insecure leaves out Secure: the cookie travels over plain HTTP too, where anyone on the way reads it.
	Insecure bool

	// Scriptable leaves out HttpOnly: scripts of the page can read the cookie.
	Scriptable bool

	// SameSite says which requests from other sites carry the cookie. Zero, as [http.SameSiteDefaultMode], means
	// Lax, and is written out, since browsers differ in what they do without it. None demands Secure.
	SameSite http.SameSite

	// MaxAge is how long the browser keeps the cookie, in whole seconds, rounded up, and at most 400 days. Zero means that
	// the attribute is absent: without Expires too, the cookie lives until the browser closes.
	// Negative means: remove it now (Max-Age=0).
	MaxAge time.Duration

	// Expires is when the browser forgets the cookie, in a year from 1601 to 9999, cut to whole seconds; the zero
	// time means that the attribute is absent. Where both are given, MaxAge wins (RFC 6265bis, section 4.1.2.2).
	Expires time.Time

	// Partitioned gives each site that embeds this one a cookie jar of its own (CHIPS). It demands Secure.
	Partitioned bool
}

// With returns a with the fields of over that are not zero in place of its own, as Ring merges :session-cookie-attrs over
// :cookie-attrs. A boolean is true if either is, so With gives up protections but restores none. An over.SameSite of
// [http.SameSiteDefaultMode] is not zero: it leads back to Lax.
//
// Each may pass [Check] and the result may not: check the result.
func (a Attrs) With(over Attrs) Attrs {
	a.Path = cmp.Or(over.Path, a.Path)
	a.Domain = cmp.Or(over.Domain, a.Domain)
	a.Insecure = a.Insecure || over.Insecure
	a.Scriptable = a.Scriptable || over.Scriptable
	a.SameSite = cmp.Or(over.SameSite, a.SameSite)
	a.MaxAge = cmp.Or(over.MaxAge, a.MaxAge)
	if !over.Expires.IsZero() {
		a.Expires = over.Expires
	}
	a.Partitioned = a.Partitioned || over.Partitioned
	return a
}

// path returns the path that a stands for.
func (a Attrs) path() string { return cmp.Or(a.Path, "/") }

// sameSite returns the value of the SameSite attribute, or "" for a number that is none.
func (a Attrs) sameSite() string {
	switch a.SameSite {
	case 0, http.SameSiteDefaultMode, http.SameSiteLaxMode:
		return "Lax"
	case http.SameSiteStrictMode:
		return "Strict"
	case http.SameSiteNoneMode:
		return "None"
	}
	return ""
}
