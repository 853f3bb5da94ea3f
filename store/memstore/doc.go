// Package memstore keeps sessions in this process: fast, bounded, and gone
// with it.
//
//	st := memstore.New(memstore.Options{})
//	go func() { errc <- store.SweepEvery(ctx, st, time.Minute) }()
//
// A [Store] may be used by any number of goroutines. It starts none itself:
// every Save clears away a few records that are due, and [Store.Sweep] clears
// away all of them. A store that is neither saved to nor swept keeps the
// memory of its expired records, but never shows them.
//
// # Bounds
//
// A store never holds more than Options.MaxSessions records, nor more than
// Options.MaxBytes of them. A record counts with its data, its owner, its id
// and 38 bytes of bookkeeping, rounded up to the next of the sizes that the
// store keeps (8 bytes apart up to 512 bytes, a sixteenth to a thirty-second
// beyond). The heap holds some more than that: for each size in each of at most
// 64 shards at most one partly used block of 32 KiB, or a sixteenth of what is
// there if that is more, and 800 kB that a store of the default size takes when
// it is empty.
//
// # When it is full
//
// Before it refuses a new record, or the growth of an old one, a full store
// gives up others, in this order:
//
//  1. what has expired,
//  2. records without an owner that were never loaded since their creation:
//     what a flood of visitors leaves behind who never come back,
//  3. the other records without an owner, those first that are soonest to
//     expire.
//
// It gives up no more than it needs, and never a record with an owner: when
// there is nothing else, Save returns [store.ErrFull] and has changed nothing.
// "Soonest" is exact among few records. Among many it is exact to about an
// eighth of the time that is left to them. "Expired first" looks at no more
// than 32 records of each shard, as long as there is something else to give
// up.
//
// # How it is kept
//
// Records lie in blocks without pointers, so the garbage collector has nothing
// to scan, whatever their number. A record is moved when another one goes, so
// that there are no holes. The id of a record finds it through a table that
// grows in pieces of at most 512 places, its end through a timing wheel: no
// method holds a lock for longer than it takes to go through one such piece,
// or through 32 records, however many there are. What a Save needs to make
// larger, it gets from the system before it takes the lock.
package memstore
