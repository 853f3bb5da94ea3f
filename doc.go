// Package session keeps what a web application remembers of its visitors, in
// a store of the application's choice, or sealed in their cookies.
//
//	var visits = session.NewKey[int]("visits")
//
//	sessions, err := session.New(memstore.New(memstore.Options{}), session.Options{})
//	...
//	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
//		s := session.From(r.Context())
//		n := visits.Update(s, func(n int) int { return n + 1 })
//		fmt.Fprintf(w, "You accessed this page %d times.\n", n)
//	})
//	http.ListenAndServe(":8080", http.NewCrossOriginProtection().Handler(sessions.Handler(mux)))
//
// # One request
//
// [Manager.Handler] costs next to nothing until the handler uses its session:
// then the session is loaded, once. What the handler changes is kept by one
// commit, directly before the first byte of the response, whatever starts it:
// a Write, a Flush, an upgrade, or the handler's return. If the commit fails,
// Options.ErrorHandler answers in the handler's place: no visitor is told that
// something was done which was not.
//
// Requests that may change something (any method but GET, HEAD, OPTIONS and
// TRACE) and come with a token are loaded before the handler runs, so that
// nothing is done for a visitor of whom nothing is known. If the store is down,
// the answer is 503, and never that of an anonymous visitor.
//
// Nothing is stored for visitors without values, and they get no cookie.
//
// # Concurrent requests
//
// A browser sends many requests at once. A session is therefore no object that
// the last request overwrites, but a record and a list of changes upon it. If
// another request has changed the record meanwhile, in this process or in
// another one, the list is replayed upon the newer record:
//
//   - [Key.Update] runs its function again on the newer value. No update is lost.
//   - [Key.Set] and [Key.Delete] are applied. If the request had read a value
//     that is not the same any more, an Overwritten event tells so; with
//     Options.Strict the commit fails instead.
//   - [Key.Take] succeeds for one request only.
//   - [Session.Login], [Session.Renew], [Session.StepUp] and [Session.End] settle
//     who may write from then on. A request that began with the token of before
//     is answered 409, and nothing of it is kept: no slow request brings back
//     what a logout ended, or writes into the session of who logged in after it.
//
// Two first requests of a new visitor, sent in parallel, make two sessions, of
// which the browser keeps the one whose answer comes last.
//
// A session that was changed by a commit whose answer was lost on the way is
// recognised by a stamp in the record: no update is made twice. If it cannot be
// known, the answer is 503 and the error ErrUnknown.
//
// # Security
//
// The zero [Options] are the safe ones. The cookie's name is
// __Host-Http-session; it is Secure, HttpOnly, SameSite=Lax and for this host
// only. Its token has a random id and a random secret of 240 bits, of which the
// store sees the id and a hash: what leaks from a store, a log or a list of
// sessions opens nothing. The token has no accessor. A login always changes it.
// Sessions end after 30 minutes without use and after 24 hours, by the server's
// clock. A response that was made with a session is kept from shared caches.
//
// Put [http.CrossOriginProtection] around Handler against cross-site requests,
// and a recoverer outside of Handler: a panic then commits nothing.
//
// # Sealed sessions
//
// [NewSealed] needs no store: each session is in its cookie, encrypted. It is
// used in the same way, and promises less, since nobody can compare and swap in
// a browser: of two requests at once the changes of one are kept, a copy of the
// cookie opens the session until it expires (or until Options.Epoch says
// otherwise), and it holds some 2.7 kB. NewSealed lists the differences.
//
// # Stores
//
// Package store is the contract between this package and stores; applications
// only need the constructor of the one they use, such as store/memstore.
package session
