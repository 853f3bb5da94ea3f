package peers

import (
	"bytes"
	"context"
	"fmt"
	"runtime"

	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/session"
	"github.com/valyala/fasthttp"
)

func fiberSubject() Subject {
	return Subject{
		Name:    "fiber",
		Title:   "fiber, its session middleware, memory",
		Modules: []string{"github.com/gofiber/fiber/v3"},
		Chatty:  true,
		Open: func() (Site, error) {
			s := &fiberSite{store: session.NewStore()}
			// A goroutine of the store's own keeps it for ever.
			runtime.AddCleanup(s, func(st *session.Store) { st.Reset(context.Background()) }, s.store)
			return s, nil
		},
	}
}

// A fiberSite is a Site of fiber, which stands on fasthttp: what it answers is
// no net/http, and is measured by way of its own handler.
type fiberSite struct {
	store *session.Store
	jar   []byte
}

// fiberCookie is the name of the middleware's cookie.
const fiberCookie = "session_id"

func (s *fiberSite) Visitor(a Action, stranger bool) Visit {
	if a == Update || a == Login {
		return nil
	}
	v := &fiberVisitor{site: s, stranger: stranger}
	app, all := fiber.New(), values(a)
	app.Use(session.New(session.Config{Store: s.store}))
	app.Get("/", func(c fiber.Ctx) error {
		if err := v.act(c, a, all); err != nil {
			return err
		}
		return c.Send(body)
	})
	v.handler = app.Handler()
	v.ctx.Init(&fasthttp.Request{}, nil, nil)
	v.ctx.Request.SetRequestURI(sitePath)
	return v.visit
}

type fiberVisitor struct {
	site     *fiberSite
	stranger bool
	handler  fasthttp.RequestHandler
	ctx      fasthttp.RequestCtx
	got      int64
}

func (v *fiberVisitor) visit() (Answer, error) {
	v.ctx.Response.Reset()
	v.ctx.ResetUserValues()
	v.got = 0
	if !v.stranger && len(v.site.jar) > 0 {
		v.ctx.Request.Header.DelAllCookies() // SetBytesV adds to those of before
		v.ctx.Request.Header.SetBytesV(fasthttp.HeaderCookie, v.site.jar)
	}
	v.handler(&v.ctx)
	if status := v.ctx.Response.StatusCode(); status != fasthttp.StatusOK {
		return Answer{}, fmt.Errorf("status %d", status)
	}
	a := Answer{Value: v.got}
	line := v.ctx.Response.Header.PeekCookie(fiberCookie)
	if cookie, _, _ := bytes.Cut(line, []byte(";")); len(cookie) > 0 {
		a.Set = true
		a.Other = v.stranger || !bytes.Equal(cookie, v.site.jar)
		if !v.stranger {
			v.site.jar = append(v.site.jar[:0], cookie...)
		}
	}
	return a, nil
}

func (v *fiberVisitor) act(c fiber.Ctx, a Action, all []pair) error {
	if a == Untouched {
		return nil
	}
	s := session.FromContext(c)
	switch a {
	case SignIn, SignIn30:
		for _, p := range all {
			s.Set(p.name, p.value)
		}
	case Read:
		v.got, _ = s.Get(countKey).(int64)
	case ReadText:
		text, _ := s.Get(nameKey).(string)
		v.got = int64(len(text))
	case ReadUser:
		v.got, _ = s.Get(userKey).(int64)
	case Count:
		n, _ := s.Get(countKey).(int64)
		v.got = n + 1
		s.Set(countKey, v.got)
	case New:
		s.Set(userKey, UserID)
	case Renew:
		return s.Regenerate()
	}
	return nil
}
