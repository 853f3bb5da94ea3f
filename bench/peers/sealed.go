package peers

import (
	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/seal"
)

func sealedSubject() Subject {
	return Subject{
		Name:    Sealed,
		Title:   "sojourn, sealed in the cookie",
		Modules: []string{ownPath},
		Open: func() (Site, error) {
			keys, err := seal.NewKeys(seal.NewKey())
			if err != nil {
				return nil, err
			}
			m, err := session.NewSealed(keys, session.Options{})
			return ownSite(m), err
		},
	}
}
