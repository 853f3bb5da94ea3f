// Package history proves by random histories that sessions keep their word
// when requests overlap, replies are lost, and answers come late.
//
//	cd proof
//	GOWORK=off go test -race ./history                # 10 000 histories, and the rest
//	SOJOURN_LONG=1 GOWORK=off go test -race ./history # ten times as many
//	SOJOURN_SEED=4711 GOWORK=off go test -v -run Histories ./history
//
// There are four parts.
//
// A history is what a handful of browsers, other devices and an operator did
// at once to the sessions of one store through two managers: two processes, as
// far as the sessions can tell. It is drawn from a seed and runs in
// testing/synctest, with delays in the handlers and in the store, with
// replies that are lost, and with answers that reach the browser late. See
// plan_test.go, world_test.go, serve_test.go and flaky_test.go.
//
// A history is then taken apart into operations, each with an instant before
// which it cannot have happened and one after which it cannot, and package
// linear looks for an order in which they make sense to a sequential model of
// one session. See model_test.go, parts_test.go, and what follows from there.
//
// The model is proved by defects: small changes of the real code, each of which
// must make the histories fail. See seeds_test.go.
//
// And a few crossings of requests are played in every order of their commits
// and of the delivery of their answers, see jar_test.go. What all this has
// found is kept as the shortest story of each, in bugs_login_test.go and
// bugs_commit_test.go.
package history
