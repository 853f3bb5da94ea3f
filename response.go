package session

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
)

// writer returns the exchange as a ResponseWriter that claims to flush and to
// hijack if one below can, though it be behind an Unwrap: what it did not
// claim, http.ResponseController would find below, past the one door.
func (x *exchange) writer() http.ResponseWriter {
	w := (*response)(x)
	flusher, hijacker := able(x.w)
	switch {
	case flusher && hijacker:
		return responseFH{responseF{w}}
	case flusher:
		return responseF{w}
	case hijacker:
		return responseH{w}
	}
	return w
}

// response is the exchange as a ResponseWriter.
type response Session

type (
	responseF  struct{ *response }
	responseH  struct{ *response }
	responseFH struct{ responseF }
)

func (w responseF) Flush() { _ = w.FlushError() }

func (w responseH) Hijack() (net.Conn, *bufio.ReadWriter, error) { return w.hijack() }

func (w responseFH) Hijack() (net.Conn, *bufio.ReadWriter, error) { return w.hijack() }

var errFailed = errors.New("session: the commit failed, and the response is the ErrorHandler's")

func (w *response) begin(code int) bool { return (*exchange)(w).begin(code) }

// Header after a failure is nobody's: what the handler goes on to set must not
// get into ErrorHandler's answer by a trailer or a buffer below.
func (w *response) Header() http.Header {
	if w.failed {
		return http.Header{}
	}
	return w.w.Header()
}

// Unwrap is for http.ResponseController.
func (w *response) Unwrap() http.ResponseWriter { return w.w }

// WriteHeader lets informational responses pass: they begin nothing.
func (w *response) WriteHeader(code int) {
	if code >= 100 && code < 200 && code != http.StatusSwitchingProtocols {
		if !w.failed {
			w.w.WriteHeader(code)
		}
		return
	}
	if w.begin(code) {
		w.w.WriteHeader(code)
	}
}

func (w *response) Write(p []byte) (int, error) {
	if !w.begin(http.StatusOK) {
		return 0, errFailed
	}
	return w.w.Write(p)
}

func (w *response) WriteString(s string) (int, error) {
	if !w.begin(http.StatusOK) {
		return 0, errFailed
	}
	return io.WriteString(w.w, s)
}

// ReadFrom keeps the way to sendfile open.
func (w *response) ReadFrom(r io.Reader) (int64, error) {
	if !w.begin(http.StatusOK) {
		return 0, errFailed
	}
	if rf, ok := w.w.(io.ReaderFrom); ok {
		return rf.ReadFrom(r)
	}
	return io.Copy(struct{ io.Writer }{w.w}, r)
}

// FlushError begins the response only if there is something to flush with.
func (w *response) FlushError() error {
	if flusher, _ := able(w.w); !flusher {
		return http.ErrNotSupported
	}
	if !w.begin(http.StatusOK) {
		return errFailed
	}
	return http.NewResponseController(w.w).Flush()
}

var errHijackCookie = errors.New("session: Hijack would lose the session's cookie: log in or renew on an ordinary response before, or call WriteHeader(101) first")

// hijack commits and hands over the connection. Whoever takes it writes its
// own headers, so nothing may need a cookie.
func (w *response) hijack() (net.Conn, *bufio.ReadWriter, error) {
	if !w.begun && (*Session)(w).needsCookie() {
		return nil, nil, errHijackCookie
	}
	w.hijacked = true // so that nothing is sent that could be left out
	if !w.begin(http.StatusOK) {
		w.hijacked = false
		return nil, nil, errFailed
	}
	conn, rw, err := http.NewResponseController(w.w).Hijack()
	w.hijacked = err == nil
	return conn, rw, err
}

// able reports whether a writer, or one that it unwraps to, can flush, and
// whether one can hijack.
func able(w http.ResponseWriter) (flusher, hijacker bool) {
	for {
		switch w.(type) {
		case http.Flusher, interface{ FlushError() error }:
			flusher = true
		}
		if _, ok := w.(http.Hijacker); ok {
			hijacker = true
		}
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok || flusher && hijacker {
			return flusher, hijacker
		}
		w = u.Unwrap()
	}
}

// needsCookie reports whether the commit of what is pending would have to send
// one.
func (s *Session) needsCookie() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.work == nil {
		return false
	}
	w, l := s.work, s.work.list
	switch {
	case w.owed != nil || w.pending != nil && w.pending.owed != nil || l.last(doLogin) >= 0:
		return true
	case s.m.keeper.sends():
		return len(l) > 0
	case s.standing == live:
		return l.closes() || l.last(doCookie) >= 0
	}
	d := s.peek()
	return s.standing == anonymous && d != nil && !d.empty()
}
