package main

import (
	"errors"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/store/memstore"
)

func inMemory() kind {
	return kind{
		usage: "memory",
		help:  "until the program stops",
		where: "All of it is kept in the memory of this program, and forgotten when it stops.",
		takes: is("memory"),
		open: func(_ *demoFlags, o opening) (kept, error) {
			st := memstore.New(memstore.Options{})
			m, err := session.New(st, o.options)
			return kept{sessions: m, store: st, close: closeNothing}, errors.Join(append(o.faults, err)...)
		},
	}
}

func closeNothing() error { return nil }
