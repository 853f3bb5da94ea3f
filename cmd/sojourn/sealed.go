package main

import (
	"errors"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/seal"
)

func inCookies() kind {
	return kind{
		usage: "sealed",
		help:  "in the cookies themselves",
		where: "All of it is kept in your cookie, and this program remembers nothing.",
		takes: is("sealed"),
		open: func(d *demoFlags, o opening) (kept, error) {
			keys, keysErr := d.keys(o.log)
			if keysErr != nil {
				keys, _ = seal.NewKeys(seal.NewKey()) // the other flags may be wrong too
			}
			o.options.Client, o.options.Epoch = nil, o.epoch
			o.options.Rotate, o.options.Limit, o.options.OverLimit = 0, 0, 0 // misplaced says what is wrong with the flags
			m, err := session.NewSealed(keys, o.options)
			return kept{sessions: m, close: closeNothing}, errors.Join(append(o.faults, keysErr, err)...)
		},
	}
}
