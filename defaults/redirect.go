package defaults

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
)

// Redirect sends requests that came without TLS to the same URL with it: GET and
// HEAD by 301, the others by 308, which keeps method and body. The host is the
// request's; a request whose Host is none is answered 400.
type Redirect struct {
	_ [0]func()

	// Port is where TLS is served. Zero: 443.
	Port int

	// Exempt are paths that are served without TLS too, such as a health
	// check's: the path of a request is exactly one of them.
	Exempt []string
}

type redirect struct {
	port   string // ":8443", or ""
	exempt map[string]bool
}

func (c *Redirect) checked() (*redirect, error) {
	if c == nil {
		return nil, nil
	}
	var faults []error
	d := &redirect{exempt: map[string]bool{}}
	switch {
	case c.Port < 0 || c.Port > 65535:
		faults = append(faults, fmt.Errorf("defaults: Redirect.Port is %d: it is 1 to 65535, or zero for 443", c.Port))
	case c.Port != 0 && c.Port != 443:
		d.port = ":" + strconv.Itoa(c.Port)
	}
	for _, path := range c.Exempt {
		if !strings.HasPrefix(path, "/") || strings.ContainsAny(path, "?#") {
			faults = append(faults, fmt.Errorf("defaults: Redirect.Exempt has %q, which is no path: it begins with a slash, and has no query", path))
		}
		d.exempt[path] = true
	}
	return d, errors.Join(faults...)
}

// answer redirects. What a stranger wrote into Host goes into Location only if
// it can be nothing else than a host.
func (d *redirect) answer(w http.ResponseWriter, r *http.Request) {
	host, ok := hostOf(r.Host)
	if !ok {
		http.Error(w, "The Host of the request is none.", http.StatusBadRequest)
		return
	}
	code := http.StatusPermanentRedirect
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		code = http.StatusMovedPermanently
	}
	// net/http takes '#' for a part of the query.
	target := strings.ReplaceAll(r.URL.RequestURI(), "#", "%23")
	if !strings.HasPrefix(target, "/") { // "*", of OPTIONS
		target = "/"
	}
	http.Redirect(w, r, "https://"+host+d.port+target, code)
}

// A warning is given once by all handlers of one New.
type warning struct {
	once   sync.Once
	logger *slog.Logger // nil: slog.Default()
}

// warnOf tells the operator of a peer that is not trusted and says that the
// client used TLS. If it is the proxy that has the certificate, the browser is
// redirected to where it came from, and has no end of it. Once is enough, and
// keeps strangers, who can say so too, from filling the log.
func (g *gate) warnOf(r *http.Request) {
	if _, trusted := g.proxies.peer(r); trusted || !claimsTLS(r.Header) {
		return
	}
	g.warning.once.Do(func() {
		logger := g.warning.logger
		if logger == nil {
			logger = slog.Default()
		}
		logger.WarnContext(r.Context(), "defaults: a request is redirected to TLS although its headers say that it came over TLS: "+
			"the peer is not believed. If it is your proxy, name it in Proxies.Trusted, or the redirect has no end", "peer", r.RemoteAddr)
	})
}

// claimsTLS reports whether a header that Proxies reads says https.
func claimsTLS(h http.Header) bool {
	if schemeNamed(lastOf(h["X-Forwarded-Proto"])) == "https" {
		return true
	}
	s := said{}
	return new(proxies).readForwarded(&s, h["Forwarded"]) && s.scheme == "https"
}

// hostOf returns the host of a Host header without the port, and whether it is
// one: a name of letters, digits, '-', '_' and dots, or an IP address. RFC 3986
// would allow more, which no name in the DNS needs and some reader of a URL
// takes for its end.
func hostOf(s string) (host string, ok bool) {
	if strings.HasPrefix(s, "[") {
		inner, port, closed := strings.Cut(s[1:], "]")
		ip, err := netip.ParseAddr(inner)
		return "[" + inner + "]", closed && err == nil && ip.Is6() && ip.Zone() == "" && (port == "" || isPort(port))
	}
	host = s
	if i := strings.IndexByte(s, ':'); i >= 0 {
		host = s[:i]
		if !isPort(s[i:]) {
			return "", false
		}
	}
	return host, isName(host)
}

// isPort reports whether s is ":" and a port, which may be empty (RFC 3986,
// 3.2.3).
func isPort(s string) bool {
	digits, ok := strings.CutPrefix(s, ":")
	if !ok || strings.IndexFunc(digits, notDigit) >= 0 {
		return false
	}
	n, err := strconv.Atoi(digits)
	return digits == "" || err == nil && n > 0 && n < 1<<16
}

func notDigit(r rune) bool { return r < '0' || r > '9' }

// isName reports whether s can be the name of a host; a dot at its end is the
// root's.
func isName(s string) bool {
	s = strings.TrimSuffix(s, ".")
	if s == "" || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || strings.IndexFunc(label, notLabelRune) >= 0 {
			return false
		}
	}
	return true
}

func notLabelRune(r rune) bool {
	return notDigit(r) && (r|0x20 < 'a' || r|0x20 > 'z') && r != '-' && r != '_'
}
