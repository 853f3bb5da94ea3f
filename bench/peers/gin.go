package peers

import (
	"crypto/rand"
	"net/http"

	"github.com/gin-contrib/sessions"
	"github.com/gin-contrib/sessions/cookie"
	"github.com/gin-contrib/sessions/memstore"
	"github.com/gin-gonic/gin"
)

func ginCookies(hash, block []byte) sessions.Store { return cookie.NewStore(hash, block) }
func ginMemory(hash, block []byte) sessions.Store  { return memstore.NewStore(hash, block) }

func ginSubject(name, title string, open func(hash, block []byte) sessions.Store) Subject {
	return Subject{
		Name:    name,
		Title:   title,
		Modules: []string{"github.com/gin-contrib/sessions", "github.com/gin-gonic/gin"},
		Open: func() (Site, error) {
			hash, block := make([]byte, 32), make([]byte, 32)
			rand.Read(hash)
			rand.Read(block)
			return ginSite(open(hash, block), name == "gin-cookie"), nil
		},
	}
}

// ginSite returns the site. The cookie store cannot hold thirty values, and
// its limit is not to be raised from outside.
func ginSite(store sessions.Store, small bool) *netSite {
	gin.SetMode(gin.ReleaseMode)
	return &netSite{handler: func(a Action, tell report) http.Handler {
		if a == Update || a == Login || a == Renew || (small && a == SignIn30) {
			return nil
		}
		all := values(a)
		engine := gin.New()
		engine.Use(sessions.Sessions("session", store))
		engine.GET("/*path", func(c *gin.Context) {
			got, err := ginAction(c, a, all)
			tell.answer(c.Writer, got, err)
		})
		return engine
	}}
}

func ginAction(c *gin.Context, a Action, all []pair) (got int64, err error) {
	if a == Untouched {
		return 0, nil
	}
	s := sessions.Default(c)
	switch a {
	case SignIn, SignIn30:
		for _, p := range all {
			s.Set(p.name, p.value)
		}
	case Read:
		got, _ = s.Get(countKey).(int64)
		return got, nil
	case ReadText:
		text, _ := s.Get(nameKey).(string)
		return int64(len(text)), nil
	case ReadUser:
		got, _ = s.Get(userKey).(int64)
		return got, nil
	case Count:
		n, _ := s.Get(countKey).(int64)
		got = n + 1
		s.Set(countKey, got)
	case New:
		s.Set(userKey, UserID)
	}
	return got, s.Save()
}
