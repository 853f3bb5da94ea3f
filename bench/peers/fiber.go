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
	jar   string
}

// fiberCookie is the name of the middleware's cookie.
const fiberCookie = "session_id"

func (s *fiberSite) Visitor(a Action, stranger bool) Visit {
	v := s.visitor(a, fiber.MethodGet)
	if v == nil {
		return nil
	}
	v.jar, v.stranger = &s.jar, stranger
	return v.visit
}

func (s *fiberSite) Guest(a Action) Guest {
	v := s.visitor(a, a.method())
	if v == nil {
		return nil
	}
	return func(jar *string) (Answer, error) {
		v.jar = jar
		return v.visit()
	}
}

// visitor returns nil if there is no such operation.
func (s *fiberSite) visitor(a Action, method string) *fiberVisitor {
	if a == Update || a == Login {
		return nil
	}
	v := &fiberVisitor{}
	app, all := fiber.New(), values(a)
	app.Use(session.New(session.Config{Store: s.store}))
	app.Add([]string{method}, "/", func(c fiber.Ctx) error {
		if err := v.act(c, a, all); err != nil {
			return err
		}
		return c.Send(body)
	})
	v.handler = app.Handler()
	v.ctx.Init(&fasthttp.Request{}, nil, nil)
	v.ctx.Request.Header.SetMethod(method)
	v.ctx.Request.SetRequestURI(sitePath)
	return v
}

type fiberVisitor struct {
	jar      *string
	stranger bool
	handler  fasthttp.RequestHandler
	ctx      fasthttp.RequestCtx
	got      int64
}

func (v *fiberVisitor) visit() (Answer, error) {
	v.ctx.Response.Reset()
	v.ctx.ResetUserValues()
	v.got = 0
	v.ctx.Request.Header.DelAllCookies() // Set adds to those of before
	if !v.stranger && *v.jar != "" {
		v.ctx.Request.Header.Set(fasthttp.HeaderCookie, *v.jar)
	}
	v.handler(&v.ctx)
	if status := v.ctx.Response.StatusCode(); status != fasthttp.StatusOK {
		return Answer{}, fmt.Errorf("status %d", status)
	}
	a := Answer{Value: v.got}
	line := v.ctx.Response.Header.PeekCookie(fiberCookie)
	if cookie, _, _ := bytes.Cut(line, []byte(";")); len(cookie) > 0 {
		a.Set = true
		a.Other = v.stranger || string(cookie) != *v.jar
		if a.Other && !v.stranger {
			*v.jar = string(cookie)
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
