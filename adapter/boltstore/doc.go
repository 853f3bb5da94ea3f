// Package boltstore keeps sessions in a bbolt database (go.etcd.io/bbolt): one
// file, in one process, without a server.
//
//	st, err := boltstore.Open("/var/lib/shop/sessions.db", boltstore.Options{})
//	...
//	defer st.Close()
//
// An application that has a bbolt database already hands it to [New].
//
// # What is promised
//
// A Save or Delete that has returned without an error is on the disk: bbolt has
// written its pages, synced them, written the page that makes them valid, and
// synced that. It is there after a kill -9, which is tested, and after a loss of
// power if the disk keeps what it has confirmed. There is no faster setting.
//
// Callers who write at once share these two syncs. Nothing waits for company: who
// comes alone is written alone, and while that is under way the others queue.
// Then one of them writes for all of them, up to 256, in one transaction, in
// which each has its own verdict. There is no goroutine for it.
//
// # Errors
//
// A full disk is [store.ErrFull]: nothing was applied, and the database is as it
// was. One record that finds no room does not fail those that were to be written
// with it. On a disk without any room a Delete may fail, too, since bbolt
// changes copies of pages. A database that was opened for reading only is
// [store.ErrRefused].
//
// If the very last sync of a transaction fails, the write can be read, but may
// be lost with the machine: the error leaves open what happened. To write upon
// it could cost more than that, so from then on every Save and Delete is
// [store.ErrRefused], until the database is opened anew, after a look at the
// disk.
//
// A page that is damaged is an error for the records on it. [Store.Check] reads
// the whole database.
//
// # Contexts
//
// A call whose context is done before anybody has begun to write for it leaves,
// and nothing has happened. Later it returns the context's error, which leaves
// open whether it is applied. Whoever writes for the others stays until the disk
// has answered, even beyond its own deadline.
//
// # What it costs
//
// One process at a time has the file open; another one that tries gets an error
// at once, and so does a new release that starts before the old one has ended.
// The file has to be on a local disk: the lock, and the memory that is mapped, are
// worth little on a network's.
//
// bbolt writes whole pages, of 4 KiB on most machines: one or more for each
// record, however small, and those above it in the tree. It suits more reading
// than writing. Reads are of mapped memory, wait for no writer, and copy the
// record once.
//
// The file grows and never shrinks; the room of what was removed is used again.
// Records that have expired stay until [Store.Sweep] removes them:
// [store.SweepEvery] calls it. A read transaction of the application's own that
// lasts keeps old pages from being used again, and can make writers wait; within
// a transaction, of either kind, no method of a Store on the same database may
// be called.
//
// Two stores in one database (two buckets) do not share commits, and an
// application's own transactions wait in line with them.
package boltstore
