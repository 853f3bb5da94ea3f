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
// The crowd of visitors is that of package crowd, which says what holds of each
// answer, and of all of them in the end. Meanwhile the servers are killed, frozen,
// filled, emptied of scripts, cut off, failed over, or lose answers. The stories
// are those of package stories.
//
// Failovers may lose what a master had acknowledged; there the losses are
// counted by what was lost, and of what Options.Replicas waits for there must be
// none. That holds only if each replica that may be promoted was waited for:
// with two replicas Options.Replicas is 2. With 1, the one that answered may be
// the one that is not promoted.
package redis
