package peers

import (
	"net/http"
	"strconv"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/store/memstore"
)

var (
	visits = session.NewKey[int64](countKey)
	name   = session.NewKey[string](nameKey)
	user   = session.NewKey[int64](userKey)
)

// A putter sets one value; keys are made once, as a program's are.
type putter func(*session.Session)

func putters(a Action) (all []putter) {
	for _, p := range values(a) {
		switch v := p.value.(type) {
		case int64:
			k := session.NewKey[int64](p.name)
			all = append(all, func(s *session.Session) { k.Set(s, v) })
		case string:
			k := session.NewKey[string](p.name)
			all = append(all, func(s *session.Session) { k.Set(s, v) })
		case bool:
			k := session.NewKey[bool](p.name)
			all = append(all, func(s *session.Session) { k.Set(s, v) })
		}
	}
	return all
}

func memorySubject() Subject {
	return Subject{
		Name:    Memory,
		Title:   "sojourn, memstore",
		Modules: []string{ownPath},
		Open: func() (Site, error) {
			m, err := session.New(memstore.New(memstore.Options{}), session.Options{})
			return ownSite(m), err
		},
	}
}

func ownSite(m *session.Manager) *netSite {
	return &netSite{handler: func(a Action, tell report) http.Handler {
		do := ownAction(a)
		return m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if a == Untouched {
				tell.answer(w, 0, nil)
				return
			}
			got, err := do(session.From(r.Context()))
			tell.answer(w, got, err)
		}))
	}}
}

// ownAction returns what a handler does with its session.
func ownAction(a Action) func(*session.Session) (int64, error) {
	switch a {
	case SignIn, SignIn30, SignInKB:
		return signIn(putters(a))
	case Read:
		return func(s *session.Session) (int64, error) { return visits.Get(s), nil }
	case ReadText:
		return func(s *session.Session) (int64, error) { return int64(len(name.Get(s))), nil }
	case ReadUser:
		return func(s *session.Session) (int64, error) { return user.Get(s), nil }
	case Count:
		return count
	case Update:
		return func(s *session.Session) (int64, error) { return visits.Update(s, next), nil }
	case New:
		return func(s *session.Session) (int64, error) { user.Set(s, UserID); return 0, nil }
	case Login:
		return logins()
	case Renew:
		return func(s *session.Session) (int64, error) { s.Renew(); return 0, nil }
	default:
		return nil
	}
}

func next(n int64) int64 { return n + 1 }

func count(s *session.Session) (int64, error) {
	n := visits.Get(s) + 1
	visits.Set(s, n)
	return n, nil
}

func signIn(all []putter) func(*session.Session) (int64, error) {
	return func(s *session.Session) (int64, error) {
		for _, put := range all {
			put(s)
		}
		return 0, nil
	}
}

// logins returns the logins of many users, one after the other: one who had
// logged in a thousand times would have a list of a thousand sessions.
func logins() func(*session.Session) (int64, error) {
	owners := make([]string, 1<<13)
	for i := range owners {
		owners[i] = strconv.Itoa(i)
	}
	last := 0
	return func(s *session.Session) (int64, error) {
		last++
		return 0, s.Login(owners[last%len(owners)])
	}
}
