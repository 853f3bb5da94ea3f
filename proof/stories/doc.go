// Package stories tells the same stories over every store: of one visitor whose
// requests go to two processes upon one database, and of the histories that come
// of it, which must make sense to a sequential model. What happens when the
// database does not keep its word is package crowd.
//
// With cached reads the stories are the same, but that a GET may show what was
// there before for as long as the bound says.
package stories
