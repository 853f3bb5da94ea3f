package peers

import (
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/alexedwards/scs/v2/memstore"
)

func scsSubject(name, title string, idle bool) Subject {
	return Subject{
		Name:    name,
		Title:   title,
		Modules: []string{"github.com/alexedwards/scs/v2"},
		Chatty:  idle,
		Open: func() (Site, error) {
			m := scs.New()
			// Its sweeper would outlive the site, and keep the store.
			m.Store = memstore.NewWithCleanupInterval(0)
			if idle {
				m.IdleTimeout = 30 * time.Minute
			}
			return scsSite(m), nil
		},
	}
}

func scsSite(m *scs.SessionManager) *netSite {
	return &netSite{handler: func(a Action, tell report) http.Handler {
		if a == Update || a == Login {
			return nil
		}
		all := values(a)
		return m.LoadAndSave(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			got, err := scsAction(m, r, a, all)
			tell.answer(w, got, err)
		}))
	}}
}

func scsAction(m *scs.SessionManager, r *http.Request, a Action, all []pair) (int64, error) {
	ctx := r.Context()
	switch a {
	case SignIn, SignIn30, SignInKB:
		for _, p := range all {
			m.Put(ctx, p.name, p.value)
		}
	case Read:
		return m.GetInt64(ctx, countKey), nil
	case ReadText:
		return int64(len(m.GetString(ctx, nameKey))), nil
	case ReadUser:
		return m.GetInt64(ctx, userKey), nil
	case Count:
		n := m.GetInt64(ctx, countKey) + 1
		m.Put(ctx, countKey, n)
		return n, nil
	case New:
		m.Put(ctx, userKey, UserID)
	case Renew:
		return 0, m.RenewToken(ctx)
	}
	return 0, nil
}
