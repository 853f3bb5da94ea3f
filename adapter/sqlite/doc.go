// Package sqlite keeps sessions in a SQLite file, without cgo: through
// modernc.org/sqlite. How they are kept is told by package sqlstore.
//
//	st, err := sqlite.Open("/var/lib/shop/sessions.db", sqlstore.Options{})
//	...
//	defer st.Close()
//
// The file is made if it is not there, for its owner alone (mode 0600). One that
// is there has to be a SQLite database. It may be the application's own: if the
// table of sessions is not in it, [Open] adds it, and changes nothing else but
// the journal, to WAL. What is no database, or is cut off, or holds a table of
// this name that is somebody else's, is refused, and not a byte of it is changed.
//
// # One file, several processes
//
// Any number of processes on one machine may use the file at once. Readers wait
// for nobody. Writers go one after the other: those of one Store queue up, and a
// lock of another process, or of a transaction of the application, is awaited for
// 5 s, or until the call's context is done if that is sooner; both are errors
// which say so.
//
// The processes must share the machine's memory: on NFS, SMB and other network
// file systems the locks do not hold, and the file is sooner or later corrupt.
// The same threatens where a program opens the file with a second SQLite library
// beside this one (mattn's, say), or opens and closes it as a plain file, since
// POSIX then drops all of the process's locks on it.
//
// # Durability
//
// A Save that returned nil has been synced to disk (journal_mode WAL, synchronous
// FULL): it survives a crash of the process, of the machine, and the loss of
// power, as far as the disk tells the truth about what it has synced.
//
// # Copying the file
//
// While it is in use, the newest sessions are in a second file, PATH-wal, and
// PATH-shm belongs to both. A copy of the first alone is missing sessions, and
// one of two of them at different moments may be no database at all. So copy it
// by SQL, from [Store.DB]:
//
//	VACUUM INTO '/backup/sessions.db'
//
// or after the last process has closed it, when the other two are gone; they
// stay after a crash, and then belong to the file until it is opened again. Do
// not delete, move or rename one of the three while the file is in use.
//
// # The application's own tables
//
// [Store.DB] is for them. Its transactions begin with the lock of writers
// (BEGIN IMMEDIATE), so that none that has read fails when it comes to write;
// with [database/sql.TxOptions].ReadOnly they begin without it. With sqlstore's
// WithTx a session is saved in such a transaction, together with the
// application's rows. Until it ends nobody else writes to the file, not even a
// session: keep it short, and end it before the answer is sent.
package sqlite
