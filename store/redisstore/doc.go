// Package redisstore keeps sessions in Redis or Valkey, on one server, behind
// Sentinel or in a Cluster, through the client library that an application has
// already. It needs none itself: a [Client] is one method. The ready ones are
// in modules of their own, adapter/redis/rueidis and adapter/redis/goredis:
//
//	st, err := rueidis.Open("redis://127.0.0.1:6379", redisstore.Options{})
//
// # What is kept
//
// A session is one string, under Options.Prefix and its id: a byte for the
// format, the version, the expiry, the owner, and the record's data. (A hash of
// fields would gain nothing: what is in a session is written as a whole
// anyway.) Load is one GET. Save is one script, which
// replaces the string if the version at its head is the one the Save was based
// on; of a record that is new it is one SET NX. Nothing depends on KEYS, on
// SCAN, on notifications, or on more than one key at a time.
//
// SET with IFEQ, of Valkey 8.1 and Redis 8.4, is not used: it compares the
// whole value, so that each write would send the old one too.
//
// # Time
//
// Whether a record has expired is decided by the clock of the process that
// asks, as package store wants it. The server is told how long to keep it, not
// until when: so its clock may be wrong, as long as it runs.
//
// # What a server may lose
//
// Redis acknowledges a write before its replicas have it, and unless told
// otherwise before its disk has it. After a failover, or a crash, the newest
// writes may be gone. Options.Replicas makes those that matter wait. The server
// must not evict: see [Store.Check]. All of this is told at length in docs/redis.md.
package redisstore
