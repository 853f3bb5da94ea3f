package main

import (
	"context"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/sojourn-go/session"
)

// observer logs every event of the sessions. An event has an id, never a token.
func observer(log *slog.Logger) func(context.Context, session.Event) {
	return func(ctx context.Context, e session.Event) {
		level := slog.LevelInfo
		if e.Err != nil {
			level = slog.LevelWarn
		}
		log.LogAttrs(ctx, level, "session", slog.Any("session", e))
	}
}

// levelOf tells what is our fault from what other requests have decided.
func levelOf(err error) slog.Level {
	if session.StatusCode(err) >= 500 {
		return slog.LevelError
	}
	return slog.LevelInfo
}

// logged logs every request, and answers 500 to one whose handler panicked. It
// names the pattern, not the address: an address may hold anything, somebody's
// secrets too.
func (s *site) logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		rec := &recorder{ResponseWriter: w}
		defer func() {
			p := recover()
			abort := s.recovered(rec, r, p)
			s.log.LogAttrs(r.Context(), slog.LevelInfo, "request",
				slog.String("method", r.Method), slog.String("pattern", r.Pattern),
				slog.Int("status", rec.status), slog.Duration("took", time.Since(start)))
			if abort {
				panic(http.ErrAbortHandler)
			}
		}()
		next.ServeHTTP(rec, r)
	})
}

// recovered deals with a panic, and reports whether the connection must be cut:
// the visitor must not take half a page for the whole.
func (s *site) recovered(w *recorder, r *http.Request, p any) (abort bool) {
	if p == nil {
		return false
	}
	if p == http.ErrAbortHandler {
		return true
	}
	s.log.LogAttrs(r.Context(), slog.LevelError, "panic", slog.Any("value", p), slog.String("stack", string(debug.Stack())))
	if w.status != 0 {
		return true
	}
	s.refuse(w, r, http.StatusInternalServerError)
	return false
}

// A recorder remembers the status of a response.
type recorder struct {
	http.ResponseWriter
	status int
}

// Unwrap is for http.ResponseController.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *recorder) WriteHeader(code int) {
	if w.status == 0 && (code >= 200 || code == http.StatusSwitchingProtocols) {
		w.status = code
	}
	w.ResponseWriter.WriteHeader(code)
}

func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}
