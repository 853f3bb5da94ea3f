package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/sojourn-go/session/adapter/sqlite"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/sqlstore"
)

func inSQLite() kind {
	return kind{
		usage: "sqlite:PATH",
		help:  "in a SQLite file",
		where: "All of it is kept in a SQLite file, and is there again when this program starts anew.",
		takes: isFile("sqlite"),
		open: func(d *demoFlags, o opening) (kept, error) {
			path, err := d.path("sqlite")
			return o.keep(sqliteAt(path), err)
		},
	}
}

func sqliteAt(path string) place {
	return place{name: "SQLite", at: path, open: func() (store.Store, func() error, error) {
		st, err := sqlite.Open(path, sqlstore.Options{})
		if err != nil {
			return nil, nil, err
		}
		return st, st.Close, nil
	}}
}

// inOwnFile is what the demo does without -store: a SQLite file, so that a restart
// signs nobody out. It runs without one, too.
func inOwnFile() kind {
	k := inSQLite()
	k.open = func(d *demoFlags, o opening) (kept, error) {
		path, why := ownFile()
		if why == nil {
			in, err := o.keep(sqliteAt(path))
			failed, ok := errors.AsType[failure](err)
			if !ok {
				return in, err
			}
			why = failed
		}
		memory := inMemory()
		in, err := memory.open(d, o)
		in.where = memory.where
		if err == nil {
			fmt.Fprintf(o.say, "sojourn demo: The sessions are kept in memory, and forgotten when this program stops: %s.\n", oneLine(why))
		}
		return in, err
	}
	return k
}

// ownFile returns the path of the demo's own file, and makes its directory.
func ownFile() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("there is no cache directory (%w)", err)
	}
	dir := filepath.Join(cache, "sojourn")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("there is no place for a file (%w)", err)
	}
	return filepath.Join(dir, "demo.db"), nil
}
