// Package goredis keeps sessions in Redis or Valkey through go-redis
// (github.com/redis/go-redis/v9): on one server, behind Sentinel, or in a
// Cluster. How they are kept is told by package redisstore.
//
// From a URL, with settings that suit sessions:
//
//	st, err := goredis.Open("redis://127.0.0.1:6379", redisstore.Options{})
//	...
//	defer st.Close()
//
// # A client that the application has already
//
// [New] takes it as it is, a [redis.Client], also one of NewFailoverClient, or a
// [redis.ClusterClient]; it may go on using it for anything else, and closes it
// itself:
//
//	client := redis.NewClient(&redis.Options{
//		Addr:                  "127.0.0.1:6379",
//		ContextTimeoutEnabled: true,
//	})
//	st, err := goredis.New(client, redisstore.Options{})
//
// What its settings mean for sessions:
//
// Deadlines. With ContextTimeoutEnabled a call ends at the deadline of its
// context, or after ReadTimeout if that is sooner. Without it, which is
// go-redis's default, the deadline is not looked at while an answer is awaited:
// a server that is silent holds a call until ReadTimeout (5 s, unless set) has
// passed, beyond its context. Turn it on. A context that is cancelled ends the
// wait for a connection at once, and that for an answer too, at the price of a
// goroutine, if the call began more than 5 s before the deadline; the short calls
// of sessions wait until their deadline.
//
// Retries. A write is sent once, whatever MaxRetries and MaxRedirects say: if
// its answer is lost, or no connection can be had, that is the error of the
// call. (A server's answer that the key is on another one is followed: nothing
// was written.) On one server and behind Sentinel reads are repeated, as
// MaxRetries says.
//
// Replicas. Sessions are read from masters only; a client that reads from
// replicas (ReadOnly, RouteByLatency, RouteRandomly) or from a cache of its own
// (ClientSideCache) would show sessions that have ended, and New refuses it.
// With FailoverOptions.ReplicaOnly all goes to a replica, which cannot be seen
// from outside: no Save works then.
//
// Pools. PoolSize bounds how many sessions are loaded or saved at once, on each
// server; others wait for PoolTimeout, at most as long as their context lasts.
// Saves that wait for replicas (Options.Replicas) use the pool for pipelines
// (PipelinePoolSize), and the other one when that is busy.
//
// Hooks. Those of a Client see each command. Those of a ClusterClient do not;
// add them to its nodes instead, with OnNewNode.
//
// A [redis.Ring] has no place for sessions: which server has a key depends on
// which servers answer just then, so that a login could be in two places, and a
// logout in one. New refuses it.
package goredis
