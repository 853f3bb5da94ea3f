// Package redis proves that sessions in Redis keep their word when Redis does
// not: with real servers, real clients, and many visitors at once.
//
//	cd proof
//	GOWORK=off go test -race ./redis                # each fault with one client
//	SOJOURN_LONG=1 GOWORK=off go test -race ./redis # with each client
//	GOWORK=off go test -v -run Failovers ./redis    # shows what failovers have lost
//
// It needs redis-server or valkey-server, see package redisserver. What is told
// here is about faults and failovers; beside them are the stories of several
// processes upon one Redis, and clients without an adapter of ours.
//
// A crowd of visitors sends requests to several managers, each with a client of
// its own, as if they were several processes: pages, updates of a counter,
// logins, renewals and logouts, until the test is over. Meanwhile the servers
// are killed, frozen, filled, emptied of scripts, cut off, failed over, or lose
// answers. What holds of each answer, and of all of them in the end, is in
// faults_visitor_test.go:
//
//   - A page that was answered 200 shows the owner that the visitor's last login
//     said, and never nobody for somebody who is signed in.
//   - It shows all updates that were answered 200, and none twice: those that
//     were answered 503 may have been kept or not, each at most once.
//   - An answer is 200 or 503, and where nothing is wrong (any more) 200.
//   - A session that was ended stays so.
//
// Failovers may lose what a master had acknowledged; there the losses are
// counted by what was lost, and of what Options.Replicas waits for there must be
// none. That holds only if each replica that may be promoted was waited for:
// with two replicas Options.Replicas is 2. With 1, the one that answered may be
// the one that is not promoted.
package redis
