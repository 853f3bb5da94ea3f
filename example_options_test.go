package session_test

import (
	"bytes"
	"context"
	"encoding/gob"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/cookie"
)

// An application on a path of its site, stricter than the zero Options, with
// events in the log and pages of its own for failures.
func ExampleOptions() {
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey || a.Key == "id" {
				return slog.Attr{} // they differ from run to run
			}
			return a
		},
	}))
	sessions := newSessions(session.Options{
		Name:     "__Http-shop",
		Cookie:   cookie.Attrs{Path: "/shop", SameSite: http.SameSiteStrictMode},
		Idle:     20 * time.Minute,
		Lifetime: 12 * time.Hour,
		Limit:    5,
		Strict:   true,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			code := session.StatusCode(err)
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.WriteHeader(code)
			if code == http.StatusConflict {
				fmt.Fprint(w, "<p>Something else came first. Please look again.")
				return
			}
			fmt.Fprint(w, "<p>We cannot do this just now.")
		},
		Observe: func(ctx context.Context, e session.Event) {
			logger.LogAttrs(ctx, slog.LevelInfo, "session", slog.Any("event", e))
		},
	})
	greeting := session.NewKey[string]("greeting")
	page := func(w http.ResponseWriter, r *http.Request) {
		greeting.Set(session.From(r.Context()), "hello")
	}
	browse(sessions.Handler(http.HandlerFunc(page)))("POST", "/shop")
	// Output:
	// level=INFO msg=session event.kind=created
	// 200
}

// Insecure is for development over plain HTTP, with a browser that keeps no
// Secure cookies from localhost. It serves nothing but this machine.
func ExampleOptions_insecure() {
	production := os.Getenv("PRODUCTION") != ""
	sessions := newSessions(session.Options{Insecure: !production})
	browse(sessions.Handler(http.NotFoundHandler()))("GET", "/") // to example.com
	// Output:
	// 500 session: Options.Insecure is for development on this machine, and the request is for host "example.com": leave Insecure out
}

// gobCodec keeps values in the format of encoding/gob, as other Go libraries
// for sessions do.
type gobCodec struct{}

func (gobCodec) Marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	err := gob.NewEncoder(&b).Encode(v)
	return b.Bytes(), err
}

func (gobCodec) Unmarshal(data []byte, v any) error {
	return gob.NewDecoder(bytes.NewReader(data)).Decode(v)
}

// A Codec decides how values are written. Sessions that were written with
// another one cannot be read any more: choose before the first visitor comes.
func ExampleCodec() {
	var codec session.Codec = gobCodec{}
	sessions := newSessions(session.Options{Codec: codec})

	origin := session.NewKey[complex128]("origin") // which JSON cannot write
	page := func(w http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		origin.Set(s, 1+2i)
		fmt.Fprint(w, origin.Get(s))
	}
	browse(sessions.Handler(http.HandlerFunc(page)))("POST", "/")
	// Output:
	// 200 (1+2i)
}
