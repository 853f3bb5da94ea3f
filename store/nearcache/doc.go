// Package nearcache answers loads from the memory of this process, as long as
// somebody tells it what changes. It is for stores whose server is asked over
// a network, and for those who connect such a server to sessions;
// applications get it ready made.
//
//	cached, err := nearcache.New(inner, nearcache.Options{})
//	// Whoever hears of changes (from Redis, it may be by tracking) calls
//	cached.Forget(id)  // for each record that changed,
//	cached.ForgetAll() // when some may have been missed, and
//	cached.Vouch(sent) // several times a Bound.
//
// [Store.LoadCached] is what answers from memory. Nothing else does: Load,
// Save and Delete ask the store inside, every time.
//
// # What it promises
//
// Older means: a state that another one had replaced in the store inside.
//
//	 1  an answer from memory was asked for less than Bound ago
//	 2  nothing comes from memory unless the feed vouched for a time less than Bound ago
//	 3  nothing asked for before Forget or ForgetAll comes from memory after it
//	 4  an expired record does not come from memory
//	 5  after a Save or Delete, whatever it returned, nothing older comes from memory
//	 6  after a Load or LoadCached, nothing older than what it returned comes from memory
//	 7  while a Save or Delete is under way, nothing asked for before it comes from memory
//	 8  an answer that was on its way during any of 3, 5, 6, 7 is not kept
//	 9  neither ErrNotFound nor another error is kept
//	10  what comes from memory is the record as it was, in bytes that nobody else holds
//	11  when the context is done, nothing comes from memory
//	12  what is kept takes no more than MaxBytes and MaxSessions
//
// After and before are those of calls on one Store: B is after A if it began
// when A had returned. So by 1 no answer is older than Bound, whatever happens
// to the feed, to the server or to a message; by 3, with a feed that works, it
// is as old as a message takes; and by 5 and 6 who wrote or saw something on
// this node never sees it undone. A Save that failed with its outcome open may
// be applied later, when its record is kept again as it was: that is a change
// as of any other node, and the feed tells of it.
//
// A call that is part of a transaction (store.TransactionOf its context) goes to
// the store inside, and nothing of it is kept. What the transaction has written is
// then news to this node as to any other: the feed tells of it, and 5 and 6 do not
// hold for it.
//
// Rows 1 and 2 are judged by the monotonic clock, row 1 by the wall clock too:
// setting a clock shortens what is kept, and does not prolong it, and a machine
// that slept does not answer from before.
//
// # What it costs
//
// A hit is one allocation, and a second one for the owner if there is one. A
// session of 100 bytes takes less than 250 bytes of heap. They lie in a
// [memstore.Store]: the garbage collector has nothing to scan. When that is
// full, those are given up that never answered, then those that expire soonest.
// There are no goroutines: an answer that is too old is cleared away as others
// come to be kept.
package nearcache
