package main

import (
	"github.com/sojourn-go/session/adapter/boltstore"
	"github.com/sojourn-go/session/store"
)

func inBolt() kind {
	return kind{
		usage: "bolt:PATH",
		help:  "in a bbolt file, which one program at a time has open",
		where: "All of it is kept in a bbolt file, and is there again when this program starts anew.",
		takes: isFile("bolt"),
		open: func(d *demoFlags, o opening) (kept, error) {
			path, err := d.path("bolt")
			return o.keep(place{name: "bbolt", at: path, open: func() (store.Store, func() error, error) {
				st, err := boltstore.Open(path, boltstore.Options{})
				if err != nil {
					return nil, nil, err
				}
				return st, st.Close, nil
			}}, err)
		},
	}
}
