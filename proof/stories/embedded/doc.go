// Package embedded tells the stories, and sends the crowd, to the databases that
// are files of a program's own: SQLite by package adapter/sqlite, which several
// processes may have open, and bbolt by package adapter/boltstore, which one
// process has to itself.
package embedded
