package peers

import (
	"crypto/rand"
	"net/http"

	"github.com/gorilla/securecookie"
	"github.com/gorilla/sessions"
)

func gorillaSubject() Subject {
	return Subject{
		Name:    Gorilla,
		Title:   "gorilla, CookieStore, encrypted",
		Modules: []string{"github.com/gorilla/sessions", "github.com/gorilla/securecookie"},
		Open: func() (Site, error) {
			return gorillaSite(GorillaStore()), nil
		},
	}
}

// GorillaStore returns a CookieStore that signs and encrypts, with AES-256 as
// ours. Thirty values are too long for it; here it takes them all the same.
func GorillaStore() *sessions.CookieStore {
	hash, block := make([]byte, 32), make([]byte, 32)
	rand.Read(hash)
	rand.Read(block)
	s := sessions.NewCookieStore(hash, block)
	for _, c := range s.Codecs {
		c.(*securecookie.SecureCookie).MaxLength(0)
	}
	return s
}

func gorillaSite(store sessions.Store) *netSite {
	return &netSite{handler: func(a Action, tell report) http.Handler {
		if a == Update || a == Login || a == Renew {
			return nil
		}
		all := values(a)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			got, err := gorillaAction(store, w, r, a, all)
			tell.answer(w, got, err)
		})
	}}
}

func gorillaAction(store sessions.Store, w http.ResponseWriter, r *http.Request, a Action, all []pair) (got int64, err error) {
	if a == Untouched {
		return 0, nil
	}
	s, err := store.Get(r, "session")
	if err != nil {
		return 0, err
	}
	switch a {
	case SignIn, SignIn30:
		for _, p := range all {
			s.Values[p.name] = p.value
		}
	case Read:
		got, _ = s.Values[countKey].(int64)
		return got, nil
	case ReadText:
		text, _ := s.Values[nameKey].(string)
		return int64(len(text)), nil
	case ReadUser:
		got, _ = s.Values[userKey].(int64)
		return got, nil
	case Count:
		n, _ := s.Values[countKey].(int64)
		got = n + 1
		s.Values[countKey] = got
	case New:
		s.Values[userKey] = UserID
	}
	return got, s.Save(r, w)
}
