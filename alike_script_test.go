package session_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/cookie"
)

// class is what an error is, whatever it says.
func class(err error) string {
	if err == nil {
		return "ok"
	}
	for _, e := range []error{
		session.ErrEnded, session.ErrSuperseded, session.ErrTaken, session.ErrRefused, session.ErrOverwritten, session.ErrEpoch,
		session.ErrLate, session.ErrTooLarge, session.ErrUnknown, session.ErrUnavailable, session.ErrNotFound,
	} {
		if errors.Is(err, e) {
			return e.Error()
		}
	}
	return "error"
}

type alikeOp struct {
	verb string
	n    int
}

type alikeRequest struct {
	before time.Duration
	bump   bool
	method string
	ops    []alikeOp
}

var alikeVerbs = []string{
	"set", "set", "set", "set", "delete", "update", "update", "try", "take", "clear", "login", "login", "loginWith", "renew", "stepUp", "end",
	"cookie", "commit", "commit", "commit", "reload", "look", "look", "get", "get", "getB", "err", "big", "bad", "atEpoch", "atWrongEpoch", "mistyped",
	"write", "panic", "cancelled",
}

var alikeOwners = []string{"ann", "bob", "cleo"}

func newScript(r *rand.Rand) (script []alikeRequest) {
	for range 2 + r.IntN(7) {
		q := alikeRequest{method: "POST"}
		switch r.IntN(8) {
		case 0:
			q.before = time.Duration(r.IntN(200)) * time.Second
		case 1:
			q.before = time.Duration(r.IntN(50)) * time.Minute
		case 2:
			q.before = time.Duration(r.IntN(30)) * time.Hour
		case 3:
			q.bump = true
		}
		if r.IntN(3) == 0 {
			q.method = []string{"GET", "HEAD", "OPTIONS", "PUT"}[r.IntN(4)]
		}
		written := false
		for range r.IntN(9) {
			op := alikeOp{alikeVerbs[r.IntN(len(alikeVerbs))], r.IntN(6)}
			if op.verb == "panic" && r.IntN(4) > 0 {
				continue
			}
			if written && !slices.Contains([]string{"login", "renew", "stepUp", "cookie", "get", "look", "loginWith"}, op.verb) {
				continue // what is late differs
			}
			if op.verb == "atWrongEpoch" && slices.Contains(q.ops, alikeOp{"big", 0}) || op == (alikeOp{"big", 0}) && slices.ContainsFunc(q.ops, func(o alikeOp) bool { return o.verb == "atWrongEpoch" }) {
				continue // of two faults either may be told
			}
			written = written || op.verb == "write"
			q.ops = append(q.ops, op)
		}
		script = append(script, q)
	}
	return script
}

func (a *alikeSite) run(w http.ResponseWriter, s *session.Session, op alikeOp) string {
	key := []session.Key[int]{count, session.NewKey[int]("b"), session.NewKey[int]("c")}[op.n%3]
	owner := alikeOwners[op.n%3]
	switch op.verb {
	case "set":
		key.Set(s, op.n/2)
	case "delete":
		key.Delete(s)
	case "update":
		return fmt.Sprint(key.Update(s, func(n int) int { return n + op.n%3 }))
	case "try":
		n, err := key.TryUpdate(s, func(n int) (int, error) {
			if n%2 == 1 {
				return 0, errLost
			}
			return n + 1, nil
		})
		return fmt.Sprint(n, err)
	case "take":
		n, ok := key.Take(s)
		return fmt.Sprint(n, ok)
	case "clear":
		s.ClearValues()
	case "login":
		return class(s.Login(owner))
	case "loginWith":
		return class(s.LoginWith(owner, session.Terms{Remember: op.n%2 == 0, Level: session.Level(op.n), Idle: time.Duration(op.n) * 7 * time.Minute, Lifetime: time.Duration(op.n/2) * 20 * time.Hour}))
	case "atEpoch", "atWrongEpoch":
		e, err := a.l.m.Epoch(context.Background(), owner)
		if op.verb == "atWrongEpoch" {
			e++
			a.undone = true
		}
		return class(errors.Join(err, s.LoginWith(owner, session.Terms{AtEpoch: e})))
	case "renew":
		s.Renew()
	case "stepUp":
		return class(s.StepUp(session.Level(op.n)))
	case "end":
		s.End()
	case "cookie":
		at := []cookie.Attrs{{SameSite: http.SameSiteStrictMode}, {Partitioned: true}, {MaxAge: 100 * time.Second}}[op.n%3]
		return class(s.SetCookie(at))
	case "commit":
		return class(s.Commit(context.Background()))
	case "cancelled":
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		return class(s.Commit(ctx))
	case "reload":
		return class(s.Reload(context.Background()))
	case "look":
		return a.look(s)
	case "get":
		n, ok := key.Lookup(s)
		return fmt.Sprint(n, ok)
	case "getB":
		return fmt.Sprint(key.Get(s), s.IsNew(), s.Owner())
	case "err":
		return class(s.Err())
	case "big":
		if op.n == 0 {
			name.Set(s, strings.Repeat("x", 5000))
		} else {
			name.Set(s, strings.Repeat("x", 20*op.n))
		}
	case "bad":
		if op.n == 0 {
			session.NewKey[func()]("count").Set(s, nil)
		}
	case "mistyped":
		_, ok := session.NewKey[string]("count").Lookup(s)
		return fmt.Sprint(ok)
	case "write":
		w.WriteHeader([]int{200, 302, 404, 500, 201, 409}[op.n])
	case "panic":
		panic("as the script says")
	}
	return ""
}
