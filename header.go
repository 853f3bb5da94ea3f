package session

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sojourn-go/session/cookie"
	"github.com/sojourn-go/session/internal/record"
)

// strip removes what the handler said of a response that will not come. A
// handler may have written header names in any spelling.
func (x *exchange) strip(h http.Header) {
	for key := range h {
		switch name := http.CanonicalHeaderKey(key); name {
		case "Etag", "Last-Modified", "Cache-Control", "Expires", "Location", "Link", "Trailer", "Set-Cookie",
			"Upgrade", "Connection":
			delete(h, key)
		case "Content-Security-Policy", "Content-Security-Policy-Report-Only":
			// of the site, not of the page
		default:
			if targeted(name) || strings.HasPrefix(name, "Content-") || strings.HasPrefix(name, http.TrailerPrefix) || strings.HasPrefix(name, "Sec-Websocket-") {
				delete(h, key)
			}
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.work != nil && len(x.work.kept) > 0 {
		h["Set-Cookie"] = slices.Clone(x.work.kept)
	}
}

// keep notes Set-Cookie lines that go out with a failure, too: those of
// middleware outside, and those of managers inside whose sessions are kept.
func (x *exchange) keep(lines ...string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	w := x.session().extra()
	w.kept = append(w.kept, lines...)
}

// paid tells the managers outside of a cookie that has to go out whatever
// becomes of their own sessions.
func (x *exchange) paid(line string) {
	for s, ok := Lookup(x.ctx()); ok; s, ok = Lookup(s.x().ctx()) {
		s.x().keep(line)
	}
}

// deny sets the headers of a failure. A cookie that is owed from an earlier
// commit of the request still goes out.
func (s *Session) deny(h http.Header) {
	h.Set("Cache-Control", "no-store")
	s.pay(h)
}

// pay adds the cookie that is owed, as the only one of its name.
func (s *Session) pay(h http.Header) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(h)
	s.tidy(h)
}

func (s *Session) settle(h http.Header) bool {
	if s.work == nil || s.work.owed == nil {
		return false
	}
	text := s.setCookie(s.work.owed)
	s.work.owed = nil
	s.x().paid(text)
	prefix := s.m.opts.Name + "="
	lines := s.work.lines()
	lines[0], lines[1] = text, "no-store"
	if others := h["Set-Cookie"]; len(others) == 0 {
		h["Set-Cookie"] = lines[:1:1]
	} else {
		h["Set-Cookie"] = append(slices.DeleteFunc(others, func(line string) bool {
			return strings.HasPrefix(line, prefix)
		}), text)
	}
	h["Cache-Control"] = lines[1:] // RFC 9111, 7.3: Set-Cookie alone does not prevent storing
	untarget(h)
	return true
}

// unstored has no cache store the response.
func unstored(h http.Header) {
	h["Cache-Control"] = []string{"no-store"}
	untarget(h)
}

// untarget removes the fields that one kind of cache heeds in place of
// Cache-Control, and that would undo its no-store (RFC 9213, 2.2).
func untarget(h http.Header) {
	for key := range h {
		if targeted(http.CanonicalHeaderKey(key)) {
			delete(h, key)
		}
	}
}

// targeted reports whether the field is one of those: CDN-Cache-Control, those
// of CDNs that put their names before it, their forerunners, and nginx's own.
func targeted(name string) bool {
	switch name {
	case "Surrogate-Control", "Edge-Control", "X-Accel-Expires":
		return true
	}
	return strings.HasSuffix(name, "-Cache-Control")
}

// decorate adds to the handler's headers what the session's part in the
// response demands of caches, and the cookie that is owed. Before that it notes
// that the session was used.
func (s *Session) decorate(ctx context.Context, h http.Header) {
	s.repeat(ctx)
	s.mu.Lock()
	if s.touchDue() {
		s.mu.Unlock()
		s.touch(ctx)
		s.mu.Lock()
	}
	defer s.leave()
	s.settle(h)
	s.describe(h)
}

func (s *Session) describe(h http.Header) {
	if !s.consulted {
		return
	}
	s.vary(h)
	s.tidy(h)
	owner := s.ownerSeen()
	if owner == "" {
		return
	}
	control, ok := h["Cache-Control"]
	if !ok {
		h["Cache-Control"] = s.noStore()
	}
	if ok && shared(control) || s.m.opts.Observe != nil && hasTargeted(h) {
		s.notice(Event{Kind: Exposed, ID: s.token[:min(idLen, len(s.token))], Owner: owner, Err: errShared})
	}
}

var errShared = errors.New("the handler lets shared caches store a response for a signed-in visitor; with Cache-Control: private only the browser may")

// shared reports whether lines of Cache-Control give a shared cache leave to
// answer others with the response (RFC 9111, 3 and 5.2.2).
func shared(control []string) bool {
	leave := false
	for _, line := range control {
		for directive := range strings.SplitSeq(line, ",") {
			name, _, _ := strings.Cut(strings.TrimSpace(directive), "=")
			switch strings.ToLower(name) {
			case "private", "no-store", "no-cache":
				return false
			case "public", "s-maxage", "max-age":
				leave = true
			}
		}
	}
	return leave
}

func hasTargeted(h http.Header) bool {
	for key := range h {
		if targeted(http.CanonicalHeaderKey(key)) {
			return true
		}
	}
	return false
}

// noStore returns the line of Cache-Control. It is the response's own, since
// whoever is outside may change it.
func (s *Session) noStore() []string {
	if s.signed == nil || s.signed.noStore[0] != "" {
		return []string{"no-store"}
	}
	s.signed.noStore[0] = "no-store"
	return s.signed.noStore[:]
}

// vary adds Cookie to Vary: the response depends on the session even if it was
// only looked at.
func (s *Session) vary(h http.Header) {
	lines := h["Vary"]
	for _, line := range lines {
		for field := range strings.SplitSeq(line, ",") {
			if f := strings.TrimSpace(field); f == "*" || strings.EqualFold(f, "Cookie") {
				return
			}
		}
	}
	if lines == nil && s.varies[0] == "" {
		lines = s.varies[:0]
	}
	h["Vary"] = append(lines, "Cookie")
}

// setCookie returns the text of the Set-Cookie that is owed.
func (s *Session) setCookie(o *owed) string {
	rec := s.rec()
	if o.line != "" && o.attrs == nil && !rec.Persistent() {
		return o.line
	}
	a := s.m.attrs(rec, o.attrs)
	if o.value == "" {
		a.MaxAge, a.Expires = -1, instant(1)
	}
	return string(cookie.Append(make([]byte, 0, 192+len(o.value)), s.m.opts.Name, o.value, a))
}

// attrs returns the attributes of the cookie of the session in rec, with those
// of this response.
func (m *Manager) attrs(rec record.Record, response *cookie.Attrs) cookie.Attrs {
	a := m.opts.Cookie
	if rec.Persistent() {
		a.MaxAge = remaining(rec.End(), time.Now().UnixMilli())
	}
	if response != nil {
		a = a.With(*response)
	}
	return a
}

// Browsers keep no cookie longer than 400 days (RFC 6265bis, section 5.5).
const maxCookieAge = 400 * 24 * time.Hour

// remaining is the Max-Age of a cookie whose session ends at end.
func remaining(end, now int64) time.Duration {
	if end == 0 {
		return maxCookieAge
	}
	return min(maxCookieAge, max(time.Second, time.Duration(end-now)*time.Millisecond))
}
