// Package flash keeps messages for the visitor's next page, and typed values
// for the next request that reads them.
//
//	func save(w http.ResponseWriter, r *http.Request) {
//		...
//		flash.Add(session.From(r.Context()), "success", "Saved.")
//		http.Redirect(w, r, "/", http.StatusSeeOther)
//	}
//
//	func home(w http.ResponseWriter, r *http.Request) {
//		page.Execute(w, flash.Messages(session.From(r.Context())))
//	}
//
//	{{range .}}<p class="{{.Kind}}">{{.Text}}</p>{{end}}
//
// It is read that uses a message up, and not time or another request: what no
// request reads goes on waiting, and a request that does not read (for a
// favicon, or by a script) takes nothing away. What was read is removed with
// the commit of the response, each message by a mark of its own:
//
//   - One that another request adds meanwhile stays.
//   - If two requests read at once, both show it, and then it is gone. It is
//     never lost: to settle who shows it, one of the two pages would have to
//     fail.
//   - If the commit fails, the page is not shown, and the message is not
//     removed.
//
// To ask for messages where none wait writes nothing. For a visitor without a
// session it does not ask the store, nor begin a session.
//
// What waits is in the session, under the name _flash, and values are under
// _flash. and their name: do not give such names to keys of your own. Once
// something was there, an empty list of a few bytes is left. Messages belong to
// the session, therefore: Login keeps those of nobody's session and of the same
// owner's, and drops those of another owner in the same browser, as well as
// those that were added before it in the same request; ClearValues and End drop
// all.
//
// Add, Messages, Keep and Put change the session, and so they come before the
// first byte of the response. Later ones are what late changes are: in a stored
// session that the browser has the cookie of they are kept when the handler
// returns; in any other the session refuses them with a Late event, so that
// what should wait is not there, and what was shown is shown once more.
//
// In a sealed session all of this holds but what is said of requests at once:
// the browser keeps the answer of one, and with it that one's messages.
//
// Everything here may be called by several goroutines of a request at once.
package flash
