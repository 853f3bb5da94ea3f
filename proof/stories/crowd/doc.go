// Package crowd sends visitors to an application while a test makes trouble for
// its store, and holds every answer against what was promised. It is the same
// crowd for every store.
//
// The visitors send requests to several nodes, each with a store of its own, as
// if they were several processes: pages, updates of a counter, logins, renewals
// and logouts, until the test is over. What holds of each answer, and of all of
// them in the end:
//
//   - A page that was answered 200 shows the owner that the visitor's last login
//     said, and never nobody for somebody who is signed in.
//   - It shows all updates that were answered 200, and none twice: those that
//     were answered 503 may have been kept or not, each at most once.
//   - An answer is 200 or 503, and where nothing is wrong (any more) 200.
//   - A session that was ended stays so.
package crowd
