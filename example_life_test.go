package session_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/store/memstore"
)

// A list of sessions that tells where each was begun.
func ExampleClientOf() {
	sessions, err := session.New(memstore.New(memstore.Options{}), session.Options{Client: session.ClientOf})
	if err != nil {
		log.Fatal(err)
	}
	list := func(ctx context.Context, owner string) {
		for info, err := range sessions.List(ctx, owner) {
			if err != nil {
				log.Fatal(err)
			}
			fmt.Println(info.Client.Agent, info.Client.Addr, info.Current, info.LastSeen)
		}
	}
	_ = list
}

// Behind a proxy that tells the whole address in a header of its own.
func ExampleClient() {
	o := session.Options{Client: func(r *http.Request) session.Client {
		return session.Client{Agent: r.UserAgent(), Addr: r.Header.Get("X-Real-Ip")}
	}}
	_ = o // session.New(st, o)
}

// Every quarter of an hour another token. A session of which somebody has a copy
// goes on, and whatever package fresh guards asks for the password again.
func ExampleFork() {
	o := session.Options{
		Rotate: 15 * time.Minute,
		Fork:   session.ForkStale, // or ForkReport, which is the default, or ForkEnd
		Observe: func(ctx context.Context, e session.Event) {
			switch e.Kind {
			case session.Forked:
				log.Printf("two clients have a token of %s, of %q: one came from %s", e.ID, e.Owner, e.Remote)
			case session.Rotated:
				// for a graph
			}
		},
	}
	mild, stern := session.ForkReport, session.ForkEnd
	_, _, _ = o, mild, stern // session.New(st, o)
}

var theme = session.NewLocal[string]()

// One middleware tells the handlers after it what it has found out, at no cost
// and for this request alone.
func ExampleNewLocal() {
	middleware := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			theme.Set(session.From(r.Context()), "dark")
			next.ServeHTTP(w, r)
		})
	}
	_ = middleware
}

func ExampleLocal() {
	page := func(theme session.Local[string]) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintln(w, theme.Get(session.From(r.Context())))
		}
	}
	_ = page(theme)
}
