package peers

import (
	"github.com/alexedwards/scs/v2"
	fiber "github.com/gofiber/fiber/v3/middleware/session"
	gorilla "github.com/gorilla/sessions"

	"github.com/sojourn-go/session"
)

// OwnSite returns a site of ours over any store.
func OwnSite(m *session.Manager) Site { return ownSite(m) }

// SCSSite returns a site of scs over any store.
func SCSSite(m *scs.SessionManager) Site { return scsSite(m) }

// GorillaSite returns a site of gorilla over any store.
func GorillaSite(s gorilla.Store) Site { return gorillaSite(s) }

// FiberSite returns a site of fiber over any store.
func FiberSite(s *fiber.Store) Site { return &fiberSite{store: s} }
