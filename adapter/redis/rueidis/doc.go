// Package rueidis keeps sessions in Redis or Valkey through rueidis
// (github.com/redis/rueidis): on one server, behind Sentinel, or in a Cluster. It
// sends what many goroutines ask for at once over few connections, and can answer
// reads from memory. How sessions are kept is told by package redisstore.
//
// From a URL, with settings that suit sessions:
//
//	st, err := rueidis.Open("redis://127.0.0.1:6379", redisstore.Options{})
//	...
//	defer st.Close()
//
// # Reads from memory
//
// [OpenCached] is the same with a cache in this process, package nearcache; a
// Manager of sessions asks it first where that is safe, when a page is looked at.
//
//	st, err := rueidis.OpenCached("redis://127.0.0.1:6379", redisstore.Options{}, nearcache.Options{})
//
// It promises what nearcache does: no answer from memory was asked for longer
// ago than Bound (2 s unless set), whatever happens to servers and connections;
// what this process saved it sees at once; and while all is well, another one's
// change is seen as soon as the server's message of it is here.
//
// For that there is one more connection to each master, over which the server
// sends the keys under our prefix that change (CLIENT TRACKING in broadcasting
// mode: it remembers nothing for it). A goroutine, which OpenCached starts and
// Close ends, asks all masters over these connections four times a Bound whether
// they are there, and in a Cluster who the masters are. If one does not answer,
// or is no master any more, nothing is vouched for: after Bound all reads go to
// the servers, until it does. When a connection is lost, and when it is there
// again, all that was kept is forgotten, since changes may have been missed. A
// SWAPDB is not told of by servers: after one, what was kept may be answered
// until Bound has passed.
//
// # A client that the application has already
//
// [New] takes it as it is, of one server, of Sentinel or of a Cluster; the
// application may go on using it for anything else, and closes it itself. What
// its settings mean for sessions:
//
// Deadlines. A call ends with its context, whatever the settings. To that end it
// is sent from a goroutine of its own, which costs about a microsecond; [Open]
// mostly does without, since it knows its client (AlwaysPipelining).
//
// Retries. A write is sent once; if its answer is lost, that is the error of the
// call. (A server's answer that the key is on another one is followed: nothing
// was written. And with ConnLifetime rueidis repeats what was under way on a
// connection whose time has come.) A read is repeated until its context is done,
// also with DisableRetry.
//
// Replicas. With SendToReplicas or ReplicaOnly sessions would be read from
// replicas, which may still have one that has ended. New cannot see these
// settings: do not use such a client. [NewCached] refuses them.
//
// Time-outs. ConnWriteTimeout, in a URL timeout, is how long a connection may be
// silent before it is given up, and another one made. Calls that have a deadline
// do not wait for that.
//
// Pools. Saves that wait for replicas (Options.Replicas) each use a connection of
// their own meanwhile, from the pool that BlockingPoolSize bounds, in a URL pool.
// All else shares a few connections.
package rueidis
